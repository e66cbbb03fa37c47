//! The control surface: the world, the calls, the faults, the clock.
//! It asks nobody who they are.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::routing::{get, post};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Sandbox;
use super::faults::{Fault, FaultKind};
use super::request::{Answer, Refusal, Reply};

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/_sandbox/world", get(world))
        .route("/_sandbox/calls", get(calls))
        .route("/_sandbox/faults", post(inject).delete(clear))
        .route("/_sandbox/clock", post(advance))
}

async fn world(State(sandbox): State<Sandbox>) -> Answer {
    Answer(sandbox.world())
}

async fn calls(State(sandbox): State<Sandbox>) -> Answer {
    Answer(json!(sandbox.calls()))
}

async fn inject(State(sandbox): State<Sandbox>, body: Bytes) -> Reply {
    let fault: Fault = read(&body)?;
    playable(&fault)?;
    sandbox.inject(fault);
    Ok(Answer(json!({ "Message": "The fault is in force." })))
}

async fn clear(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.clear_faults();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: i64,
}

async fn advance(State(sandbox): State<Sandbox>, body: Bytes) -> Reply {
    let Advance { advance_seconds } = read(&body)?;
    // Ten years either way keep the date far from the ends of the calendar.
    let by = TimeDelta::try_seconds(advance_seconds).filter(|by| by.abs() <= TimeDelta::days(3650));
    let by = by.ok_or_else(|| Refusal::bad("The clock moves by at most ten years."))?;
    if !sandbox.stands_still() {
        let message = "This sandbox runs on the system's clock, which cannot be moved.";
        return Err(Refusal::new(StatusCode::CONFLICT, message));
    }
    sandbox.advance(by);
    Ok(Answer(json!({ "now": sandbox.read(|_, now| now) })))
}

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice::<Value>(body)
        .and_then(T::deserialize)
        .map_err(|error| Refusal::bad(format!("This was not understood: {error}")))
}

/// What cannot be put on the wire is told at once, not when a call is struck.
fn playable(fault: &Fault) -> Result<(), Refusal> {
    if fault.chance.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
        return Err(Refusal::bad("The chance must be between 0 and 1."));
    }
    match &fault.kind {
        FaultKind::Refuse { status, retry_after, .. } => {
            if !(200..=599).contains(status) {
                return Err(Refusal::bad("The status must be between 200 and 599."));
            }
            let given = retry_after.as_deref().unwrap_or_default();
            HeaderValue::from_str(given)
                .map(|_| ())
                .map_err(|_| Refusal::bad("The retry_after does not fit into a header."))
        }
        FaultKind::StallBefore { seconds }
        | FaultKind::StallAfter { seconds }
        | FaultKind::CommitLate { seconds } => {
            let sane = seconds.is_finite() && *seconds >= 0.0;
            sane.then_some(()).ok_or_else(|| Refusal::bad("The seconds must not be negative."))
        }
        FaultKind::DropBefore
        | FaultKind::LoseAnswer
        | FaultKind::HoldBefore
        | FaultKind::HoldAfter
        | FaultKind::Html
        | FaultKind::Truncated
        | FaultKind::Huge
        | FaultKind::Drip
        | FaultKind::TokenRevoked => Ok(()),
    }
}
