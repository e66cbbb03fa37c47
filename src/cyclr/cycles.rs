//! Cycles: installed templates. Reading, what is missing, starting and stopping.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::client::Account;
use super::error::Error;
use super::lenient::{Lacking, Reply, Scalar, list_or_null};
use super::session::Verb;
use crate::ids::{ConnectorId, CycleId, CycleStepId, TemplateId};

/// A template installed in one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    pub id: CycleId,
    pub template: Option<TemplateId>,
    pub name: String,
    pub status: CycleStatus,
    pub created_at: Option<DateTime<Utc>>,
    /// `None` is never (Cyclr spells it as the year 1).
    pub last_success_at: Option<DateTime<Utc>>,
    pub connectors: Vec<CycleConnector>,
    pub error_count: i64,
}

/// An account connector that the cycle uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleConnector {
    pub connector: ConnectorId,
    pub name: String,
    pub authenticated: bool,
}

/// The statuses that were seen (OBS); the full set is UNK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CycleStatus {
    Paused,
    Active,
    Stopped,
    /// In the recycle bin: still listed for up to 90 days.
    DeleteScheduled,
    Other(String),
}

impl Cycle {
    /// Nobody has activated it, as far as Cyclr shows: it neither runs nor has a run behind it.
    pub fn never_ran(&self) -> bool {
        matches!(self.status, CycleStatus::Paused | CycleStatus::Stopped)
            && self.last_success_at.is_none()
            && self.error_count == 0
    }
}

impl CycleStatus {
    /// As Cyclr says it.
    pub fn word(&self) -> &str {
        match self {
            Self::Paused => "Paused",
            Self::Active => "Active",
            Self::Stopped => "Stopped",
            Self::DeleteScheduled => "DeleteScheduled",
            Self::Other(word) => word,
        }
    }

    fn parse(text: String) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "paused" => Self::Paused,
            "active" => Self::Active,
            "stopped" => Self::Stopped,
            "deletescheduled" => Self::DeleteScheduled,
            _ => Self::Other(text),
        }
    }
}

/// One thing that a cycle or step still lacks. Codes in DOC: 20 connector, 30 and 40 to 43
/// mapping, others template; new ones may come and 0 is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prerequisite {
    pub code: i64,
    pub reason: String,
    pub object: PrerequisiteObject,
}

/// What the prerequisite is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrerequisiteObject {
    Connector(ConnectorId),
    Step(CycleStepId),
    Parameter(i64),
    Field(i64),
    /// Type and id as they came.
    Other(String),
}

/// A failure of a run, as Cyclr words it. The full message is not read: it holds what third parties sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    pub is_error: bool,
    pub message: String,
    pub step_name: String,
}

/// When a cycle is to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activation {
    pub start_at: Option<DateTime<Utc>>,
    /// One of Cyclr's intervals; checked by whoever sets it up, not here.
    pub interval_minutes: Option<u32>,
    /// Pauses by itself after one run (DOC).
    pub run_once: bool,
}

#[derive(Deserialize)]
pub(super) struct CycleWire {
    #[serde(default)]
    id: Scalar,
    #[serde(default, rename = "templateid")]
    template: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    status: Scalar,
    #[serde(default, rename = "createdonutc")]
    created_at: Scalar,
    #[serde(default, rename = "lastsuccessfulrundate")]
    last_success_at: Scalar,
    #[serde(default, deserialize_with = "list_or_null")]
    connectors: Vec<ConnectorWire>,
    #[serde(default, rename = "errorcount")]
    error_count: Scalar,
}

#[derive(Deserialize)]
struct ConnectorWire {
    #[serde(default, rename = "accountconnectorid")]
    connector: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    authenticated: Scalar,
}

impl Reply for Cycle {
    type Wire = CycleWire;

    fn read(wire: CycleWire) -> Result<Self, Lacking> {
        let connectors = wire.connectors.into_iter();
        Ok(Self {
            id: CycleId(wire.id.guid().ok_or(Lacking("the cycle has no Id"))?),
            template: wire.template.guid().map(TemplateId),
            name: wire.name.into_text().unwrap_or_default(),
            status: CycleStatus::parse(wire.status.into_text().unwrap_or_default()),
            created_at: wire.created_at.date(),
            last_success_at: wire.last_success_at.date(),
            connectors: connectors.filter_map(read_connector).collect(),
            error_count: wire.error_count.integer().unwrap_or_default(),
        })
    }
}

/// One without an id cannot be asked after; the prerequisites still name it if it is missing.
fn read_connector(wire: ConnectorWire) -> Option<CycleConnector> {
    Some(CycleConnector {
        connector: ConnectorId(wire.connector.integer()?),
        name: wire.name.into_text().unwrap_or_default(),
        authenticated: wire.authenticated.flag().unwrap_or_default(),
    })
}

#[derive(Deserialize)]
pub(super) struct IncidentWire {
    #[serde(default, rename = "incidentlevel")]
    level: Scalar,
    #[serde(default, rename = "shortmessage")]
    message: Scalar,
    #[serde(default, rename = "stepname")]
    step_name: Scalar,
}

impl Reply for Incident {
    type Wire = IncidentWire;

    fn read(wire: IncidentWire) -> Result<Self, Lacking> {
        let level = wire.level.into_text().unwrap_or_default();
        Ok(Self {
            is_error: !level.eq_ignore_ascii_case("warning"),
            message: wire.message.into_text().unwrap_or_default(),
            step_name: wire.step_name.into_text().unwrap_or_default(),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct PrerequisiteWire {
    #[serde(default, rename = "reasoncode")]
    code: Scalar,
    #[serde(default)]
    reason: Scalar,
    #[serde(default, rename = "objecttype")]
    kind: Scalar,
    #[serde(default, rename = "objectid")]
    object: Scalar,
}

impl Reply for Prerequisite {
    type Wire = PrerequisiteWire;

    fn read(wire: PrerequisiteWire) -> Result<Self, Lacking> {
        Ok(Self {
            code: wire.code.integer().unwrap_or_default(),
            reason: wire.reason.into_text().unwrap_or_default(),
            object: read_object(wire.kind.into_text().unwrap_or_default(), wire.object),
        })
    }
}

fn read_object(kind: String, id: Scalar) -> PrerequisiteObject {
    let known = match kind.to_ascii_lowercase().as_str() {
        "accountconnector" => id.integer().map(|id| PrerequisiteObject::Connector(ConnectorId(id))),
        "action" => id.guid().map(|id| PrerequisiteObject::Step(CycleStepId(id))),
        "parameter" => id.integer().map(PrerequisiteObject::Parameter),
        "connectorfieldmapping" => id.integer().map(PrerequisiteObject::Field),
        _ => None,
    };
    known.unwrap_or_else(|| {
        let words = [kind, id.into_text().unwrap_or_default()];
        PrerequisiteObject::Other(words.join(" ").trim().to_owned())
    })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ActivationBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<u32>,
    run_once: bool,
}

impl Account {
    /// `GET cycles` (OBS), all pages: deleted ones are listed too, as `DeleteScheduled`.
    pub async fn list_cycles(&self) -> Result<Vec<Cycle>, Error> {
        self.0.list("list cycles", &["cycles"], |cycle: &Cycle| cycle.id).await
    }

    /// `GET cycles/{id}` (OBS).
    pub async fn find_cycle(&self, id: CycleId) -> Result<Option<Cycle>, Error> {
        let path = ["cycles", &id.to_string()];
        self.0.find(self.0.request("find cycle", Verb::Get, &path)?).await
    }

    /// `DELETE cycles/{id}` (DOC): into the recycle bin. One that is gone already is deleted.
    pub async fn delete_cycle(&self, id: CycleId) -> Result<(), Error> {
        let path = ["cycles", &id.to_string()];
        let request = self.0.request("delete cycle", Verb::Delete, &path)?;
        match self.0.send(request).await {
            Err(error) if error.is_missing() => Ok(()),
            outcome => outcome,
        }
    }

    /// `GET cycles/{id}/prerequisites` (DOC). Empty is ready to activate.
    pub async fn list_prerequisites(&self, id: CycleId) -> Result<Vec<Prerequisite>, Error> {
        let path = ["cycles", &id.to_string(), "prerequisites"];
        self.0.send(self.0.request("list prerequisites", Verb::Get, &path)?).await
    }

    /// `PUT cycles/{id}/activate` (DOC). What Cyclr says to one that is active already is UNK:
    /// read the status first.
    pub async fn activate(&self, id: CycleId, schedule: &Activation) -> Result<(), Error> {
        let path = ["cycles", &id.to_string(), "activate"];
        let start = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let body = ActivationBody {
            start_time: schedule.start_at.map(start),
            interval: schedule.interval_minutes,
            run_once: schedule.run_once,
        };
        let request = self.0.request("activate cycle", Verb::Put, &path)?;
        self.0.send(request.json(&body)?).await
    }

    /// `GET cycles/{id}/incidents` (OBS), the newest of level `Error`; `None` where there is none. Whether the
    /// order that is asked for is kept is UNK: any of a page will do.
    pub async fn find_incident(&self, id: CycleId) -> Result<Option<Incident>, Error> {
        let path = ["cycles", &id.to_string(), "incidents"];
        let request = self.0.request("list incidents", Verb::Get, &path)?;
        let request = request.query("pageSize", "20").query("sortOrderAsc", "false");
        let incidents: Option<Vec<Incident>> = self.0.find(request).await?;
        Ok(incidents.into_iter().flatten().find(|incident| incident.is_error))
    }

    /// `PUT cycles/{id}/deactivate` (OBS), without waiting for queued transactions.
    pub async fn deactivate(&self, id: CycleId) -> Result<(), Error> {
        let path = ["cycles", &id.to_string(), "deactivate"];
        let request = self.0.request("deactivate cycle", Verb::Put, &path)?;
        let request = request.query("finishQueuedTransactions", "false");
        self.0.send(request.json(&json!({}))?).await
    }
}
