//! Lists of onboardings.

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use uuid::Uuid;

use super::caller::{Caller, Read};
use super::fields::Mistakes;
use super::parameters::Parameters;
use super::shapes::{OnboardingBody, OnboardingPage};
use crate::ids::{BlueprintKey, OnboardingId, TenantId};
use crate::onboarding::{Status, StepKind};
use crate::store::Filter;
use crate::web::{AppState, Error, JsonAnswer};

/// What the list is narrowed to; all that is given must hold.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// `running`, `retrying`, `waiting`, `stuck`, `live` or `cancelled`.
    status: Option<String>,
    /// `create_account`, `install`, `connect`, `map`, `activate` or `live`.
    step: Option<String>,
    /// The key of a blueprint, in any version.
    blueprint: Option<String>,
    tenant_id: Option<String>,
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

/// List onboardings, newest first.
///
/// Read on with `next_cursor` until it is `null`. Whatever is started meanwhile stands before the
/// first page, so nothing is skipped or shown twice.
#[utoipa::path(get, path = "/v1/onboardings", operation_id = "list_onboardings", tag = "onboardings", params(ListQuery),
    responses((status = OK, body = OnboardingPage)))]
pub(super) async fn list(
    _caller: Caller<Read>,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
) -> Result<JsonAnswer<OnboardingPage>, Error> {
    let limit = query.limit;
    let (filter, before) = parse(query)?;
    let page = state.store().list(&filter, before, limit).await?;
    let shown = page.onboardings.iter().map(|onboarding| OnboardingBody::show(onboarding, &state));
    let data = shown.collect();
    let next_cursor = page.next.map(write_cursor);
    Ok(JsonAnswer(StatusCode::OK, OnboardingPage { data, next_cursor }))
}

fn parse(query: ListQuery) -> Result<(Filter, Option<OnboardingId>), Error> {
    let mut mistakes = Mistakes::default();
    let status = query.status.as_deref();
    let known = status.is_none_or(|name| Status::NAMES.contains(&name));
    mistakes.require("status", known, &format!("one of {}", Status::NAMES.join(", ")));
    let step = query.step.as_deref();
    let known = step.is_none_or(|name| StepKind::parse(name).is_some());
    mistakes.require(
        "step",
        known,
        &format!("one of {}", StepKind::ALL.map(StepKind::name).join(", ")),
    );
    mistakes.require("limit", (1..=100).contains(&query.limit), "1 to 100");
    let blueprint = query.blueprint.map(BlueprintKey::parse);
    let blueprint = blueprint.and_then(|key| mistakes.parsed("blueprint", key));
    let tenant = query.tenant_id.map(TenantId::parse);
    let tenant = tenant.and_then(|tenant| mistakes.parsed("tenant_id", tenant));
    let before = query.cursor.as_deref().map(read_cursor);
    mistakes.require("cursor", before != Some(None), "the next_cursor of an earlier page");
    let filter = Filter { status: query.status, step: query.step, blueprint, tenant };
    mistakes.or_value(Some((filter, before.flatten())))
}

/// What stands in `next_cursor`: where the next page begins.
pub fn write_cursor(before: OnboardingId) -> String {
    URL_SAFE_NO_PAD.encode(before.0.as_bytes())
}

/// `None` for anything that [`write_cursor`] does not write.
pub fn read_cursor(text: &str) -> Option<OnboardingId> {
    let bytes = (text.len() == 22).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
    Uuid::from_slice(&bytes).ok().map(OnboardingId)
}
