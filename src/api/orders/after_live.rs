//! What an onboarding can be told once it is live: to be looked at, to be signed in to again, to go on to a
//! newer blueprint, to be taken away.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{check_reason, order_and_show};
use crate::api::caller::{Caller, Read, Write};
use crate::api::onboardings::parse_id;
use crate::api::repeatable::{BodyOptional, Repeatable};
use crate::api::shapes::{OnboardingBody, kept};
use crate::engine;
use crate::ids::{BlueprintKey, ConnectorId};
use crate::onboarding::{Command, Difference, DriftChoice, DriftCode};
use crate::web::fields::Mistakes;
use crate::web::{AppState, Error, JsonAnswer};

/// Why it is looked at.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct CheckOrder {
    /// 1 to 500 characters, for the timeline.
    reason: Option<String>,
}

/// What is to be signed in to again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ReauthorizeOrder {
    /// One connection, by its `connector_id`; all that a person signs in to if left out.
    connector_id: Option<String>,
    /// 1 to 500 characters, for the timeline.
    reason: String,
}

/// What is done about one difference.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SettleDriftOrder {
    code: DifferenceCode,
    /// The `object` of the difference.
    object: String,
    choice: Choice,
    /// 1 to 500 characters, for the timeline.
    reason: String,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum DifferenceCode {
    AccountMissing,
    CycleMissing,
    CycleStopped,
    ConnectorMissing,
    MappingChanged,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Choice {
    /// What Cyclr has is right from now on.
    Adopt,
    /// What is on record is done again at Cyclr.
    Reapply,
    /// Both stay as they are, and it counts as known until it changes.
    Ignore,
}

/// The version to go on to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct UpgradeOrder {
    /// A published version of the onboarding's blueprint, newer than its own.
    version: i32,
    /// 1 to 500 characters, for the timeline.
    reason: String,
}

/// The version that many go on to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct UpgradeManyOrder {
    /// The blueprint's key. Onboardings of another one refuse the order.
    blueprint: String,
    /// A published version of it.
    version: i32,
    /// 1 to 500 characters, for the timeline.
    reason: String,
}

/// Why everything is taken away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct OffboardOrder {
    /// 1 to 500 characters, for the timeline.
    reason: String,
}

/// How Cyclr compares with what is on record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Drift)]
pub(in crate::api) struct DriftBody {
    /// When it was last looked at.
    #[schema(required)]
    looked_at: Option<DateTime<Utc>>,
    /// When everything was last compared, mappings and account included.
    #[schema(required)]
    compared_at: Option<DateTime<Utc>>,
    /// When it is looked at next by itself; `null` unless it is live.
    #[schema(required)]
    look_at: Option<DateTime<Utc>>,
    differences: Vec<DifferenceBody>,
}

/// Something that is not at Cyclr as it is on record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Difference)]
pub(in crate::api) struct DifferenceBody {
    /// `account_missing`, `cycle_missing`, `cycle_stopped`, `connector_missing` or `mapping_changed`.
    code: &'static str,
    /// Which of `templates`, counted from 0, where it is about one.
    #[schema(required)]
    template: Option<usize>,
    /// The id at Cyclr of what it is about.
    object: String,
    /// In words, for staff.
    for_staff: String,
    /// It was settled with `ignore`.
    ignored: bool,
    /// What `settle_drift` takes for it: `adopt`, `reapply`, `ignore`.
    choices: Vec<&'static str>,
}

impl From<&Difference> for DifferenceBody {
    fn from(difference: &Difference) -> Self {
        Self {
            code: difference.code.name(),
            template: difference.slot,
            object: difference.object.clone(),
            for_staff: difference.tell(),
            ignored: difference.ignored,
            choices: difference.code.choices().iter().map(|choice| choice.name()).collect(),
        }
    }
}

/// Show how Cyclr compares with what is on record.
///
/// As the last look found it. `check` orders a look; differences make a live onboarding unhealthy until they
/// are settled or gone.
#[utoipa::path(get, path = "/v1/onboardings/{id}/drift", operation_id = "show_drift", tag = "onboardings",
    params(("id" = Uuid, Path)), responses((status = OK, body = DriftBody)))]
pub(in crate::api) async fn drift(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<JsonAnswer<DriftBody>, Error> {
    let found = state.store().find_in_sight(parse_id(&id)?, &caller.sight).await?;
    let onboarding = found.ok_or_else(Error::not_found)?;
    let life = onboarding.facts.life.as_ref();
    let differences = life.iter().flat_map(|life| &life.differences);
    let body = DriftBody {
        looked_at: life.and_then(|life| life.looked_at).map(kept),
        compared_at: life.and_then(|life| life.compared_at).map(kept),
        look_at: onboarding.health().map(|_| kept(onboarding.next_look_at_live())),
        differences: differences.map(DifferenceBody::from).collect(),
    };
    Ok(JsonAnswer(StatusCode::OK, body))
}

/// Look at a live onboarding now.
///
/// Account, cycles, connections and mappings are read at Cyclr and compared with what is on record. Nothing is
/// changed there; a lost sign-in reopens the onboarding.
#[utoipa::path(post, path = "/v1/onboardings/{id}/check", operation_id = "check_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = Option<CheckOrder>,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn check(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    BodyOptional(asked): BodyOptional<CheckOrder>,
) -> Result<Response, Error> {
    let command = asked.body.command()?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

/// Ask the tenant's people to sign in again.
///
/// For a live onboarding. The sign-in that Cyclr has is given up first, for nothing else would show that a new
/// one was made; what uses it stops until then. The onboarding keeps its ids, is at `connect` with the
/// requirement `reauthorization_required`, and has a new link. Afterwards cycles that Cyclr has stopped are
/// started again.
#[utoipa::path(post, path = "/v1/onboardings/{id}/reauthorize", operation_id = "reauthorize_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = ReauthorizeOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn reauthorize(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<ReauthorizeOrder>,
) -> Result<Response, Error> {
    let command = asked.body.command(&state)?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

/// Decide what becomes of a difference.
///
/// Named by its code and its object, as `drift` shows it. What cannot be chosen for its kind is refused.
#[utoipa::path(post, path = "/v1/onboardings/{id}/settle_drift", operation_id = "settle_drift", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = SettleDriftOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn settle_drift(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<SettleDriftOrder>,
) -> Result<Response, Error> {
    let command = asked.body.command()?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

/// Go on to a newer version of the blueprint.
///
/// For a live onboarding. Templates that are new in it are installed and mapped while the old cycles run; then
/// those that are not in it any more are stopped, the new ones are activated and the old ones deleted.
/// Templates in both keep their cycle and are mapped again. People may be asked something new.
#[utoipa::path(post, path = "/v1/onboardings/{id}/upgrade", operation_id = "upgrade_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = UpgradeOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn upgrade(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<UpgradeOrder>,
) -> Result<Response, Error> {
    let reason = check_reason(&asked.body.reason)?;
    let found = state.store().find_in_sight(parse_id(&id)?, &caller.sight).await?;
    let key = found.ok_or_else(Error::not_found)?.blueprint.key;
    let upgrade = state.engine.prepare_upgrade((key, asked.body.version), reason).await?;
    order_and_show(&state, &id, Command::Upgrade(upgrade), &caller, &asked).await
}

/// Take everything of an onboarding away at Cyclr.
///
/// Its cycles are stopped and deleted, sign-ins that no other onboarding of the tenant uses are given up, and the
/// account is deleted if Gangway made it and no other onboarding of the tenant needs it. Goes on by itself, at
/// the step `offboard`, until it is `cancelled`. It cannot be taken back.
#[utoipa::path(post, path = "/v1/onboardings/{id}/offboard", operation_id = "offboard_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = OffboardOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn offboard(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<OffboardOrder>,
) -> Result<Response, Error> {
    let command = asked.body.command()?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

impl CheckOrder {
    pub(in crate::api) fn command(&self) -> Result<Command, Error> {
        Ok(Command::Check { reason: self.reason.as_deref().map(check_reason).transpose()? })
    }
}

impl ReauthorizeOrder {
    pub(in crate::api) fn command(&self, state: &AppState) -> Result<Command, Error> {
        let mut mistakes = Mistakes::default();
        let connector = self.connector_id.as_deref().map(|id| id.parse().map(ConnectorId).ok());
        let rule = "the connector_id of one of the onboarding's connections";
        mistakes.require("/connector_id", connector != Some(None), rule);
        let connector = mistakes.or_value(Some(connector.flatten()))?;
        let link_expires_at = state.clock().now() + state.engine.link_life();
        let reason = check_reason(&self.reason)?;
        Ok(Command::Reauthorize { connector, reason, link_expires_at })
    }
}

impl SettleDriftOrder {
    fn command(&self) -> Result<Command, Error> {
        let code = match self.code {
            DifferenceCode::AccountMissing => DriftCode::AccountMissing,
            DifferenceCode::CycleMissing => DriftCode::CycleMissing,
            DifferenceCode::CycleStopped => DriftCode::CycleStopped,
            DifferenceCode::ConnectorMissing => DriftCode::ConnectorMissing,
            DifferenceCode::MappingChanged => DriftCode::MappingChanged,
        };
        let choice = match self.choice {
            Choice::Adopt => DriftChoice::Adopt,
            Choice::Reapply => DriftChoice::Reapply,
            Choice::Ignore => DriftChoice::Ignore,
        };
        let (object, reason) = (self.object.clone(), check_reason(&self.reason)?);
        Ok(Command::SettleDrift { code, object, choice, reason })
    }
}

impl UpgradeManyOrder {
    pub(in crate::api) async fn command(&self, state: &AppState) -> Result<Command, Error> {
        let reason = check_reason(&self.reason)?;
        let mut mistakes = Mistakes::default();
        let key = BlueprintKey::parse(self.blueprint.clone()).ok();
        mistakes.require("/blueprint", key.is_some(), "a blueprint's key");
        let key = mistakes.or_value(key)?;
        match state.engine.prepare_upgrade((key, self.version), reason).await {
            Ok(upgrade) => Ok(Command::Upgrade(upgrade)),
            Err(engine::Error::Invalid(_)) => {
                let mut mistakes = Mistakes::default();
                mistakes.add("/version", "is no published version of that blueprint");
                mistakes.or_value(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl OffboardOrder {
    pub(in crate::api) fn command(&self) -> Result<Command, Error> {
        Ok(Command::Offboard { reason: check_reason(&self.reason)? })
    }
}
