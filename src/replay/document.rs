//! An exported history, read back. It comes from a file, so nothing in it is believed before it was read.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Error;
use crate::ids::{AccountId, ConnectorId, CycleId, TemplateId, TenantId};
use crate::onboarding::{
    AuthKind, Blueprint, ConnectionInput, ConnectionWay, Contact, Event, Origin, Question,
    QuestionKey,
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

    /// Whether the account was made for this onboarding, so that nobody had connected anything in it before.
    /// One that was adopted is its own if it was in doubt whether it was made.
    fn has_fresh_account(&self) -> bool {
        let mut doubted = false;
        for line in &self.timeline {
            if let Event::RetryPlanned { doubted: true, .. } = line.event {
                doubted = true;
            }
            if let Event::AccountReady { origin, .. } = line.event {
                return match origin {
                    Origin::Made => true,
                    Origin::Adopted => doubted,
                    Origin::Named => false,
                };
            }
        }
        false
    }

    /// Whether nobody had to do anything for a connection: there is nothing to authenticate.
    pub(super) fn asks_nothing(&self, name: &str) -> bool {
        let mut known = self.onboarding.connections.iter();
        known.find(|connection| connection.name == name).is_some_and(|connection| {
            let is_open = connection.auth.as_deref() == Some(AuthKind::Open.name());
            is_open || (connection.found_connected && self.has_fresh_account())
        })
    }

    /// What was installed: the template, its cycle and the connectors that came with it. Places are those of
    /// the version that it followed then.
    pub(super) fn installed(&self) -> Vec<(TemplateId, CycleId, &[ConnectorId])> {
        let mut version = self.first_version();
        let mut installed = Vec::new();
        for line in &self.timeline {
            if let Event::UpgradeOrdered { to, .. } = line.event {
                version = to;
            }
            if let Event::Installed { template, cycle, connectors, .. } = &line.event {
                let followed = self.blueprints.iter().find(|known| known.version == version);
                let plan = followed.and_then(|known| known.document.templates.get(*template));
                installed
                    .extend(plan.map(|plan| (plan.template_id, *cycle, connectors.as_slice())));
            }
        }
        installed
    }

    /// What a connector is called, by the id that it had.
    pub(super) fn connector_name(&self, id: ConnectorId) -> Option<&str> {
        let id = id.to_string();
        let mut known = self.connections.iter();
        known.find(|needs| needs.connector_id == id).map(|needs| needs.name.as_str())
    }
}
