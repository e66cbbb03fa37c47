//! What a catalogue says about a template.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What gets installed into an account as a cycle.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    pub id: Uuid,
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub tags: Vec<String>,
    /// Only published templates are listed and can be installed (DOC).
    #[serde(default = "yes")]
    pub published: bool,
    /// Asks for account connectors of its own instead of those that are there (DOC).
    #[serde(default)]
    pub fresh_connectors: bool,
    pub steps: Vec<TemplateStep>,
    /// Values that several steps share.
    #[serde(default)]
    pub variables: Vec<Variable>,
    /// What is missing and cannot be cured through the API, such as steps that are not joined.
    #[serde(default)]
    pub prerequisites: Vec<Prerequisite>,
    /// How the runs of each cycle end, one after the other; the last one is repeated. All succeed
    /// when none is given.
    #[serde(default)]
    pub runs: Vec<RunOutcome>,
    #[serde(default)]
    pub on_step_error: StepErrorAction,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    Succeed,
    /// Ends well, with something that support should look at.
    Warn,
    Fail,
}

/// What a failing step does to its cycle (DOC). `Ignore` is the default; the other words are
/// not documented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepErrorAction {
    #[default]
    Ignore,
    StopTransaction,
    StopIntegration,
}

/// One action of a template.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateStep {
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    /// Catalogue id of the connector.
    pub connector: i64,
    pub method: Method,
    #[serde(default)]
    pub parameters: Vec<Input>,
    #[serde(default)]
    pub fields: Vec<Input>,
    /// What later steps can take from it.
    #[serde(default)]
    pub outputs: Vec<Output>,
    /// Waits for a call from outside: a cycle that begins with it has no interval (DOC).
    #[serde(default)]
    pub webhook: bool,
}

/// The connector's method that a step calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    pub id: i64,
    pub name: String,
}

/// A parameter or a field that wants a value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub id: i64,
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub optional: bool,
    #[serde(default = "undefined")]
    pub data_type: String,
    #[serde(default)]
    pub values: Vec<String>,
    /// What the template's maker tried it with; see the variant on its being copied.
    #[serde(default)]
    pub test_value: Option<String>,
    #[serde(default)]
    pub lookup: Option<Lookup>,
}

/// A field of a step's answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    pub id: i64,
    pub name: String,
    #[serde(default = "undefined")]
    pub data_type: String,
}

/// Choices that Cyclr would fetch from the third party.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    pub id: i64,
    pub name: String,
    pub choices: Vec<Choice>,
}

/// One entry of a lookup.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub name: String,
    pub value: String,
}

/// A variable that every cycle of the template begins with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    pub system_name: String,
    #[serde(default)]
    pub display_name: Option<String>,
    /// Without a value the cycle is not ready (DOC).
    #[serde(default)]
    pub value: Option<String>,
}

/// An entry of `…/prerequisites` that stays whatever is set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prerequisite {
    pub reason_code: i64,
    pub reason: String,
    /// The step that it is about, counted from 0; the whole cycle when absent.
    #[serde(default)]
    pub step: Option<usize>,
}

fn yes() -> bool {
    true
}

fn undefined() -> String {
    "Undefined".to_owned()
}

impl Template {
    /// How the run with this number, counted from 0, ends.
    pub(in super::super) fn outcome(&self, run: u64) -> RunOutcome {
        let place = usize::try_from(run).unwrap_or(usize::MAX);
        let given = self.runs.get(place).or(self.runs.last());
        given.copied().unwrap_or(RunOutcome::Succeed)
    }
}
