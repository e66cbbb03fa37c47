//! What Cyclr tells by itself: failed runs, at an address for each account that nobody can guess.
//!
//! Uses `engine`, `ids` and `web`.
//!
//! What always holds:
//! - What is told is a hint. It makes the engine look, soon and not often; what holds is what Cyclr answers
//!   then.
//! - Whoever knows an address can make one onboarding be looked at, and nothing else.
//! - Nothing of a body is kept but one bounded line, and no body is logged: it may hold a customer's data.
//!
//! Decided against: a list of Cyclr's addresses to take it from (they change, and the path is a secret as it
//! is); answers that tell whether something was new.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use serde_json::Value;
use uuid::Uuid;

use crate::engine::ToldError;
use crate::ids::CycleId;
use crate::web::{self, AppState, Error, Kind, ProblemPage, dress_as_problem};

/// Longest text that is taken of a field, in characters.
const LONGEST: usize = 300;

/// The one address, under all accounts.
pub fn router(state: AppState) -> Router {
    let problems = ProblemPage::at(state.public_url());
    let routes =
        Router::new().route("/hooks/cyclr/{account}/{tag}", post(hear_of_error)).with_state(state);
    web::guards(routes, web::RouteClass::Hook).layer(from_fn_with_state(problems, dress_as_problem))
}

/// Cyclr's transaction-error webhook (DOC). Names may come in any case, as everywhere with Cyclr (OBS).
async fn hear_of_error(
    State(state): State<AppState>,
    Path((account, tag)): Path<(String, String)>,
    body: Bytes,
) -> Result<StatusCode, Error> {
    let hook = state.engine.error_hook();
    let account = hook.read(&account, &tag).ok_or_else(Error::not_found)?;
    let told: Value = serde_json::from_slice(&body)
        .map_err(|_| Error::new(Kind::Malformed, "The body is not JSON that can be read."))?;
    // A warning is no failure, and what names no cycle is about nothing of ours.
    if !text(&told, "IncidentLevel").eq_ignore_ascii_case("warning")
        && let Ok(cycle) = Uuid::try_parse(&text(&told, "CycleId"))
    {
        let told = ToldError {
            cycle: CycleId(cycle),
            transaction: text(&told, "TransactionId"),
            step: text(&told, "StepId"),
            message: text(&told, "Message"),
        };
        state.engine.hear_of_error(&account, &told).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

fn text(body: &Value, name: &str) -> String {
    let fields = body.as_object().into_iter().flatten();
    let mut found = fields.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let text = match found.next().map(|(_, value)| value) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            String::new()
        }
    };
    text.chars().take(LONGEST).collect()
}
