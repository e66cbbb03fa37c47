//! A cycle: an installed template, and what its steps have been told.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::catalogue::{Input, Template, TemplateStep};
use super::shared;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Cycle {
    pub(super) id: Uuid,
    pub(super) created_at: DateTime<Utc>,
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) last_run_at: Option<DateTime<Utc>>,
    pub(super) activations: u32,
    /// Account connector by catalogue connector.
    pub(super) connectors: BTreeMap<i64, i64>,
    /// One for each step of the template, in its order.
    pub(super) steps: Vec<Step>,
    #[serde(with = "shared")]
    pub(super) template: Arc<Template>,
}

/// Status texts that were seen at Cyclr and that the sandbox can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    Paused,
    Active,
    DeleteScheduled,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) id: Uuid,
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
pub(super) enum MappingType {
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
            parameters: vec![Mapping::default(); step.parameters.len()],
            fields: vec![ignored.clone(); step.fields.len()],
        };
        Self {
            id: Uuid::new_v4(),
            created_at,
            name: template.name.clone(),
            status: Status::Paused,
            last_run_at: None,
            activations: 0,
            connectors,
            steps: template.steps.iter().map(step).collect(),
            template: Arc::clone(template),
        }
    }

    pub(super) fn place_of(&self, step: Uuid) -> Option<usize> {
        self.steps.iter().position(|one| one.id == step)
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
    fn inputs(&self, sort: Sort) -> &[Input] {
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
