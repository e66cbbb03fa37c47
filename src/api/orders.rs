//! What may be ordered of an onboarding.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::{Caller, Write};
use super::fields::Mistakes;
use super::onboardings::parse_id;
use super::repeatable::{BodyOptional, Nothing, Repeatable, send, spell, with_link};
use super::shapes::OnboardingBody;
use crate::ids::CycleId;
use crate::onboarding::{Command, Onboarding};
use crate::web::{AppState, Error};

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
    BodyOptional(asked): BodyOptional<LinkOrder>,
) -> Result<Response, Error> {
    let command = match asked.body.action {
        LinkAction::Rotate => {
            Command::RotateLink { expires_at: state.clock().now() + state.engine.link_life() }
        }
    };
    order_and_show(&state, &id, command, &caller, &asked).await
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
    BodyOptional(asked): BodyOptional<Nothing>,
) -> Result<Response, Error> {
    order_and_show(&state, &id, Command::Retry, &caller, &asked).await
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
    asked: Repeatable<CancelOrder>,
) -> Result<Response, Error> {
    let command = Command::Cancel { reason: check_reason(&asked.body.reason)? };
    order_and_show(&state, &id, command, &caller, &asked).await
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
    asked: Repeatable<AdoptOrder>,
) -> Result<Response, Error> {
    let reason = check_reason(&asked.body.reason)?;
    let command = Command::ChooseCandidate { cycle: CycleId(asked.body.cycle_id), reason };
    order_and_show(&state, &id, command, &caller, &asked).await
}

fn check_reason(reason: &str) -> Result<String, Error> {
    let mut mistakes = Mistakes::default();
    let fits = !reason.trim().is_empty()
        && reason.chars().count() <= 500
        && !reason.chars().any(|c| c.is_control() && c != '\n');
    mistakes.require("/reason", fits, "1 to 500 characters");
    mistakes.or_value(Some(reason.to_owned()))
}

async fn order_and_show<T>(
    state: &AppState,
    id: &str,
    command: Command,
    caller: &Caller<Write>,
    asked: &Repeatable<T>,
) -> Result<Response, Error> {
    let id = (parse_id(id)?, &caller.sight);
    let key = asked.idempotency(caller);
    let render = |onboarding: &Onboarding| {
        spell(StatusCode::OK, &OnboardingBody::to_keep(onboarding, state))
    };
    let order = state.engine.order_once(id, command, &caller.actor, key.as_ref(), &render);
    let answer = order.await?;
    send(&answer, with_link(state, &answer), None)
}
