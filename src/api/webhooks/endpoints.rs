//! Endpoints: made, changed, tried out.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::TimeDelta;
use uuid::Uuid;

use super::shapes::{
    EndpointBody, EndpointList, EndpointOrderBody, QueuedBody, RotateOrder, TestOrder,
};
use super::{earlier, order, parse_endpoint, spell, words};
use crate::api::caller::{Caller, ForWebhooks};
use crate::api::repeatable::{BodyOptional, Nothing, Repeatable};
use crate::ids::EndpointId;
use crate::store::{EndpointOrder, EndpointText, NewMessage};
use crate::web::fields::{Mistakes, is_line};
use crate::web::{AppState, Error, JsonAnswer};
use crate::webhooks::{EVENT_KINDS, Once, TEST, is_event_kind};

/// Have changes told to an address.
///
/// Messages follow Standard Webhooks 1.0. The answer shows the secret that they are signed with,
/// this once, and again to the same request with the same `Idempotency-Key`.
#[utoipa::path(post, path = "/v1/webhook_endpoints", operation_id = "create_webhook_endpoint",
    tag = "webhooks", request_body = EndpointOrderBody, responses((status = CREATED, body = EndpointBody)))]
pub(super) async fn create(
    caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
    asked: Repeatable<EndpointOrderBody>,
) -> Result<Response, Error> {
    let once = Once(asked.idempotency(&caller));
    let text = match check(&state, asked.body).await {
        Ok(text) => text,
        Err(refusal) => return earlier(&state, &once, refusal).await,
    };
    let id = EndpointId(Uuid::now_v7());
    let (secret, shown) = state.endpoints().make_secret(id);
    let create = EndpointOrder::Create { id, text, secret };
    order(&state, create, once, |outcome| spell(outcome, Some(&shown), 201)).await
}

/// List the endpoints, oldest first.
///
/// All of them at once: there are 50 at most.
#[utoipa::path(get, path = "/v1/webhook_endpoints", operation_id = "list_webhook_endpoints",
    tag = "webhooks", responses((status = OK, body = EndpointList)))]
pub(super) async fn list(
    _caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
) -> Result<JsonAnswer<EndpointList>, Error> {
    let endpoints = state.store().list_endpoints().await?;
    let data = endpoints.iter().map(EndpointBody::from).collect();
    Ok(JsonAnswer(StatusCode::OK, EndpointList { data }))
}

/// Show an endpoint.
///
/// Whether it is enabled, and since when it fails. Never its secret.
#[utoipa::path(get, path = "/v1/webhook_endpoints/{id}", operation_id = "show_webhook_endpoint",
    tag = "webhooks", params(("id" = Uuid, Path)), responses((status = OK, body = EndpointBody)))]
pub(super) async fn show(
    _caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<JsonAnswer<EndpointBody>, Error> {
    let endpoint = state.store().find_endpoint(parse_endpoint(&id)?).await?;
    let endpoint = endpoint.ok_or_else(Error::not_found)?;
    Ok(JsonAnswer(StatusCode::OK, EndpointBody::from(&endpoint)))
}

/// Say anew what an endpoint is.
///
/// Address, description and events are replaced together; the secret stays.
#[utoipa::path(put, path = "/v1/webhook_endpoints/{id}", operation_id = "update_webhook_endpoint",
    tag = "webhooks", params(("id" = Uuid, Path)), request_body = EndpointOrderBody,
    responses((status = OK, body = EndpointBody)))]
pub(super) async fn update(
    caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<EndpointOrderBody>,
) -> Result<Response, Error> {
    let once = Once(asked.idempotency(&caller));
    let id = parse_endpoint(&id)?;
    let text = match check(&state, asked.body).await {
        Ok(text) => text,
        Err(refusal) => return earlier(&state, &once, refusal).await,
    };
    let update = EndpointOrder::Update { id, text };
    order(&state, update, once, |outcome| spell(outcome, None, 200)).await
}

/// Delete an endpoint.
///
/// What was on its way to it is not sent any more.
#[utoipa::path(delete, path = "/v1/webhook_endpoints/{id}",
    operation_id = "delete_webhook_endpoint", tag = "webhooks", params(("id" = Uuid, Path)),
    responses((status = OK, description = "It is gone.")))]
pub(super) async fn remove(
    caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    BodyOptional(asked): BodyOptional<Nothing>,
) -> Result<Response, Error> {
    let once = Once(asked.idempotency(&caller));
    let delete = EndpointOrder::Delete { id: parse_endpoint(&id)? };
    order(&state, delete, once, |outcome| spell(outcome, None, 200)).await
}

/// Send to an endpoint again.
///
/// What was queued before it was disabled goes out at once; replay what was not.
#[utoipa::path(post, path = "/v1/webhook_endpoints/{id}/enable",
    operation_id = "enable_webhook_endpoint", tag = "webhooks", params(("id" = Uuid, Path)),
    responses((status = OK, body = EndpointBody)))]
pub(super) async fn enable(
    caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    BodyOptional(asked): BodyOptional<Nothing>,
) -> Result<Response, Error> {
    let once = Once(asked.idempotency(&caller));
    let enable = EndpointOrder::Enable { id: parse_endpoint(&id)? };
    order(&state, enable, once, |outcome| spell(outcome, None, 200)).await
}

/// Send nothing to an endpoint.
///
/// Until it is enabled again. Nothing is queued for it meanwhile; replay what it missed.
#[utoipa::path(post, path = "/v1/webhook_endpoints/{id}/disable",
    operation_id = "disable_webhook_endpoint", tag = "webhooks", params(("id" = Uuid, Path)),
    responses((status = OK, body = EndpointBody)))]
pub(super) async fn disable(
    caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    BodyOptional(asked): BodyOptional<Nothing>,
) -> Result<Response, Error> {
    let once = Once(asked.idempotency(&caller));
    let disable = EndpointOrder::Disable { id: parse_endpoint(&id)? };
    order(&state, disable, once, |outcome| spell(outcome, None, 200)).await
}

/// Give an endpoint another secret.
///
/// For a while messages carry a signature by each: check with either of them.
#[utoipa::path(post, path = "/v1/webhook_endpoints/{id}/rotate_secret",
    operation_id = "rotate_webhook_secret", tag = "webhooks",
    params(("id" = Uuid, Path)),
    request_body = RotateOrder, responses((status = OK, body = EndpointBody)))]
pub(super) async fn rotate(
    caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<RotateOrder>,
) -> Result<Response, Error> {
    let once = Once(asked.idempotency(&caller));
    let id = parse_endpoint(&id)?;
    let hours = asked.body.overlap_hours;
    let mut mistakes = Mistakes::default();
    mistakes.require("/overlap_hours", (0..=168).contains(&hours), "0 to 168");
    let overlap = mistakes.or_value(TimeDelta::try_hours(hours))?;
    let (secret, shown) = state.endpoints().make_secret(id);
    let rotate = EndpointOrder::Rotate { id, secret, overlap };
    order(&state, rotate, once, |outcome| spell(outcome, Some(&shown), 200)).await
}

/// Send a message to try an endpoint out.
///
/// Its type is `webhook_endpoint.test`, whatever the endpoint asked for; look at its deliveries for what
/// became of it.
#[utoipa::path(post, path = "/v1/webhook_endpoints/{id}/test",
    operation_id = "test_webhook_endpoint", tag = "webhooks",
    params(("id" = Uuid, Path)),
    request_body = TestOrder, responses((status = ACCEPTED, body = QueuedBody)))]
pub(super) async fn test(
    caller: Caller<ForWebhooks>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<TestOrder>,
) -> Result<Response, Error> {
    let once = Once(asked.idempotency(&caller));
    let id = parse_endpoint(&id)?;
    let endpoint = state.store().find_endpoint(id).await?;
    let spelled = |endpoint| words::about_endpoint(TEST, state.clock().now(), endpoint);
    // One that is not there is found out by the order, which may have been carried out before.
    let body = endpoint.as_ref().map(spelled).unwrap_or_default();
    let message = NewMessage { id: Uuid::now_v7(), kind: TEST.to_owned(), body };
    let send = EndpointOrder::Send { id, message };
    order(&state, send, once, |outcome| spell(outcome, None, 202)).await
}

async fn check(state: &AppState, body: EndpointOrderBody) -> Result<EndpointText, Error> {
    let mut mistakes = Mistakes::default();
    let described = body.description.is_empty() || is_line(&body.description);
    mistakes.require("/description", described, "at most 200 characters on one line");
    for (place, kind) in body.events.iter().enumerate() {
        let rule = format!("one of {}", EVENT_KINDS.map(|(kind, _)| kind).join(", "));
        mistakes.require(&format!("/events/{place}"), is_event_kind(kind), &rule);
    }
    let url = match state.endpoints().check(&body.url).await {
        Ok(url) => Some(url),
        Err(refusal) => {
            mistakes.add("/url", refusal.to_string());
            None
        }
    };
    let mut events = body.events;
    events.sort();
    events.dedup();
    let description = body.description;
    mistakes.or_value(url.map(|url| EndpointText { url: url.into(), description, events }))
}
