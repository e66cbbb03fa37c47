//! Which of a cycle's inputs are answered by rule, which by a person, and what is to be written.
//!
//! What always holds:
//! - Planning is pure, and writing what was planned leaves nothing to write.
//! - Nothing but a constant of the operator's brings a merge field (`{{`) to Cyclr.
//! - A failure names the rule by its place in the blueprint and never repeats the tenant's data.
//! - What was published once is read for ever: rules are checked when they are published
//!   (`check`), and reading them is lenient.
//!
//! Decided against: a language of expressions (few plain functions can be read by anybody and cannot
//! loop); stopping for an optional target without a value (it stays as the template left it).

mod check;
mod failure;
mod foresee;
mod function;
mod path;
mod rule;

use std::collections::BTreeMap;

use super::{Lookup, Profile, Question, QuestionKey, QuestionKind};
use crate::ids::{CycleStepId, TenantId};
use path::Found;

pub(super) use check::check_rules;
pub use failure::RuleFailure;
pub use foresee::{Foreseen, foresee};
pub use function::Function;
pub use path::SourcePath;
pub use rule::{Rule, RuleValue};

/// Longest value that a rule makes of the tenant's data, in characters. The data itself is not larger.
const LONGEST_VALUE: usize = 16_384;

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
    /// Where to ask what there is to choose from, where Cyclr lists nothing itself.
    pub lookup: Option<Lookup>,
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

/// The rules of one template, and where they stand.
#[derive(Debug, Clone, Copy)]
pub struct TemplateRules<'a> {
    /// The template's place in the blueprint, counted from 0.
    pub template: usize,
    pub rules: &'a [Rule],
    pub questions: &'a [Question],
}

/// Decides what every target gets: by rule, by answer, or by asking.
///
/// Of the rules that fit a target, one that names the step goes before one that does not. A required
/// target that no rule covers and nothing is mapped to becomes a question of its own.
pub fn plan(
    from: TemplateRules<'_>,
    targets: &[Target],
    (tenant, profile): (&TenantId, &Profile),
    answers: &BTreeMap<QuestionKey, String>,
) -> Result<Plan, RuleFailure> {
    let rules = || from.rules.iter().enumerate();
    if let Some((place, rule)) =
        rules().find(|(_, rule)| !targets.iter().any(|target| rule.fits(target)))
    {
        let why = "the template has no such parameter or field";
        return Err(RuleFailure::new(from.template, place, rule, why));
    }
    let mut plan = Plan::default();
    for target in targets {
        // The first one of the smallest: whoever names the step, then whoever comes first.
        let fitting = rules().filter(|(_, rule)| rule.fits(target));
        let value = match fitting.min_by_key(|(_, rule)| rule.step.is_none()) {
            Some((place, rule)) => decide(rule, target, from.questions, (tenant, profile))
                .map_err(|why| RuleFailure::new(from.template, place, rule, why))?,
            None if target.required && !target.mapped => Decided::Ask(question_for(target)),
            // Asked for and written by an earlier run; the answer may have been corrected since.
            None => Decided::from(answers.get(&key_for(target)).cloned()),
        };
        let value = match value {
            Decided::Leave => None,
            Decided::Write(value) => Some(value),
            Decided::Ask(question) => ask(&mut plan, question, answers),
        };
        plan.writes.extend(value.and_then(|value| write(target, value)));
    }
    Ok(plan)
}

/// What one target gets.
enum Decided {
    /// It stays as it is.
    Leave,
    Write(String),
    Ask(Question),
}

impl From<Option<String>> for Decided {
    fn from(value: Option<String>) -> Self {
        value.map_or(Self::Leave, Self::Write)
    }
}

fn decide(
    rule: &Rule,
    target: &Target,
    questions: &[Question],
    (tenant, profile): (&TenantId, &Profile),
) -> Result<Decided, &'static str> {
    match &rule.value {
        RuleValue::Ignore => Ok(Decided::Leave),
        RuleValue::Constant(value) => Ok(Decided::Write(value.clone())),
        RuleValue::From { path, apply, default } => {
            let found = path.look_up(tenant, profile);
            let found = apply.iter().fold(found, |found, function| function.apply(found));
            sourced(found, default.as_deref(), target).map(Decided::from)
        }
        RuleValue::Ask(key) => {
            let question = questions.iter().find(|question| question.key == *key);
            let question = fitted(question.ok_or("the question is not defined")?, target);
            if !question.has_choice() {
                return Err("there is nothing to choose from");
            }
            Ok(Decided::Ask(question))
        }
    }
}

/// What the tenant's data comes to; `None` leaves an optional target as it is.
///
/// The tenant's own data is not trusted with merge fields either; see [`Question::check`]. That is
/// looked at last, when everything is put together.
fn sourced(
    found: Found,
    default: Option<&str>,
    target: &Target,
) -> Result<Option<String>, &'static str> {
    let default = default.filter(|default| !default.is_empty()).map(str::to_owned);
    let value = match found {
        Found::Text(text) => text,
        Found::Nothing => match default {
            Some(default) => default,
            None if target.required => {
                return Err("the tenant's data has no value there, and the target must have one");
            }
            None => return Ok(None),
        },
        Found::List(_) => default.ok_or("there is a list there, which no function joins")?,
        Found::Nested => default.ok_or("there is no single value there, but an object or array")?,
    };
    if value.chars().count() > LONGEST_VALUE {
        return Err("the value would be longer than 16384 characters");
    }
    if value.contains("{{") {
        return Err("the value holds {{, which Cyclr would read as a merge field");
    }
    if !target.options.is_empty() && listed(target, &value).is_none() {
        return Err("the value is not one of those that Cyclr lists for the target");
    }
    Ok(Some(value))
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
        question.lookup = target.lookup.clone().filter(|_| target.options.is_empty());
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
    let lookup = target.lookup.clone().filter(|_| target.options.is_empty());
    let is_choice = !target.options.is_empty() || lookup.is_some();
    Question {
        key: key_for(target),
        label: target.name.clone(),
        kind: if is_choice { QuestionKind::OneOf } else { QuestionKind::Text },
        help: target.help.clone(),
        example: None,
        default: None,
        options: target.options.clone(),
        required: true,
        lookup,
    }
}

/// The value that Cyclr lists, as it spells it; people and data may have lost the space around it.
fn listed<'a>(target: &'a Target, value: &str) -> Option<&'a String> {
    let options = || target.options.iter();
    options()
        .find(|option| *option == value)
        .or_else(|| options().find(|option| option.trim() == value.trim()))
}

/// Nothing, where the value stands already or is empty.
fn write(target: &Target, value: String) -> Option<Write> {
    let setting = match listed(target, &value) {
        Some(option) => Setting::Listed(option.clone()),
        None => Setting::Static(value),
    };
    let news = !setting.value().is_empty() && target.value.as_deref() != Some(setting.value());
    news.then_some(Write { step: target.step, part: target.part, id: target.id, setting })
}

#[cfg(test)]
mod tests;
