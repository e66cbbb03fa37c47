//! One onboarding: how it stands, and what may be ordered of it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::{Caller, Read, Write};
use super::fields::Mistakes;
use super::shapes::OnboardingBody;
use crate::ids::{CycleId, OnboardingId};
use crate::onboarding::Command;
use crate::web::{AppState, Error, Json, JsonAnswer};

/// What is to happen to the link.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkOrder {
    #[serde(default)]
    action: LinkAction,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LinkAction {
    /// A new address; every earlier one and every visit that began with it ends.
    #[default]
    Rotate,
}

/// Why an onboarding is given up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelOrder {
    /// 1 to 500 characters, for the timeline.
    reason: String,
}

/// Which of the candidates is the onboarding's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdoptOrder {
    /// One of `problem.candidates`.
    cycle_id: Uuid,
    /// 1 to 500 characters, for the timeline: how you know.
    reason: String,
}

/// An id that is no id names nothing, like one that was never given out.
pub(super) fn parse_id(text: &str) -> Result<OnboardingId, Error> {
    Uuid::try_parse(text).map(OnboardingId).map_err(|_| Error::not_found())
}

/// Show an onboarding.
#[utoipa::path(get, path = "/v1/onboardings/{id}", operation_id = "show_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), responses((status = OK, body = OnboardingBody)))]
pub(super) async fn show(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<JsonAnswer<OnboardingBody>, Error> {
    let onboarding = state
        .store()
        .find_in_sight(parse_id(&id)?, &caller.sight)
        .await?
        .ok_or_else(Error::not_found)?;
    Ok(JsonAnswer(StatusCode::OK, OnboardingBody::show(&onboarding, &state)))
}

/// Give the onboarding another link.
///
/// A body may be left out. The new link lives as long as the first one did.
#[utoipa::path(post, path = "/v1/onboardings/{id}/link", operation_id = "change_link", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = Option<LinkOrder>,
    responses((status = OK, body = OnboardingBody)))]
pub(super) async fn change_link(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    order: Option<Json<LinkOrder>>,
) -> Result<JsonAnswer<OnboardingBody>, Error> {
    let action = order.map_or_else(LinkAction::default, |Json(order)| order.action);
    let command = match action {
        LinkAction::Rotate => {
            Command::RotateLink { expires_at: state.clock().now() + state.engine.link_life() }
        }
    };
    order_and_show(&state, &id, command, &caller).await
}

/// Try again now.
///
/// For an onboarding that is stuck or retrying; refused for any other.
#[utoipa::path(post, path = "/v1/onboardings/{id}/retry", operation_id = "retry_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), responses((status = OK, body = OnboardingBody)))]
pub(super) async fn retry(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<JsonAnswer<OnboardingBody>, Error> {
    order_and_show(&state, &id, Command::Retry, &caller).await
}

/// Give an onboarding up.
///
/// What was made at Cyclr stays there. Refused once it is live.
#[utoipa::path(post, path = "/v1/onboardings/{id}/cancel", operation_id = "cancel_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = CancelOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(super) async fn cancel(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    Json(order): Json<CancelOrder>,
) -> Result<JsonAnswer<OnboardingBody>, Error> {
    let command = Command::Cancel { reason: check_reason(order.reason)? };
    order_and_show(&state, &id, command, &caller).await
}

/// Say which cycle is the onboarding's.
///
/// For one that is stuck with `ambiguous_install`. The other candidates are left as they are at
/// Cyclr; delete those that nobody needs there.
#[utoipa::path(post, path = "/v1/onboardings/{id}/adopt", operation_id = "adopt_cycle", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = AdoptOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(super) async fn adopt(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    Json(order): Json<AdoptOrder>,
) -> Result<JsonAnswer<OnboardingBody>, Error> {
    let reason = check_reason(order.reason)?;
    let command = Command::ChooseCandidate { cycle: CycleId(order.cycle_id), reason };
    order_and_show(&state, &id, command, &caller).await
}

fn check_reason(reason: String) -> Result<String, Error> {
    let mut mistakes = Mistakes::default();
    let fits = !reason.trim().is_empty()
        && reason.chars().count() <= 500
        && !reason.chars().any(|c| c.is_control() && c != '\n');
    mistakes.require("/reason", fits, "1 to 500 characters");
    mistakes.or_value(Some(reason))
}

async fn order_and_show(
    state: &AppState,
    id: &str,
    command: Command,
    caller: &Caller<Write>,
) -> Result<JsonAnswer<OnboardingBody>, Error> {
    let order = state.engine.order_in_sight(parse_id(id)?, &caller.sight, command, &caller.actor);
    let onboarding = order.await?;
    Ok(JsonAnswer(StatusCode::OK, OnboardingBody::show(&onboarding, state)))
}
