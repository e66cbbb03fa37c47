//! The timeline of an onboarding.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::caller::{Caller, Read};
use super::onboardings::parse_id;
use super::shapes::{EventBody, EventPage, kept};
use crate::ids::ConnectorId;
use crate::onboarding::{Event, Origin};
use crate::store::JournalLine;
use crate::web::{AppState, Error, JsonAnswer};

/// List what happened to an onboarding, oldest first.
#[utoipa::path(get, path = "/v1/onboardings/{id}/events", tag = "onboardings",
    params(("id" = Uuid, Path)), responses((status = OK, body = EventPage)))]
pub(super) async fn list_events(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<JsonAnswer<EventPage>, Error> {
    let id = parse_id(&id)?;
    state.store().find_in_sight(id, &caller.sight).await?.ok_or_else(Error::not_found)?;
    let lines = state.store().list_journal(id).await?;
    let data = lines.into_iter().map(EventBody::from).collect();
    Ok(JsonAnswer(StatusCode::OK, EventPage { data }))
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
        }
    }
}

/// Templates are counted from 0, in the blueprint's order.
fn detail(event: &Event) -> Value {
    match event {
        Event::Started | Event::LookOrdered | Event::RetryOrdered => json!({}),
        Event::AccountReady { account, origin } => {
            json!({ "account_id": account.as_str(), "origin": name(*origin) })
        }
        Event::Installed { template, cycle, origin, after_doubt } => json!({
            "template": template, "cycle_id": cycle.0, "origin": name(*origin),
            "after_doubt": after_doubt,
        }),
        Event::ConnectionsSeen { connected, lost } => {
            json!({ "connected": texts(connected), "lost": texts(lost) })
        }
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
        Event::AttemptOpened { connector } | Event::CredentialGiven { connector } => {
            json!({ "connector_id": connector.to_string() })
        }
        Event::Answered { questions } => json!({ "questions": questions }),
        Event::LinkRotated { generation } => json!({ "generation": generation }),
        Event::Cancelled { reason } => json!({ "reason": reason }),
    }
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
