//! Orders to many onboardings: all that match a filter, however many pages of a list they would be.
//!
//! What always holds:
//! - Two requests: the first one shows how many match and some of them, the second one starts exactly
//!   that. What matches more by then than was shown is not started.
//! - The filter is that of lists and counts, and the orders are those of single onboardings, read and
//!   checked by the same code.
//! - Who may see less than all blueprints orders of no more than they see, and sees no order that does.

mod progress;
mod shapes;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use uuid::Uuid;

use super::caller::{Caller, Write};
use super::repeatable::{BodyOptional, Nothing, Repeatable, find_earlier, send, spell};
use crate::engine::{BulkRequest, MOST_IN_BULK};
use crate::ids::BulkOrderId;
use crate::onboarding::BulkCommand;
use crate::store::{Answer, BulkDeed, BulkOrder, BulkRefusal, IdempotencyKey};
use crate::web::fields::Mistakes;
use crate::web::{AppState, Error, Kind, read_json};
use shapes::{BulkBody, BulkPreviewBody, ManyOrder, NewBulkBody, SampleBody};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// All routes about orders to many.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(preview, progress::list))
        .routes(routes!(progress::show))
        .routes(routes!(progress::list_items))
        .routes(routes!(start))
        .routes(routes!(cancel))
}

/// Preview an order to all onboardings that match.
///
/// Nothing is told to any of them yet. The answer shows how many match and the newest of them; `start` it
/// within 15 minutes. At most 100,000 may match.
#[utoipa::path(post, path = "/v1/bulk_orders", operation_id = "preview_bulk_order", tag = "bulk_orders",
    request_body = NewBulkBody, responses((status = CREATED, body = BulkPreviewBody)))]
pub(super) async fn preview(
    caller: Caller<Write>,
    State(state): State<AppState>,
    asked: Repeatable<NewBulkBody>,
) -> Result<Response, Error> {
    let once = asked.idempotency(&caller);
    match prepare(&caller, &state, &asked.body).await {
        Ok((request, count, sample)) => {
            let render = |order: &BulkOrder| {
                let order = BulkBody::from(order);
                spell(StatusCode::CREATED, &BulkPreviewBody { order, sample: sample.clone() })
            };
            let kept = state.engine.preview_bulk(request, count, once.as_ref(), &render).await?;
            answer(&kept)
        }
        // What was taken once may match too much today.
        Err(refusal) => answer(&find_earlier(&state, once.as_ref(), refusal).await?),
    }
}

type Prepared = (BulkRequest, u64, Vec<SampleBody>);

async fn prepare(
    caller: &Caller<Write>,
    state: &AppState,
    body: &NewBulkBody,
) -> Result<Prepared, Error> {
    let mut mistakes = Mistakes::default();
    let filter = body.filter.parse("/filter/", &mut mistakes);
    let command = read_order(&body.order, state, &mut mistakes).await?;
    let (filter, command) = mistakes.or_value(command.map(|command| (filter, command)))?;
    let found = state.engine.look_at_many(&filter, &caller.sight).await?;
    let mut mistakes = Mistakes::default();
    let rule =
        format!("narrower: it matches {} onboardings, of at most {MOST_IN_BULK}", found.count);
    mistakes.require("/filter", found.count <= MOST_IN_BULK, &rule);
    let now = state.clock().now();
    let action = command.action();
    let sample = found.sample.iter().map(|one| SampleBody::of(one, one.may(action, now)));
    let (actor, sight) = (caller.actor.clone(), caller.sight.clone());
    let asked = serde_json::to_value(body).map_err(Error::internal)?;
    let request = BulkRequest { actor, sight, asked, filter, command };
    mistakes.or_value(Some((request, found.count, sample.collect())))
}

/// What is wrong is noted with its place in the body.
async fn read_order(
    order: &Value,
    state: &AppState,
    mistakes: &mut Mistakes,
) -> Result<Option<BulkCommand>, Error> {
    let mut note = |place: &str, error: Error| {
        for mistake in error.fields {
            mistakes.add(format!("{place}{}", mistake.pointer), mistake.reason);
        }
    };
    let read: ManyOrder = match read_json(order.to_string().as_bytes()) {
        Ok(read) => read,
        Err(error) => {
            note("/order", error);
            return Ok(None);
        }
    };
    match read.command(state).await {
        Ok(command) => Ok(BulkCommand::of(command)),
        // About no field: the database's, say.
        Err(error) if error.fields.is_empty() => Err(error),
        Err(error) => {
            let name = order.as_object().and_then(|order| order.keys().next());
            note(&format!("/order/{}", name.map_or("", String::as_str)), error);
            Ok(None)
        }
    }
}

/// Start what was previewed.
///
/// Each onboarding gets its turn, a few at a time; those that do not match any more by then are passed by.
/// Refused when more match by now than the preview showed. What was started already is shown as it
/// stands.
#[utoipa::path(post, path = "/v1/bulk_orders/{id}/start", operation_id = "start_bulk_order", tag = "bulk_orders",
    params(("id" = Uuid, Path)), responses((status = OK, body = BulkBody)))]
pub(super) async fn start(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    BodyOptional(asked): BodyOptional<Nothing>,
) -> Result<Response, Error> {
    let once = asked.idempotency(&caller);
    let id = (parse_bulk(&id)?, &caller.sight);
    match state.engine.start_bulk(id, deed(once.as_ref())).await? {
        Ok(kept) => answer(&kept),
        Err(refusal) => Err(refused(refusal)),
    }
}

/// Stop an order to many.
///
/// Once this is answered nobody is told any more. What was done stays done.
#[utoipa::path(post, path = "/v1/bulk_orders/{id}/cancel", operation_id = "cancel_bulk_order", tag = "bulk_orders",
    params(("id" = Uuid, Path)), responses((status = OK, body = BulkBody)))]
pub(super) async fn cancel(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    BodyOptional(asked): BodyOptional<Nothing>,
) -> Result<Response, Error> {
    let once = asked.idempotency(&caller);
    let id = (parse_bulk(&id)?, &caller.sight);
    match state.engine.cancel_bulk(id, deed(once.as_ref())).await? {
        Ok(kept) => answer(&kept),
        Err(refusal) => Err(refused(refusal)),
    }
}

fn deed(once: Option<&IdempotencyKey>) -> BulkDeed<'_> {
    BulkDeed { once, render: &show, audit: None }
}

fn show(order: &BulkOrder) -> (u16, String) {
    spell(StatusCode::OK, &BulkBody::from(order))
}

fn answer(kept: &Answer) -> Result<Response, Error> {
    send(kept, kept.body.clone(), None)
}

fn refused(refusal: BulkRefusal) -> Error {
    let conflict = |detail: String| Error::new(Kind::Conflict, detail);
    match refusal {
        BulkRefusal::Unknown => Error::not_found(),
        BulkRefusal::TooOld => {
            conflict("This preview is older than 15 minutes. Make another one.".to_owned())
        }
        BulkRefusal::Outgrown { previewed, now } => conflict(format!(
            "It matches {now} onboardings by now, and the preview showed {previewed}. Nothing was \
             started: make another preview."
        )),
        BulkRefusal::WasCancelled => {
            conflict("It was cancelled. Make another preview to give the order again.".to_owned())
        }
        BulkRefusal::IsDone => conflict("Everybody has had their turn already.".to_owned()),
    }
}

/// An id that is no id names nothing, like one that was never given out.
fn parse_bulk(text: &str) -> Result<BulkOrderId, Error> {
    Uuid::try_parse(text).map(BulkOrderId).map_err(|_| Error::not_found())
}
