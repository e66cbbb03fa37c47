//! One rule as operators write it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::QuestionKey;
use super::{Function, SourcePath, Target};

/// One rule of a blueprint: what goes into one parameter or field of a template's step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The step's name at Cyclr. May be left out where the target's name is enough; a rule that names
    /// the step goes before one that does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The parameter's or field's name at Cyclr.
    pub target: String,
    pub value: RuleValue,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleValue {
    /// Written as it stands. Operators write these, so merge fields are theirs to use.
    Constant(String),
    /// Taken from what the integrator told of the tenant.
    From {
        path: SourcePath,
        /// Applied in order to what stands there, not to the default.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        apply: Vec<Function>,
        /// Written as it stands where there is no value. It stands beside the tenant's data, so it is
        /// held to the same rules: no merge fields.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<String>,
    },
    /// Asked on the hosted pages, by the key of a question of the blueprint.
    Ask(QuestionKey),
    /// Left unmapped on purpose.
    Ignore,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.step {
            Some(step) => write!(f, "{step} / {}", self.target),
            None => f.write_str(&self.target),
        }
    }
}

impl Rule {
    /// The names as they are compared: Cyclr's are written by people.
    pub(super) fn names(&self) -> (Option<String>, String) {
        (self.step.as_deref().map(plain), plain(&self.target))
    }

    pub(super) fn fits(&self, target: &Target) -> bool {
        let same = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b.trim());
        same(&self.target, &target.name)
            && self.step.as_ref().is_none_or(|step| same(step, &target.step_name))
    }

    /// The path of a rule that has one.
    pub(in crate::onboarding) fn path(&self) -> Option<&SourcePath> {
        match &self.value {
            RuleValue::From { path, .. } => Some(path),
            RuleValue::Constant(_) | RuleValue::Ask(_) | RuleValue::Ignore => None,
        }
    }
}

fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}
