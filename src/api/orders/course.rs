//! Where an onboarding goes: once more, past something, back, or nowhere.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{check_reason, order_and_show};
use crate::api::caller::{Caller, Write};
use crate::api::repeatable::{BodyOptional, Repeatable};
use crate::api::shapes::OnboardingBody;
use crate::ids::{ConnectorId, CycleId};
use crate::onboarding::{Command, Restart, RestartStep};
use crate::web::fields::Mistakes;
use crate::web::{AppState, Error};

/// Why it is tried again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct RetryOrder {
    /// 1 to 500 characters, for the timeline.
    reason: Option<String>,
}

/// What is passed over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SkipOrder {
    /// At `connect`: one connection, by its `connector_id`; all that are open if left out.
    connector_id: Option<String>,
    /// 1 to 500 characters, for the timeline.
    reason: String,
}

/// Where it goes back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct RestartOrder {
    step: RestartFrom,
    /// Whether the tenant's people are asked again what the blueprint asks, with their answers as a
    /// start. Otherwise the answers stay good. What only Cyclr asked for stays as it was written.
    #[serde(default)]
    ask_again: bool,
    /// 1 to 500 characters, for the timeline.
    reason: String,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum RestartFrom {
    /// Other cycles of the templates. Those that are there are deleted; refused once one of them may
    /// have run.
    Install,
    /// Every connection is looked at again, and none is passed over any more.
    Connect,
    /// Every input is written again.
    Map,
    /// Every cycle is looked at again, and activated if it is not active.
    Activate,
}

/// Why an onboarding is given up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct CancelOrder {
    /// 1 to 500 characters, for the timeline.
    reason: String,
}

/// Which of the candidates is the onboarding's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct AdoptOrder {
    /// One of `problem.candidates`.
    cycle_id: Uuid,
    /// 1 to 500 characters, for the timeline: how you know.
    reason: String,
}

/// Try again now.
///
/// For an onboarding that is stuck or retrying; refused for any other.
#[utoipa::path(post, path = "/v1/onboardings/{id}/retry", operation_id = "retry_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = Option<RetryOrder>,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn retry(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    BodyOptional(asked): BodyOptional<RetryOrder>,
) -> Result<Response, Error> {
    let command = asked.body.command()?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

/// Give an onboarding up.
///
/// What was made at Cyclr stays there. Refused once it is live.
#[utoipa::path(post, path = "/v1/onboardings/{id}/cancel", operation_id = "cancel_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = CancelOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn cancel(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<CancelOrder>,
) -> Result<Response, Error> {
    let command = asked.body.command()?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

/// Say which cycle is the onboarding's.
///
/// For one that is stuck with `ambiguous_install`. The other candidates are left as they are at
/// Cyclr; delete those that nobody needs there.
#[utoipa::path(post, path = "/v1/onboardings/{id}/adopt", operation_id = "adopt_cycle", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = AdoptOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn adopt(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<AdoptOrder>,
) -> Result<Response, Error> {
    let reason = check_reason(&asked.body.reason)?;
    let command = Command::ChooseCandidate { cycle: CycleId(asked.body.cycle_id), reason };
    order_and_show(&state, &id, command, &caller, &asked).await
}

/// Pass over what is open at the present step.
///
/// At `connect` a connection that is not needed, at `map` the mapping of the present template, which is
/// left as Cyclr has it; refused at any other step. Before a cycle is activated Cyclr is asked whether
/// anything is missing, as always: what it cannot do without makes the onboarding stuck with
/// `skipped_is_needed`.
#[utoipa::path(post, path = "/v1/onboardings/{id}/skip", operation_id = "skip_step", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = SkipOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn skip(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<SkipOrder>,
) -> Result<Response, Error> {
    let command = asked.body.command()?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

/// Go back to an earlier step.
///
/// What was done from there on is looked at or done again. Refused for a step that it has not come to,
/// and once it is live.
#[utoipa::path(post, path = "/v1/onboardings/{id}/restart_from", operation_id = "restart_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = RestartOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn restart_from(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<RestartOrder>,
) -> Result<Response, Error> {
    let command = asked.body.command()?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

impl RetryOrder {
    pub(in crate::api) fn command(&self) -> Result<Command, Error> {
        Ok(Command::Retry { reason: self.reason.as_deref().map(check_reason).transpose()? })
    }
}

impl CancelOrder {
    pub(in crate::api) fn command(&self) -> Result<Command, Error> {
        Ok(Command::Cancel { reason: check_reason(&self.reason)? })
    }
}

impl SkipOrder {
    pub(in crate::api) fn command(&self) -> Result<Command, Error> {
        let mut mistakes = Mistakes::default();
        let connector = self.connector_id.as_deref().map(|id| id.parse().map(ConnectorId).ok());
        let rule = "the connector_id of one of the onboarding's connections";
        mistakes.require("/connector_id", connector != Some(None), rule);
        let connector = mistakes.or_value(Some(connector.flatten()))?;
        Ok(Command::Skip { connector, reason: check_reason(&self.reason)? })
    }
}

impl RestartOrder {
    pub(in crate::api) fn command(&self) -> Result<Command, Error> {
        let from = match self.step {
            RestartFrom::Install => RestartStep::Install,
            RestartFrom::Connect => RestartStep::Connect,
            RestartFrom::Map => RestartStep::Map,
            RestartFrom::Activate => RestartStep::Activate,
        };
        let reason = check_reason(&self.reason)?;
        Ok(Command::RestartFrom(Restart { from, ask_again: self.ask_again, reason }))
    }
}
