//! Steps of a cycle: parameters and field mappings, read and set.

use serde::{Deserialize, Serialize};

use super::client::Account;
use super::cycles::Prerequisite;
use super::error::Error;
use super::lenient::{Lacking, Reply, Scalar, list_or_null};
use super::session::Verb;
use crate::ids::{ConnectorId, CycleId, CycleStepId};

/// A step of a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleStep {
    pub id: CycleStepId,
    pub name: String,
    pub connector: Option<ConnectorId>,
}

/// A parameter or a field of a step, and what it is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub id: i64,
    pub name: String,
    pub description: Option<String>,
    pub optional: bool,
    pub data_type: String,
    /// The values to choose from; empty when any will do.
    pub values: Vec<String>,
    /// How Cyclr can look up choices at the third party, where it says how to ask.
    pub lookup: Option<MappingLookup>,
    /// Cyclr's `MappingType` as it came; `None` is not mapped yet.
    pub kind: Option<String>,
    pub value: Option<String>,
}

/// What looks up choices for an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingLookup {
    /// Read by Cyclr's own tests and absent from its documents' sample (OBS); without it nobody can ask.
    pub trigger: i64,
    pub connector: Option<ConnectorId>,
}

/// A choice that was looked up (DOC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedUp {
    pub name: String,
    pub value: String,
}

#[derive(Deserialize)]
pub(super) struct LookedUpWire {
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    value: Scalar,
}

impl Reply for LookedUp {
    type Wire = LookedUpWire;

    fn read(wire: LookedUpWire) -> Result<Self, Lacking> {
        let value = wire.value.into_text();
        let value =
            value.filter(|value| !value.is_empty()).ok_or(Lacking("a choice has no Value"))?;
        let name = wire.name.into_text().filter(|name| !name.trim().is_empty());
        Ok(Self { name: name.unwrap_or_else(|| value.clone()), value })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LookupBody {
    trigger_id: i64,
}

/// What to set a parameter or field to: the kinds whose body is known (DOC, `Ignore` INF).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "MappingType", content = "Value")]
pub enum Setting {
    StaticValue(String),
    /// One of [`Mapping::values`]; whether Cyclr checks that is UNK.
    ValueList(String),
    Ignore,
}

#[derive(Deserialize)]
pub(super) struct StepWire {
    #[serde(default)]
    id: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default, rename = "accountconnector")]
    connector: Option<IdWire>,
    #[serde(default, rename = "accountconnectorid")]
    connector_id: Scalar,
}

#[derive(Deserialize)]
struct IdWire {
    #[serde(default)]
    id: Scalar,
}

impl Reply for CycleStep {
    type Wire = StepWire;

    fn read(wire: StepWire) -> Result<Self, Lacking> {
        let nested = wire.connector.and_then(|connector| connector.id.integer());
        Ok(Self {
            id: CycleStepId(wire.id.guid().ok_or(Lacking("a step has no Id"))?),
            name: wire.name.into_text().unwrap_or_default(),
            connector: nested.or_else(|| wire.connector_id.integer()).map(ConnectorId),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct MappingWire {
    #[serde(default)]
    parameter: Option<SubjectWire>,
    #[serde(default)]
    field: Option<SubjectWire>,
    #[serde(default, rename = "mappingtype")]
    kind: Scalar,
    #[serde(default)]
    value: Scalar,
}

#[derive(Deserialize)]
struct SubjectWire {
    #[serde(default)]
    id: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    description: Scalar,
    #[serde(default, rename = "isoptional")]
    optional: Scalar,
    #[serde(default, rename = "datatype")]
    data_type: Scalar,
    #[serde(default, deserialize_with = "list_or_null")]
    values: Vec<Scalar>,
    #[serde(default, deserialize_with = "list_or_null")]
    triggers: Vec<TriggerWire>,
}

#[derive(Deserialize)]
struct TriggerWire {
    #[serde(default, rename = "triggerid")]
    trigger_id: Scalar,
    #[serde(default)]
    id: Scalar,
    #[serde(default, rename = "accountconnectorid")]
    connector: Scalar,
}

impl Reply for Mapping {
    type Wire = MappingWire;

    fn read(wire: MappingWire) -> Result<Self, Lacking> {
        let lacking = Lacking("a mapping has no Parameter.Id or Field.Id");
        let subject = wire.parameter.or(wire.field).ok_or(lacking)?;
        let lookup = subject.triggers.iter().find_map(|trigger| {
            let id = trigger.trigger_id.integer().or_else(|| trigger.id.integer())?;
            let connector = trigger.connector.integer().map(ConnectorId);
            Some(MappingLookup { trigger: id, connector })
        });
        let values = subject.values.into_iter();
        Ok(Self {
            id: subject.id.integer().ok_or(lacking)?,
            name: subject.name.into_text().unwrap_or_default(),
            description: subject.description.into_text(),
            optional: subject.optional.flag().unwrap_or_default(),
            data_type: subject.data_type.into_text().unwrap_or_default(),
            values: values.filter_map(Scalar::into_text).collect(),
            lookup,
            kind: wire.kind.into_text(),
            value: wire.value.into_text(),
        })
    }
}

impl Account {
    /// `GET cycles/{id}/steps` (OBS), those that act.
    pub async fn list_steps(&self, id: CycleId) -> Result<Vec<CycleStep>, Error> {
        let path = ["cycles", &id.to_string(), "steps"];
        let request = self.0.request("list steps", Verb::Get, &path)?;
        self.0.send(request.query("filter", "action")).await
    }

    /// `GET steps/{id}/prerequisites` (DOC). Empty is ready.
    pub async fn list_step_prerequisites(
        &self,
        id: CycleStepId,
    ) -> Result<Vec<Prerequisite>, Error> {
        let path = ["steps", &id.to_string(), "prerequisites"];
        let request = self.0.request("list step prerequisites", Verb::Get, &path)?;
        self.0.send(request).await
    }

    /// `GET steps/{id}/parameters` (DOC).
    pub async fn list_parameters(&self, step: CycleStepId) -> Result<Vec<Mapping>, Error> {
        let path = ["steps", &step.to_string(), "parameters"];
        self.0.send(self.0.request("list parameters", Verb::Get, &path)?).await
    }

    /// `GET steps/{id}/fieldmappings` (DOC).
    pub async fn list_field_mappings(&self, step: CycleStepId) -> Result<Vec<Mapping>, Error> {
        let path = ["steps", &step.to_string(), "fieldmappings"];
        self.0.send(self.0.request("list field mappings", Verb::Get, &path)?).await
    }

    /// `POST steps/{id}/parameters/{parameter}/lookup` (OBS): what the connected account has to choose from.
    pub async fn look_up(
        &self,
        step: CycleStepId,
        parameter: i64,
        trigger: i64,
    ) -> Result<Vec<LookedUp>, Error> {
        let path = ["steps", &step.to_string(), "parameters", &parameter.to_string(), "lookup"];
        let request = self.0.request("look up", Verb::Post, &path)?;
        self.0.send(request.json(&LookupBody { trigger_id: trigger })?).await
    }

    /// `PUT steps/{id}/parameters/{parameter}` (DOC); answers with what it is set to. Refused with
    /// 409 while the cycle runs (INF).
    pub async fn set_parameter(
        &self,
        step: CycleStepId,
        parameter: i64,
        to: &Setting,
    ) -> Result<Mapping, Error> {
        let path = ["steps", &step.to_string(), "parameters", &parameter.to_string()];
        let request = self.0.request("set parameter", Verb::Put, &path)?;
        self.0.send(request.json(to)?).await
    }

    /// `PUT steps/{id}/fieldmappings/{field}` (DOC); answers with what it is set to. Refused with
    /// 409 while the cycle runs (INF).
    pub async fn set_field_mapping(
        &self,
        step: CycleStepId,
        field: i64,
        to: &Setting,
    ) -> Result<Mapping, Error> {
        let path = ["steps", &step.to_string(), "fieldmappings", &field.to_string()];
        let request = self.0.request("set field mapping", Verb::Put, &path)?;
        self.0.send(request.json(to)?).await
    }
}
