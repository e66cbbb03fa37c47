//! A cycle: an installed template, and what its steps have been told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::catalogue::{Input, RunOutcome, Template, TemplateStep};
use super::runs::{Incident, Transaction};
use super::shared;

/// Settable fields of a cycle besides its name (DOC, from its reply).
pub(super) const CYCLE_SETTINGS: [&str; 6] = [
    "Description",
    "Shareable",
    "ContinueOnStepError",
    "LogStepDataRequests",
    "StepDataSuccessRetentionHours",
    "StepDataErroredRetentionHours",
];

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Cycle {
    pub(super) id: Uuid,
    pub(super) created_at: DateTime<Utc>,
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) last_run_at: Option<DateTime<Utc>>,
    pub(super) activations: u32,
    /// How many of them were for one run only.
    #[serde(default)]
    pub(super) single_runs: u32,
    /// Minutes between runs. None where it runs once, or when it is called.
    #[serde(default)]
    pub(super) interval: Option<u32>,
    #[serde(default)]
    pub(super) next_run_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(super) history: History,
    /// When it was put into the recycle bin.
    #[serde(default)]
    pub(super) deleted_at: Option<DateTime<Utc>>,
    /// What was set besides the name, under Cyclr's own names.
    #[serde(default)]
    pub(super) settings: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) variables: Vec<CycleVariable>,
    /// Account connector by catalogue connector.
    pub(super) connectors: BTreeMap<i64, i64>,
    /// One for each step of the template, in its order.
    pub(super) steps: Vec<Step>,
    #[serde(with = "shared")]
    pub(super) template: Arc<Template>,
}

/// Status texts that were seen at Cyclr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Paused,
    Active,
    /// Stopped by itself, because a step failed and the template says so.
    Stopped,
    DeleteScheduled,
}

/// What became of its runs. The latest are remembered, so that none grows for ever.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct History {
    pub(super) runs: u64,
    pub(super) tasks_used: u64,
    pub(super) errors: u64,
    pub(super) warnings: u64,
    /// The newest last.
    pub(super) transactions: VecDeque<Transaction>,
    /// The newest last.
    pub(super) incidents: VecDeque<Incident>,
    /// How the next runs end, whatever the template says.
    pub(super) ordered: VecDeque<RunOutcome>,
}

/// A value that several steps share.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CycleVariable {
    pub(super) system_name: String,
    pub(super) display_name: Option<String>,
    pub(super) kind: Option<MappingType>,
    pub(super) value: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) id: Uuid,
    /// What it was called instead of the template's name for it.
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) description: Option<String>,
    /// One for each parameter of the template's step, in its order.
    pub(super) parameters: Vec<Mapping>,
    pub(super) fields: Vec<Mapping>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Mapping {
    pub(super) kind: Option<MappingType>,
    pub(super) value: Option<String>,
    pub(super) source_step: Option<Uuid>,
    pub(super) source_field: Option<i64>,
}

/// The mapping types with evidence; others are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MappingType {
    StaticValue,
    ValueList,
    Ignore,
    PreviousStep,
}

/// The two sorts of things that a step wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Parameter,
    Field,
}

impl Cycle {
    pub(super) fn new(
        template: &Arc<Template>,
        connectors: BTreeMap<i64, i64>,
        created_at: DateTime<Utc>,
    ) -> Self {
        // A field starts out ignored, a parameter without any mapping, as the documented replies
        // show both.
        let ignored = Mapping { kind: Some(MappingType::Ignore), ..Mapping::default() };
        let step = |step: &TemplateStep| Step {
            id: Uuid::new_v4(),
            name: None,
            description: step.description.clone(),
            parameters: vec![Mapping::default(); step.parameters.len()],
            fields: vec![ignored.clone(); step.fields.len()],
        };
        let variables = template.variables.iter().map(|variable| CycleVariable {
            system_name: variable.system_name.clone(),
            display_name: variable.display_name.clone(),
            kind: variable.value.is_some().then_some(MappingType::StaticValue),
            value: variable.value.clone(),
        });
        Self {
            id: Uuid::new_v4(),
            created_at,
            name: template.name.clone(),
            status: Status::Paused,
            last_run_at: None,
            activations: 0,
            single_runs: 0,
            interval: None,
            next_run_at: None,
            history: History::default(),
            deleted_at: None,
            settings: BTreeMap::new(),
            variables: variables.collect(),
            connectors,
            steps: template.steps.iter().map(step).collect(),
            template: Arc::clone(template),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.status == Status::Active
    }

    /// Its first step waits for a call from outside, so it has no interval (DOC).
    pub(super) fn waits_for_webhook(&self) -> bool {
        self.template.steps.first().is_some_and(|step| step.webhook)
    }

    pub(super) fn variable_mut(&mut self, name: &str) -> Option<&mut CycleVariable> {
        self.variables.iter_mut().find(|one| one.system_name.eq_ignore_ascii_case(name))
    }

    /// Variables without a value.
    pub(super) fn unset_variables(&self) -> impl Iterator<Item = &CycleVariable> {
        self.variables.iter().filter(|one| one.value.as_deref().unwrap_or_default().is_empty())
    }

    pub(super) fn place_of(&self, step: Uuid) -> Option<usize> {
        self.steps.iter().position(|one| one.id == step)
    }

    pub(super) fn step_name(&self, place: usize) -> Option<&str> {
        let made_from = self.template.steps.get(place)?;
        Some(self.steps.get(place)?.name.as_deref().unwrap_or(&made_from.name))
    }

    /// What a step wants to know, each with what it was told.
    pub(super) fn inputs(
        &self,
        place: usize,
        sort: Sort,
    ) -> impl Iterator<Item = (&Input, &Mapping)> {
        let wanted = self.template.steps.get(place).map(|step| step.inputs(sort));
        let told = self.steps.get(place).map(|step| step.mappings(sort));
        wanted.into_iter().flatten().zip(told.into_iter().flatten())
    }

    pub(super) fn mapping_mut(
        &mut self,
        place: usize,
        sort: Sort,
        id: i64,
    ) -> Option<&mut Mapping> {
        let inputs = self.template.steps.get(place)?.inputs(sort);
        let index = inputs.iter().position(|input| input.id == id)?;
        let step = self.steps.get_mut(place)?;
        let mappings = match sort {
            Sort::Parameter => &mut step.parameters,
            Sort::Field => &mut step.fields,
        };
        mappings.get_mut(index)
    }

    /// Required inputs of a step without an answer, parameters first.
    pub(super) fn unmapped(&self, place: usize) -> impl Iterator<Item = (Sort, &Input)> {
        [Sort::Parameter, Sort::Field].into_iter().flat_map(move |sort| {
            let open = self.inputs(place, sort);
            let open = open.filter(|(input, mapping)| !input.optional && !mapping.answers());
            open.map(move |(input, _)| (sort, input))
        })
    }
}

impl TemplateStep {
    pub(super) fn inputs(&self, sort: Sort) -> &[Input] {
        match sort {
            Sort::Parameter => &self.parameters,
            Sort::Field => &self.fields,
        }
    }
}

impl Step {
    fn mappings(&self, sort: Sort) -> &[Mapping] {
        match sort {
            Sort::Parameter => &self.parameters,
            Sort::Field => &self.fields,
        }
    }
}

impl Mapping {
    fn answers(&self) -> bool {
        match self.kind {
            None | Some(MappingType::Ignore) => false,
            Some(MappingType::StaticValue | MappingType::ValueList) => {
                self.value.as_deref().is_some_and(|value| !value.is_empty())
            }
            Some(MappingType::PreviousStep) => self.source_step.is_some(),
        }
    }
}
