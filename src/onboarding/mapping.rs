//! Which of a cycle's inputs are answered by rule, which by a person, and what is to be written.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Profile, Question, QuestionKey, QuestionKind};
use crate::ids::{CycleStepId, TenantId};

/// One rule of a blueprint: what goes into one parameter or field of a template's step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The step's name at Cyclr. May be left out where the target's name is enough.
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<String>,
    },
    /// Asked on the hosted pages, by the key of a question of the blueprint.
    Ask(QuestionKey),
    /// Left unmapped on purpose.
    Ignore,
}

/// Where a value comes from: `tenant.name` and the like, or `data.` with a dotted path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourcePath(String);

impl SourcePath {
    const TENANT: [&'static str; 6] = [
        "tenant.id",
        "tenant.name",
        "tenant.timezone",
        "tenant.locale",
        "tenant.contact_name",
        "tenant.contact_email",
    ];

    fn look_up(&self, tenant: &TenantId, profile: &Profile) -> Option<String> {
        let contact = profile.contact.as_ref();
        match self.0.as_str() {
            "tenant.id" => Some(tenant.to_string()),
            "tenant.name" => Some(profile.name.clone()),
            "tenant.timezone" => profile.timezone.clone(),
            "tenant.locale" => profile.locale.clone(),
            "tenant.contact_name" => contact.and_then(|contact| contact.name.clone()),
            "tenant.contact_email" => contact.and_then(|contact| contact.email.clone()),
            path => {
                let pointer = path.strip_prefix("data.")?;
                let mut keys = pointer.split('.');
                let mut value = profile.data.get(keys.next()?)?;
                for key in keys {
                    value = value.get(key)?;
                }
                match value {
                    serde_json::Value::String(text) => Some(text.clone()),
                    serde_json::Value::Number(number) => Some(number.to_string()),
                    serde_json::Value::Bool(truth) => Some(truth.to_string()),
                    serde_json::Value::Null
                    | serde_json::Value::Array(_)
                    | serde_json::Value::Object(_) => None,
                }
            }
        }
    }
}

impl TryFrom<String> for SourcePath {
    type Error = String;
    fn try_from(path: String) -> Result<Self, String> {
        let data =
            path.strip_prefix("data.").is_some_and(|rest| rest.split('.').all(|k| !k.is_empty()));
        if data || Self::TENANT.contains(&path.as_str()) {
            Ok(Self(path))
        } else {
            Err(format!("is not a path: use data.<name> or one of {}", Self::TENANT.join(", ")))
        }
    }
}

impl From<SourcePath> for String {
    fn from(path: SourcePath) -> Self {
        path.0
    }
}

/// Whether an input of a step is a parameter or a field: Cyclr has a route for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Parameter,
    Field,
}

/// One input of a cycle's step, as Cyclr shows it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub step: CycleStepId,
    pub step_name: String,
    pub part: Part,
    pub id: i64,
    pub name: String,
    pub help: Option<String>,
    pub required: bool,
    /// The values Cyclr takes; empty where any will do.
    pub options: Vec<String>,
    /// Whether anything but "ignore" is mapped now.
    pub mapped: bool,
    /// The static value mapped now.
    pub value: Option<String>,
}

/// What is to stand in a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    Static(String),
    Listed(String),
}

impl Setting {
    pub fn value(&self) -> &str {
        match self {
            Self::Static(value) | Self::Listed(value) => value,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub step: CycleStepId,
    pub part: Part,
    pub id: i64,
    pub setting: Setting,
}

/// What mapping a cycle comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What differs from what Cyclr shows. Writing it again changes nothing.
    pub writes: Vec<Write>,
    /// What a person is asked, answered or not.
    pub questions: Vec<Question>,
}

/// A rule that does not fit. Names the rule by its place, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mapping rule {number} ({rule}): {reason}")]
pub struct RuleFailure {
    number: usize,
    rule: String,
    reason: String,
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
    fn fits(&self, target: &Target) -> bool {
        let same = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b.trim());
        same(&self.target, &target.name)
            && self.step.as_ref().is_none_or(|step| same(step, &target.step_name))
    }
}

/// Decides what every target gets: by rule, by answer, or by asking.
///
/// A required target that no rule covers and nothing is mapped to becomes a question of its own.
pub fn plan(
    rules: &[Rule],
    questions: &[Question],
    targets: &[Target],
    (tenant, profile): (&TenantId, &Profile),
    answers: &BTreeMap<QuestionKey, String>,
) -> Result<Plan, RuleFailure> {
    if let Some((place, rule)) =
        rules.iter().enumerate().find(|(_, rule)| !targets.iter().any(|target| rule.fits(target)))
    {
        return Err(failure(place, rule, "the template has no such parameter or field"));
    }
    let mut plan = Plan::default();
    for target in targets {
        let rule = rules.iter().enumerate().find(|(_, rule)| rule.fits(target));
        let value = match rule {
            Some((place, rule)) => match &rule.value {
                RuleValue::Ignore => None,
                RuleValue::Constant(value) => Some(value.clone()),
                RuleValue::From { path, default } => {
                    let value = path.look_up(tenant, profile).or_else(|| default.clone());
                    Some(checked_source(value, target).map_err(|why| failure(place, rule, why))?)
                }
                RuleValue::Ask(key) => {
                    let question = questions.iter().find(|question| question.key == *key);
                    let question = question
                        .ok_or_else(|| failure(place, rule, "the question is not defined"))?;
                    let question = fitted(question, target);
                    if question.kind == QuestionKind::OneOf && question.options.is_empty() {
                        return Err(failure(place, rule, "there is nothing to choose from"));
                    }
                    ask(&mut plan, question, answers)
                }
            },
            None if target.required && !target.mapped => {
                ask(&mut plan, question_for(target), answers)
            }
            // Asked for and written by an earlier run; the answer may have been corrected since.
            None => answers.get(&key_for(target)).cloned(),
        };
        let news = |value: &String| !value.is_empty() && target.value.as_ref() != Some(value);
        if let Some(value) = value.filter(news) {
            plan.writes.push(write(target, value));
        }
    }
    Ok(plan)
}

fn failure(place: usize, rule: &Rule, reason: &str) -> RuleFailure {
    RuleFailure { number: place + 1, rule: rule.to_string(), reason: reason.to_owned() }
}

/// The tenant's own data is not trusted with merge fields either; see [`Question::check`].
fn checked_source(value: Option<String>, target: &Target) -> Result<String, &'static str> {
    let value =
        value.filter(|value| !value.is_empty()).ok_or("the tenant's data has no such value")?;
    if value.contains("{{") {
        return Err("the tenant's data holds {{, which Cyclr would read as a merge field");
    }
    if !target.options.is_empty() && !target.options.contains(&value) {
        return Err("the tenant's data has a value that Cyclr does not list for it");
    }
    Ok(value)
}

fn ask(
    plan: &mut Plan,
    question: Question,
    answers: &BTreeMap<QuestionKey, String>,
) -> Option<String> {
    let answer = answers.get(&question.key).cloned();
    // One question may feed several targets; it is asked once.
    if !plan.questions.iter().any(|known| known.key == question.key) {
        plan.questions.push(question);
    }
    answer
}

/// A blueprint's question about this target: a choice without options takes Cyclr's.
fn fitted(question: &Question, target: &Target) -> Question {
    let mut question = question.clone();
    if question.kind == QuestionKind::OneOf && question.options.is_empty() {
        question.options.clone_from(&target.options);
    }
    question
}

fn key_for(target: &Target) -> QuestionKey {
    let part = match target.part {
        Part::Parameter => "parameter",
        Part::Field => "field",
    };
    QuestionKey(format!("{}.{part}.{}", target.step, target.id))
}

fn question_for(target: &Target) -> Question {
    Question {
        key: key_for(target),
        label: target.name.clone(),
        kind: if target.options.is_empty() { QuestionKind::Text } else { QuestionKind::OneOf },
        help: target.help.clone(),
        example: None,
        default: None,
        options: target.options.clone(),
        required: true,
    }
}

fn write(target: &Target, value: String) -> Write {
    let setting = if target.options.contains(&value) {
        Setting::Listed(value)
    } else {
        Setting::Static(value)
    };
    Write { step: target.step, part: target.part, id: target.id, setting }
}
