//! Lists of onboardings.

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::caller::{Caller, Read};
use super::shapes::{CountsBody, OnboardingBody, OnboardingPage};
use crate::ids::OnboardingId;
use crate::store::Cursor;
use crate::web::fields::Mistakes;
use crate::web::narrow::{FilterParams, Narrowed, PagingParams, read_asked};
use crate::web::parameters::Parameters;
use crate::web::{AppState, Error, JsonAnswer};

/// List onboardings, newest first if nothing else is asked for.
///
/// Read on with `next_cursor` until it is `null`: a page with fewer entries than were asked for is
/// not always the last one. Whatever is started meanwhile stands before the first page (in the order
/// `newest`) or after the last one (`oldest`), so nothing is skipped or shown twice.
#[utoipa::path(get, path = "/v1/onboardings", operation_id = "list_onboardings", tag = "onboardings",
    params(FilterParams, PagingParams), responses((status = OK, body = OnboardingPage)))]
pub(super) async fn list(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Narrowed(filter, paging): Narrowed,
) -> Result<JsonAnswer<OnboardingPage>, Error> {
    let (filter, order, after, limit) = read_asked(&filter, &paging)?;
    let page = state.store().list((&filter, &caller.sight), order, after, limit).await?;
    let shown = page.onboardings.iter().map(|onboarding| OnboardingBody::show(onboarding, &state));
    let data = shown.collect();
    let next_cursor = page.next.as_ref().map(Cursor::write);
    Ok(JsonAnswer(StatusCode::OK, OnboardingPage { data, next_cursor }))
}

/// Count onboardings, with the same filters as the list.
///
/// Exact at one moment; what there is none of is left out.
#[utoipa::path(get, path = "/v1/onboardings/counts", operation_id = "count_onboardings", tag = "onboardings",
    params(FilterParams), responses((status = OK, body = CountsBody)))]
pub(super) async fn count(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Parameters(filter): Parameters<FilterParams>,
) -> Result<JsonAnswer<CountsBody>, Error> {
    let mut mistakes = Mistakes::default();
    let filter = filter.parse("", &mut mistakes);
    let filter = mistakes.or_value(Some(filter))?;
    let counts = state.store().count(&filter, &caller.sight).await?;
    Ok(JsonAnswer(StatusCode::OK, CountsBody::from(counts)))
}

/// What stands in `next_cursor` of lists that go by ids alone: where the next page begins.
pub fn write_cursor(before: OnboardingId) -> String {
    URL_SAFE_NO_PAD.encode(before.0.as_bytes())
}

/// `None` for anything that [`write_cursor`] does not write.
pub fn read_cursor(text: &str) -> Option<OnboardingId> {
    let bytes = (text.len() == 22).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
    Uuid::from_slice(&bytes).ok().map(OnboardingId)
}
