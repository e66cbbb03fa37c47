//! The timeline of an onboarding.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::caller::{Caller, Read};
use super::onboardings::parse_id;
use super::shapes::kept;
use crate::ids::ConnectorId;
use crate::onboarding::{Event, Origin};
use crate::store::{JournalLine, KeptCall};
use crate::web::fields::Mistakes;
use crate::web::parameters::Parameters;
use crate::web::{AppState, Error, JsonAnswer};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TimelineQuery {
    /// The `next_cursor` of the page before: the version after which to go on.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: i64,
    /// Most entries of a page.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 1000)]
    limit: u16,
    /// `calls`: with each event the calls to Cyclr that led to it.
    include: Option<String>,
}

const fn usual_limit() -> u16 {
    1000
}

/// What happened to an onboarding, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventPage {
    pub(super) data: Vec<EventBody>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required)]
    pub(super) next_cursor: Option<String>,
}

/// One call to Cyclr. No credential and no body is kept of any.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Call)]
pub(super) struct CallBody {
    pub(super) at: DateTime<Utc>,
    /// What it was for, like `install template`.
    pub(super) name: String,
    pub(super) method: String,
    pub(super) path: String,
    /// `null` if no answer came.
    #[schema(required)]
    pub(super) status: Option<u16>,
    pub(super) outcome: String,
    pub(super) duration_ms: u64,
    /// Cyclr's own words where it refused.
    #[schema(required)]
    pub(super) message: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventBody {
    /// Grows with every change; also the event's place in the sequence.
    pub(super) version: i64,
    pub(super) at: DateTime<Utc>,
    /// `engine`, `visitor`, or `key:` and the name of the API key.
    pub(super) actor: String,
    pub(super) kind: &'static str,
    /// Where it stood afterwards.
    pub(super) status: String,
    pub(super) step: String,
    /// Depends on the kind.
    #[schema(value_type = Object)]
    pub(super) detail: Value,
    /// The calls to Cyclr that led to it, if they were asked for.
    #[schema(required)]
    pub(super) calls: Option<Vec<CallBody>>,
}

/// List what happened to an onboarding, oldest first.
///
/// Each change with who made it and where it stood afterwards; with the calls to Cyclr if they are asked
/// for.
#[utoipa::path(get, path = "/v1/onboardings/{id}/events", tag = "onboardings",
    params(("id" = Uuid, Path), TimelineQuery), responses((status = OK, body = EventPage)))]
pub(super) async fn list_events(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    Parameters(query): Parameters<TimelineQuery>,
) -> Result<JsonAnswer<EventPage>, Error> {
    let id = parse_id(&id)?;
    let mut mistakes = Mistakes::default();
    mistakes.require("cursor", query.cursor >= 0, "the next_cursor of an earlier page");
    mistakes.require("limit", (1..=1000).contains(&query.limit), "1 to 1000");
    let include = query.include.as_deref();
    mistakes.require("include", include.is_none_or(|what| what == "calls"), "calls");
    mistakes.or_value(Some(()))?;
    state.store().find_in_sight(id, &caller.sight).await?.ok_or_else(Error::not_found)?;
    let asked = state.store().list_journal_after(id, &caller.sight, query.cursor, query.limit);
    let lines = asked.await?;
    let full = lines.len() == usize::from(query.limit);
    let next_cursor = lines.last().filter(|_| full).map(|last| last.version.to_string());
    let data = lines.into_iter().map(|mut line| {
        let calls = std::mem::take(&mut line.calls);
        let calls = calls.into_iter().map(CallBody::from);
        EventBody { calls: include.map(|_| calls.collect()), ..EventBody::from(line) }
    });
    Ok(JsonAnswer(StatusCode::OK, EventPage { data: data.collect(), next_cursor }))
}

impl From<KeptCall> for CallBody {
    fn from(call: KeptCall) -> Self {
        Self {
            at: kept(call.at),
            name: call.name,
            method: call.method,
            path: call.path,
            status: call.status,
            outcome: call.outcome,
            duration_ms: u64::try_from(call.duration.as_millis()).unwrap_or(u64::MAX),
            message: call.message,
        }
    }
}

impl From<JournalLine> for EventBody {
    fn from(line: JournalLine) -> Self {
        Self {
            version: line.version,
            at: kept(line.at),
            actor: line.actor,
            kind: line.event.kind(),
            status: line.status,
            step: line.step,
            detail: detail(&line.event),
            calls: None,
        }
    }
}

/// Templates are counted from 0, in the blueprint's order.
#[expect(clippy::too_many_lines, reason = "a table: an entry for each kind")]
fn detail(event: &Event) -> Value {
    match event {
        Event::Started
        | Event::LookOrdered
        | Event::Opened
        | Event::LinkWanted
        | Event::LooksFirst => json!({}),
        Event::Erased { everything } => json!({ "everything": everything }),
        Event::RetryOrdered { reason } | Event::CheckOrdered { reason } => {
            json!({ "reason": reason })
        }
        Event::Skipped { step, template, connectors, reason } => json!({
            "step": step, "template": template, "connector_ids": texts(connectors),
            "reason": reason,
        }),
        Event::Restarted { from, ask_again, reason } => {
            json!({ "from": from, "ask_again": ask_again, "reason": reason })
        }
        Event::Assigned { assignee } => json!({ "assignee": assignee }),
        Event::Snoozed { until, reason } => {
            json!({ "until": until.map(kept), "reason": reason })
        }
        Event::AccountReady { account, origin } => {
            json!({ "account_id": account.as_str(), "origin": name(*origin) })
        }
        Event::Installed { template, cycle, origin, after_doubt, connectors } => json!({
            "template": template, "cycle_id": cycle.0, "origin": name(*origin),
            "after_doubt": after_doubt, "connector_ids": texts(connectors),
        }),
        Event::ConnectionsSeen { connected, lost, unfinished } => json!({
            "connected": texts(connected), "lost": texts(lost), "unfinished": texts(unfinished),
        }),
        Event::QuestionsAsked { template, open } => json!({ "template": template, "open": open }),
        Event::Mapped { template, retired } => {
            json!({ "template": template, "retired_cycle_ids": retired })
        }
        Event::Unmapped { template } => json!({ "template": template }),
        Event::Activated { template, after_doubt, retired } => json!({
            "template": template, "after_doubt": after_doubt, "retired_cycle_ids": retired,
        }),
        Event::RetryPlanned { problem, detail, tries, after_seconds, doubted } => json!({
            "problem": problem, "detail": detail, "tries": tries, "after_seconds": after_seconds,
            "doubted": doubted,
        }),
        Event::HeldBack { problem, detail, after_seconds } => json!({
            "problem": problem, "detail": detail, "after_seconds": after_seconds,
        }),
        Event::CandidateChosen { template, cycle, reason } => {
            json!({ "template": template, "cycle_id": cycle.0, "reason": reason })
        }
        Event::CycleDisowned { template, cycle } | Event::CycleRetired { template, cycle } => {
            json!({ "template": template, "cycle_id": cycle.0 })
        }
        Event::BecameStuck { problem, detail } => json!({ "problem": problem, "detail": detail }),
        Event::LinkRotated { generation } | Event::LinkRevoked { generation } => {
            json!({ "generation": generation })
        }
        Event::LinkExtended { expires_at } => json!({ "expires_at": kept(*expires_at) }),
        Event::Noted { text } => json!({ "text": text }),
        Event::CameBack { connector, said } => about(*connector, "provider_said", said),
        Event::HandedOver { connector, to_colleague } => {
            about(*connector, "to_colleague", to_colleague)
        }
        Event::ApprovalAsked { connector, wanted } => about(*connector, "wanted", wanted),
        Event::AttemptOpened { connector }
        | Event::DetailsGiven { connector }
        | Event::CredentialGiven { connector } => {
            json!({ "connector_id": connector.to_string() })
        }
        Event::Answered { questions } => json!({ "questions": questions }),
        Event::Cancelled { reason } | Event::OffboardOrdered { reason } => {
            json!({ "reason": reason })
        }
        Event::HealthChanged { health, problem, detail } => json!({
            "health": health, "problem": problem, "detail": detail,
        }),
        Event::RunFailed { template, message } => {
            json!({ "template": template, "message": message })
        }
        Event::ReauthorizationRequired { connectors, reason } => json!({
            "connector_ids": texts(connectors), "reason": reason,
        }),
        Event::DriftSettled { difference, choice, reason } => json!({
            "difference": difference, "choice": choice, "reason": reason,
        }),
        Event::UpgradeOrdered { from, to, reason } => {
            json!({ "from": from, "to": to, "reason": reason })
        }
        Event::Offboarded { cycles, connectors, account } => json!({
            "cycle_ids": cycles, "connector_ids": texts(connectors), "account_deleted": account,
        }),
    }
}

/// Of one connection.
fn about(connector: ConnectorId, name: &str, value: impl Serialize) -> Value {
    json!({ "connector_id": connector.to_string(), name: value })
}

fn texts(ids: &[ConnectorId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

const fn name(origin: Origin) -> &'static str {
    match origin {
        Origin::Made => "made",
        Origin::Adopted => "adopted",
        Origin::Named => "named",
    }
}
