//! What is there before the first call: accounts with their users, connectors and cycles.
//!
//! Every id is chosen by the file, so that a test suite written against another world finds its own.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::super::cycle::{MappingType, Status};

/// An account that exists already.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresentAccount {
    /// Its API id.
    pub id: String,
    pub name: String,
    /// The account that it is a part of.
    #[serde(default)]
    pub parent: Option<String>,
    #[serde(default)]
    pub created_at: Option<DateTime<Utc>>,
    /// Further fields under Cyclr's own names, such as `AuditInfo`.
    #[serde(default)]
    pub settings: BTreeMap<String, Value>,
    #[serde(default)]
    pub users: Vec<String>,
    #[serde(default)]
    pub connectors: Vec<PresentConnector>,
    #[serde(default)]
    pub cycles: Vec<PresentCycle>,
}

/// An account connector that exists already.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresentConnector {
    pub id: i64,
    /// Catalogue id of the connector.
    pub connector: i64,
    /// The connector's own name when absent.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    /// Which of the connector's ways to authenticate it uses; its first when absent.
    #[serde(default)]
    pub authentication: Option<Uuid>,
    /// A credential makes it authenticated.
    #[serde(default)]
    pub auth_value: Option<String>,
    #[serde(default)]
    pub properties: Vec<PresentProperty>,
}

/// A property of an account connector.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresentProperty {
    pub id: i64,
    pub name: String,
    #[serde(default)]
    pub value: Option<String>,
}

/// A cycle that exists already.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresentCycle {
    pub id: Uuid,
    /// The template that it was installed from.
    pub template: Uuid,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default = "paused")]
    pub status: Status,
    #[serde(default)]
    pub created_at: Option<DateTime<Utc>>,
    /// Minutes between runs, for one that is active.
    #[serde(default)]
    pub interval: Option<u32>,
    /// One id for each of the template's steps, in their order.
    pub steps: Vec<Uuid>,
    /// Account connectors that it uses; for a connector that is not named here, the account's first
    /// of that kind.
    #[serde(default)]
    pub account_connectors: Vec<i64>,
    #[serde(default)]
    pub mappings: Vec<PresentMapping>,
}

/// What a step of such a cycle was told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresentMapping {
    pub step: Uuid,
    /// Either a parameter or a field of the step.
    #[serde(default)]
    pub parameter: Option<i64>,
    #[serde(default)]
    pub field: Option<i64>,
    pub mapping_type: MappingType,
    #[serde(default)]
    pub value: Option<String>,
}

fn paused() -> Status {
    Status::Paused
}
