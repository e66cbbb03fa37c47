//! The control surface: the world, the calls, the faults, the variants, the clock, the reset.
//! It asks nobody who they are.

use std::fmt::Display;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Sandbox;
use super::calls::Wanted;
use super::faults::Fault;
use super::request::{Answer, Query, Refusal, Reply};

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/_sandbox/world", get(world))
        .route("/_sandbox/calls", get(calls).delete(forget_calls))
        .route("/_sandbox/faults", get(faults).post(inject).delete(clear))
        .route("/_sandbox/variants", get(variants).put(vary).delete(no_variants))
        .route("/_sandbox/clock", get(clock).post(advance))
        .route("/_sandbox/reset", post(reset))
}

async fn world(State(sandbox): State<Sandbox>) -> Answer {
    Answer(sandbox.world())
}

async fn calls(State(sandbox): State<Sandbox>, query: Query) -> Reply {
    Ok(Answer(json!(sandbox.0.calls.find(&Wanted::read(&query)?))))
}

async fn forget_calls(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.forget_calls();
    StatusCode::NO_CONTENT
}

async fn faults(State(sandbox): State<Sandbox>) -> Answer {
    Answer(json!(sandbox.0.faults.in_force()))
}

async fn inject(State(sandbox): State<Sandbox>, body: Bytes) -> Reply {
    let fault = Fault::read(&read(&body)?).map_err(|why| misunderstood(&why))?;
    let number = sandbox.0.faults.inject(fault);
    Ok(Answer(json!({ "Message": "The fault is in force.", "number": number })))
}

async fn clear(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.clear_faults();
    StatusCode::NO_CONTENT
}

async fn variants(State(sandbox): State<Sandbox>) -> Answer {
    Answer(sandbox.variants().shown())
}

/// All of them or none.
async fn vary(State(sandbox): State<Sandbox>, body: Bytes) -> Reply {
    let wanted: Map<String, Value> = read(&body)?;
    let mut variants = sandbox.variants();
    variants.set_all(&wanted).map_err(|why| misunderstood(&why))?;
    sandbox.set_variants(variants);
    Ok(Answer(variants.shown()))
}

/// Every question has its usual answer again.
async fn no_variants(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.set_variants(super::Variants::default());
    StatusCode::NO_CONTENT
}

/// Exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    advance_seconds: Option<i64>,
    to: Option<DateTime<Utc>>,
}

async fn clock(State(sandbox): State<Sandbox>) -> Answer {
    show_clock(&sandbox)
}

fn show_clock(sandbox: &Sandbox) -> Answer {
    let clock = &sandbox.0.clock;
    Answer(json!({
        "now": clock.now(),
        "stands_still": clock.stands_still(),
        "moved_by_seconds": clock.moved_by().num_seconds(),
    }))
}

async fn advance(State(sandbox): State<Sandbox>, body: Bytes) -> Reply {
    let by = match read(&body)? {
        Step { advance_seconds: Some(seconds), to: None } => TimeDelta::try_seconds(seconds),
        Step { advance_seconds: None, to: Some(to) } => Some(to - sandbox.0.clock.now()),
        Step { advance_seconds: None, to: None }
        | Step { advance_seconds: Some(_), to: Some(_) } => {
            return Err(Refusal::bad("Say either advance_seconds or to."));
        }
    };
    // Ten years either way keep the date far from the ends of the calendar.
    let by = by.filter(|by| by.abs() <= TimeDelta::days(3650));
    let by = by.ok_or_else(|| Refusal::bad("The clock moves by at most ten years."))?;
    sandbox.advance(by);
    Ok(show_clock(&sandbox))
}

async fn reset(State(sandbox): State<Sandbox>) -> Reply {
    sandbox.begin_anew()?;
    Ok(Answer(
        json!({ "Message": "The sandbox is as it was opened; its clock stays where it is." }),
    ))
}

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice::<Value>(body)
        .and_then(T::deserialize)
        .map_err(|error| misunderstood(&error))
}

fn misunderstood(why: &impl Display) -> Refusal {
    Refusal::bad(format!("This was not understood: {why}"))
}
