//! Where the integrator is told of changes: endpoints, and what became of what was told.

mod deliveries;
mod endpoints;
mod shapes;
mod words;

use axum::http::StatusCode;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub use words::webhook_words;

use crate::ids::EndpointId;
use crate::store::{EndpointOrder, OrderOutcome};
use crate::web::{AppState, Error, Kind, json_text};
use crate::webhooks::{Once, Ordered};

/// All routes about webhooks.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(endpoints::create, endpoints::list))
        .routes(routes!(endpoints::show, endpoints::update, endpoints::remove))
        .routes(routes!(endpoints::enable))
        .routes(routes!(endpoints::disable))
        .routes(routes!(endpoints::rotate))
        .routes(routes!(endpoints::test))
        .routes(routes!(deliveries::replay))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::show))
        .routes(routes!(deliveries::replay_one))
}

/// An id that is no id names nothing, like one that was never given out.
fn parse_endpoint(text: &str) -> Result<EndpointId, Error> {
    Uuid::try_parse(text).map(EndpointId).map_err(|_| Error::not_found())
}

/// Carries the order out and answers as `spell` has it, or as the same request was answered before.
async fn order(
    state: &AppState,
    order: EndpointOrder,
    once: Once,
    spell: impl Fn(&OrderOutcome) -> (u16, String) + Send + Sync,
) -> Result<Response, Error> {
    let answer = state.endpoints().order(&order, &once, spell).await?;
    show(answer)
}

/// What a repetition gets that was good once: an address may lead elsewhere today.
async fn earlier(state: &AppState, once: &Once, refusal: Error) -> Result<Response, Error> {
    show(state.endpoints().find_answer(once).await?.ok_or(refusal)?)
}

fn show(answer: Ordered) -> Result<Response, Error> {
    match answer.status {
        404 => Err(Error::not_found()),
        409 => Err(Error::new(
            Kind::Conflict,
            "There are as many endpoints as there may be. Delete one that nobody needs.",
        )),
        status => {
            let status = StatusCode::from_u16(status).map_err(Error::internal)?;
            Ok(json_text(status, answer.body))
        }
    }
}

/// Status and body of what there is to show; refusals are told by their status alone.
fn spell(outcome: &OrderOutcome, secret: Option<&str>, status: u16) -> (u16, String) {
    let text = match outcome {
        OrderOutcome::Stands(endpoint) => {
            let mut body = shapes::EndpointBody::from(endpoint);
            body.secret = secret.map(str::to_owned);
            serde_json::to_string(&body)
        }
        OrderOutcome::Queued(queued) => {
            serde_json::to_string(&shapes::QueuedBody { queued: *queued })
        }
        OrderOutcome::Deleted => Ok("{}".to_owned()),
        OrderOutcome::Unknown => return (404, String::new()),
        OrderOutcome::TooMany => return (409, String::new()),
    };
    // Texts, numbers and lists only: this cannot fail, and an empty body would show if it did.
    (status, text.unwrap_or_default())
}
