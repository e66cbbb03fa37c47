//! A rule that does not fit, in words for staff.

use std::fmt;

use super::{Rule, SourcePath};

/// A rule that does not fit the template or the tenant's data.
///
/// One line that says where the rule stands, why, and what it names. Nothing of the tenant's data is in
/// it, and it fits a problem's detail whatever the names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct RuleFailure {
    pointer: String,
    target: String,
    path: Option<String>,
    reason: &'static str,
}

impl RuleFailure {
    /// Longest name that is repeated, in characters.
    const LONGEST_NAME: usize = 70;

    pub(super) fn new(template: usize, place: usize, rule: &Rule, reason: &'static str) -> Self {
        Self {
            pointer: format!("/templates/{template}/mapping/{place}"),
            target: shortened(&rule.to_string()),
            path: rule.path().map(SourcePath::as_str).map(shortened),
            reason,
        }
    }

    /// Where the rule stands in the blueprint (RFC 6901).
    pub fn pointer(&self) -> &str {
        &self.pointer
    }
}

impl fmt::Display for RuleFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. Target: {}.", self.pointer, self.reason, self.target)?;
        match &self.path {
            Some(path) => write!(f, " Path: {path}."),
            None => Ok(()),
        }
    }
}

/// On one line, and not longer than a line should be.
fn shortened(name: &str) -> String {
    let mut kept: String = name
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(RuleFailure::LONGEST_NAME)
        .collect();
    if name.chars().count() > RuleFailure::LONGEST_NAME {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::{Problem, ProblemCode};
    use super::*;

    #[test]
    fn a_failure_names_place_target_and_path_and_fits_the_detail_of_a_problem() {
        let rule = |step: &str, target: &str, path: &str| -> Rule {
            let value = json!({ "from": { "path": path } });
            serde_json::from_value(json!({ "step": step, "target": target, "value": value }))
                .unwrap()
        };
        let why = "the tenant's data has no value there, and the target must have one";
        let failure = RuleFailure::new(0, 3, &rule("Upsert", "Company", "data.company.name"), why);
        assert_eq!(
            failure.to_string(),
            "/templates/0/mapping/3: the tenant's data has no value there, and the target must have \
             one. Target: Upsert / Company. Path: data.company.name."
        );
        let long = "é\n".repeat(400);
        let failure = RuleFailure::new(19, 499, &rule(&long, &long, &long), why).to_string();
        assert_eq!(
            Problem::with(ProblemCode::MappingRuleFailed, &failure).detail,
            Some(failure),
            "nothing is cut off, and it is one line"
        );
    }
}
