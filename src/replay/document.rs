//! An exported history, read back. It comes from a file, so nothing in it is believed before it was read.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Error;
use crate::ids::{AccountId, TemplateId, TenantId};
use crate::onboarding::{
    Blueprint, ConnectionInput, ConnectionWay, Contact, Event, Question, QuestionKey,
};

/// The only form that is understood.
const FORMAT: &str = "gangway-history/1";
/// Largest document that is read, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// Fields that are not needed to play it are passed over.
#[derive(Debug, Clone, Deserialize)]
pub struct History {
    pub(super) onboarding: Stood,
    pub(super) tenant: Tenant,
    /// Oldest first.
    pub(super) blueprints: Vec<Version>,
    pub(super) connections: Vec<Needs>,
    pub(super) templates: Vec<Asked>,
    pub(super) answers: BTreeMap<QuestionKey, String>,
    pub(super) timeline: Vec<Line>,
}

#[derive(Deserialize)]
struct Named {
    format: String,
}

/// How it stood when it was exported.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Stood {
    pub(super) blueprint: VersionName,
    pub(super) status: String,
    pub(super) step: String,
    pub(super) blocker: String,
    pub(super) health: Option<String>,
    pub(super) problem: Option<StoodProblem>,
    pub(super) connections: Vec<StoodConnection>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct VersionName {
    pub(super) version: i32,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct StoodProblem {
    pub(super) code: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct StoodConnection {
    pub(super) name: String,
    pub(super) auth: Option<String>,
    pub(super) found_connected: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Tenant {
    pub(super) id: TenantId,
    pub(super) name: String,
    pub(super) timezone: Option<String>,
    pub(super) locale: Option<String>,
    pub(super) contact: Option<Contact>,
    pub(super) account_id: Option<AccountId>,
    pub(super) data: serde_json::Map<String, serde_json::Value>,
    pub(super) tags: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Version {
    pub(super) version: i32,
    pub(super) document: Blueprint,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Needs {
    pub(super) connector_id: String,
    pub(super) name: String,
    pub(super) auth: Option<String>,
    pub(super) inputs: Vec<ConnectionInput>,
    pub(super) ways: Vec<ConnectionWay>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Asked {
    pub(super) template_id: TemplateId,
    pub(super) questions: Vec<Question>,
}

/// One change, and the calls that led to it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Line {
    pub(super) at: DateTime<Utc>,
    pub(super) actor: String,
    pub(super) status: String,
    pub(super) step: String,
    pub(super) event: Event,
    pub(super) calls: Vec<Call>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) status: Option<u16>,
    pub(super) outcome: String,
    pub(super) message: Option<String>,
}

impl History {
    /// Reads what `gangway export` has written.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > LARGEST {
            return Err(Error::TooLarge);
        }
        let unread = |source| Error::Unread { source };
        let named: Named = serde_json::from_str(text).map_err(unread)?;
        if named.format != FORMAT {
            return Err(Error::OtherFormat(named.format.chars().take(80).collect()));
        }
        serde_json::from_str(text).map_err(unread)
    }

    /// The version that it began with.
    pub(super) fn first_version(&self) -> i32 {
        for line in &self.timeline {
            if let Event::UpgradeOrdered { from, .. } = line.event {
                return from;
            }
        }
        self.onboarding.blueprint.version
    }

    /// What a connector is called, by the id that it had.
    pub(super) fn connector_name(&self, id: crate::ids::ConnectorId) -> Option<&str> {
        let id = id.to_string();
        let mut known = self.connections.iter();
        known.find(|needs| needs.connector_id == id).map(|needs| needs.name.as_str())
    }
}
