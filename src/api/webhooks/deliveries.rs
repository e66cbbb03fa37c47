//! What became of what was told, and having it told again.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::shapes::{
    AttemptBody, DeliveryBody, DeliveryList, FullDeliveryBody, QueuedBody, ReplayOrder,
};
use super::{order, parse_endpoint, spell};
use crate::api::caller::{Caller, ForWebhooks};
use crate::api::list::{read_cursor, write_cursor};
use crate::api::repeatable::{BodyOptional, Nothing, Repeatable};
use crate::ids::OnboardingId;
use crate::store::EndpointOrder;
use crate::web::fields::Mistakes;
use crate::web::parameters::Parameters;
use crate::web::{AppState, Error, JsonAnswer};
use crate::webhooks::Once;

const STATES: [&str; 3] = ["pending", "delivered", "failed"];

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DeliveryQuery {
    /// `pending`, `delivered` or `failed`.
    state: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Most entries of a page.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 100)]
    limit: u16,
}

const fn usual_limit() -> u16 {
    25
}

/// List what was told to an endpoint, newest first.
///
/// Of each message the state and the last attempt; kept for as many days as messages are.
#[utoipa::path(get, path = "/v1/webhook_endpoints/{id}/deliveries",
    operation_id = "list_webhook_deliveries", tag = "webhooks",
    params(("id" = Uuid, Path), DeliveryQuery), responses((status = OK, body = DeliveryList)))]
pub(super) async fn list(
    _caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    Parameters(query): Parameters<DeliveryQuery>,
) -> Result<JsonAnswer<DeliveryList>, Error> {
    let id = parse_endpoint(&id)?;
    let mut mistakes = Mistakes::default();
    let known = query.state.as_deref().is_none_or(|state| STATES.contains(&state));
    mistakes.require("state", known, &format!("one of {}", STATES.join(", ")));
    mistakes.require("limit", (1..=100).contains(&query.limit), "1 to 100");
    // The same spelling as in every list; here it holds a message's id.
    let before = query.cursor.as_deref().map(read_cursor);
    mistakes.require("cursor", before != Some(None), "the next_cursor of an earlier page");
    let before = mistakes.or_value(Some(before.flatten().map(|id| id.0)))?;
    state.store().find_endpoint(id).await?.ok_or_else(Error::not_found)?;
    let asked = state.store().list_deliveries(id, query.state.as_deref(), before, query.limit);
    let page = asked.await?;
    let data = page.deliveries.into_iter().map(DeliveryBody::from).collect();
    let next_cursor = page.next.map(|id| write_cursor(OnboardingId(id)));
    Ok(JsonAnswer(StatusCode::OK, DeliveryList { data, next_cursor }))
}

/// Show a delivery.
///
/// What is sent, letter by letter but for the link's proof, and what became of each attempt.
#[utoipa::path(get, path = "/v1/webhook_endpoints/{id}/deliveries/{message}",
    operation_id = "show_webhook_delivery", tag = "webhooks",
    params(("id" = Uuid, Path), ("message" = Uuid, Path, description = "Its `webhook-id`.")),
    responses((status = OK, body = FullDeliveryBody)))]
pub(super) async fn show(
    _caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
    Path((id, message)): Path<(String, String)>,
) -> Result<JsonAnswer<FullDeliveryBody>, Error> {
    let (id, message) = (parse_endpoint(&id)?, parse_message(&message)?);
    state.store().find_endpoint(id).await?.ok_or_else(Error::not_found)?;
    let found = state.store().find_delivery(id, message).await?.ok_or_else(Error::not_found)?;
    let body = match found.delivery.onboarding {
        Some(id) => {
            super::words::with_link(&state, &found.body, OnboardingId(id), found.link_generation)
        }
        None => found.body,
    };
    let body = FullDeliveryBody {
        delivery: found.delivery.into(),
        payload: serde_json::from_str::<Value>(&body).unwrap_or_default(),
        log: found.attempts.into_iter().map(AttemptBody::from).collect(),
    };
    Ok(JsonAnswer(StatusCode::OK, body))
}

/// Send one message again.
///
/// Under the same `webhook-id`, whatever became of it before. One that is being sent is left alone.
#[utoipa::path(post, path = "/v1/webhook_endpoints/{id}/deliveries/{message}/replay",
    operation_id = "replay_webhook_delivery", tag = "webhooks",
    params(("id" = Uuid, Path), ("message" = Uuid, Path, description = "Its `webhook-id`.")),
    responses((status = ACCEPTED, body = QueuedBody)))]
pub(super) async fn replay_one(
    caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
    Path((id, message)): Path<(String, String)>,
    BodyOptional(asked): BodyOptional<Nothing>,
) -> Result<Response, Error> {
    let once = Once(asked.idempotency(&caller));
    let (id, message) = (parse_endpoint(&id)?, parse_message(&message)?);
    let replay = EndpointOrder::ReplayOne { id, message };
    order(&state, replay, once, |outcome| spell(outcome, None, 202)).await
}

/// Send again what happened in a stretch of time, and what was never sent while it was disabled.
///
/// Everything goes out under its own id: whoever has a message already knows it by that.
#[utoipa::path(post, path = "/v1/webhook_endpoints/{id}/replay",
    operation_id = "replay_webhook_deliveries", tag = "webhooks",
    params(("id" = Uuid, Path)),
    request_body = ReplayOrder, responses((status = ACCEPTED, body = QueuedBody)))]
pub(super) async fn replay(
    caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<ReplayOrder>,
) -> Result<Response, Error> {
    let once = Once(asked.idempotency(&caller));
    let id = parse_endpoint(&id)?;
    let ReplayOrder { since, until, failed_only } = asked.body;
    // What happens right now belongs to it, too.
    let until = until.unwrap_or_else(|| state.clock().now() + TimeDelta::seconds(1));
    let mut mistakes = Mistakes::default();
    mistakes.require("/until", since < until, "later than since");
    let (since, until) = mistakes.or_value(Some((since, until)))?;
    let replay = EndpointOrder::Replay { id, since, until, failed_only };
    order(&state, replay, once, |outcome| spell(outcome, None, 202)).await
}

fn parse_message(text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| Error::not_found())
}
