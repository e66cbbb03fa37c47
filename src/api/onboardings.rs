//! One onboarding: how it stands.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use uuid::Uuid;

use super::caller::{Caller, Read};
use super::shapes::OnboardingBody;
use crate::ids::OnboardingId;
use crate::web::{AppState, Error, JsonAnswer};

/// An id that is no id names nothing, like one that was never given out.
pub(super) fn parse_id(text: &str) -> Result<OnboardingId, Error> {
    Uuid::try_parse(text).map(OnboardingId).map_err(|_| Error::not_found())
}

/// Show an onboarding.
///
/// Where it stands, who must act and what to do, which orders it takes, and the link for the tenant's
/// people.
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
