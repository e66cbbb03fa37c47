//! How far an order to many has come.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::parse_bulk;
use super::shapes::{BulkBody, BulkPageBody, ItemBody, ItemPageBody, PENDING};
use crate::api::caller::{Caller, Read};
use crate::api::list::{read_cursor, write_cursor};
use crate::ids::{BulkOrderId, OnboardingId};
use crate::store::ItemResult;
use crate::web::fields::Mistakes;
use crate::web::parameters::Parameters;
use crate::web::{AppState, Error, JsonAnswer};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct BulkQuery {
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Most entries of a page.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 100)]
    limit: u16,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct ItemQuery {
    /// `pending`, `done`, `refused`, `passed_by` or `failed`: only these.
    result: Option<String>,
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

/// List orders to many, newest first.
///
/// Previews that were never started are forgotten after a day, all others after 90 days.
#[utoipa::path(get, path = "/v1/bulk_orders", operation_id = "list_bulk_orders", tag = "bulk_orders",
    params(BulkQuery), responses((status = OK, body = BulkPageBody)))]
pub(super) async fn list(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Parameters(query): Parameters<BulkQuery>,
) -> Result<JsonAnswer<BulkPageBody>, Error> {
    let before = check_page(query.cursor.as_deref(), query.limit, Mistakes::default())?;
    let before = before.map(|id| BulkOrderId(id.0));
    // One more than is shown, to see whether there is another page.
    let mut orders = state.store().list_bulk(&caller.sight, before, query.limit + 1).await?;
    let more = orders.len() > usize::from(query.limit);
    orders.truncate(query.limit.into());
    let next_cursor =
        orders.last().filter(|_| more).map(|last| write_cursor(OnboardingId(last.id.0)));
    let data = orders.iter().map(BulkBody::from).collect();
    Ok(JsonAnswer(StatusCode::OK, BulkPageBody { data, next_cursor }))
}

/// Show an order to many.
///
/// How many have had their turn, and with what result, counted at this moment.
#[utoipa::path(get, path = "/v1/bulk_orders/{id}", operation_id = "show_bulk_order", tag = "bulk_orders",
    params(("id" = Uuid, Path)), responses((status = OK, body = BulkBody)))]
pub(super) async fn show(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<JsonAnswer<BulkBody>, Error> {
    let found = state.store().find_bulk(parse_bulk(&id)?, &caller.sight).await?;
    let order = found.ok_or_else(Error::not_found)?;
    Ok(JsonAnswer(StatusCode::OK, BulkBody::from(&order)))
}

/// List what became of each onboarding.
///
/// Oldest onboarding first; `result` narrows it to one result.
#[utoipa::path(get, path = "/v1/bulk_orders/{id}/items", operation_id = "list_bulk_items", tag = "bulk_orders",
    params(("id" = Uuid, Path), ItemQuery), responses((status = OK, body = ItemPageBody)))]
pub(super) async fn list_items(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    Parameters(query): Parameters<ItemQuery>,
) -> Result<JsonAnswer<ItemPageBody>, Error> {
    let id = parse_bulk(&id)?;
    let mut mistakes = Mistakes::default();
    let result = query.result.as_deref().map(|name| match name {
        PENDING => Some(None),
        name => ItemResult::parse(name).map(Some),
    });
    let names = ItemResult::ALL.map(ItemResult::name).join(", ");
    mistakes.require("result", result != Some(None), &format!("one of {PENDING}, {names}"));
    let after = check_page(query.cursor.as_deref(), query.limit, mistakes)?;
    state.store().find_bulk(id, &caller.sight).await?.ok_or_else(Error::not_found)?;
    let page = state.store().list_bulk_items(id, result.flatten(), after, query.limit).await?;
    let last = page.items.last().filter(|_| page.more);
    let next_cursor = last.map(|last| write_cursor(last.onboarding));
    let data = page.items.into_iter().map(ItemBody::from).collect();
    Ok(JsonAnswer(StatusCode::OK, ItemPageBody { data, next_cursor }))
}

fn check_page(
    cursor: Option<&str>,
    limit: u16,
    mut mistakes: Mistakes,
) -> Result<Option<OnboardingId>, Error> {
    mistakes.require("limit", (1..=100).contains(&limit), "1 to 100");
    let place = cursor.map(read_cursor);
    mistakes.require("cursor", place != Some(None), "the next_cursor of an earlier page");
    mistakes.or_value(Some(place.flatten()))
}
