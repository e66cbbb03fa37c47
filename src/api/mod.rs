//! The door for the integrator: JSON over HTTP, described by the OpenAPI document it generates.
//!
//! Uses `ids`, `onboarding`, `store` (for reading), `engine` (for changes), `webhooks`
//! (for what concerns endpoints) and `web`.
//!
//! What always holds:
//! - `caller::Caller<Read>` (or another need) in a handler's signature is the permission: whoever holds
//!   one has shown a key that is known, not revoked and good for that. Its `sight` goes into every
//!   query; what is out of sight is answered like what does not exist.
//! - `shapes` has the only types that are sent. A field is there or it is `null`, never left out.
//! - What comes in is checked whole, then parsed into types; all mistakes are told at once.
//! - Whatever changes something takes an `Idempotency-Key`, and is then carried out once and answered the
//!   same way however often it is asked, byte for byte: see `repeatable`. Links in such answers are put
//!   in when they are sent, never kept; what shows a secret is kept sealed.
//! - A route exists because its handler was collected by `routes!`, so it is in the document too.
//!
//! Decided against: a prefix on ids (`UUIDv7` sorts, and the path says what it names), `PATCH` (what
//! may be changed has a verb of its own), keeping refusals for repetitions (they have changed nothing,
//! and the same request may be good a moment later).

mod blueprints;
mod bulk;
mod caller;
mod document;
mod events;
mod export;
mod health;
mod keys;
mod list;
mod onboardings;
mod orders;
mod reference;
mod repeatable;
mod shapes;
mod start;
mod stream;
mod tenants;
mod version;
mod webhooks;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::any;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::document;
pub use list::{read_cursor, write_cursor};
pub use webhooks::webhook_words;

use crate::web::{AppState, Error, ProblemPage, RouteClass, dress_as_problem, guards, tell_limits};

/// All routes of the API, with failures dressed as problems. Belongs within
/// [`crate::web::shared_layers`].
pub fn router(state: AppState) -> Router {
    let problems = ProblemPage::at(state.public_url());
    let (routes, _) = described_routes().split_for_parts();
    let routes = routes.route("/v1/{*rest}", any(async || Error::not_found())).with_state(state);
    guards(routes, RouteClass::Api)
        .layer(from_fn(tell_limits))
        .layer(from_fn(version::agree))
        .layer(from_fn_with_state(problems, dress_as_problem))
        .merge(reference::routes())
}

fn described_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(document::frame())
        .routes(routes!(start::start, list::list))
        .routes(routes!(list::count))
        .routes(routes!(onboardings::show))
        .routes(routes!(orders::link::change_link))
        .routes(routes!(orders::course::retry))
        .routes(routes!(orders::course::skip))
        .routes(routes!(orders::course::restart_from))
        .routes(routes!(orders::course::adopt))
        .routes(routes!(orders::course::cancel))
        .routes(routes!(orders::after_live::drift))
        .routes(routes!(orders::after_live::check))
        .routes(routes!(orders::after_live::reauthorize))
        .routes(routes!(orders::after_live::settle_drift))
        .routes(routes!(orders::after_live::upgrade))
        .routes(routes!(orders::after_live::offboard))
        .routes(routes!(orders::words::answer))
        .routes(routes!(orders::words::note))
        .routes(routes!(orders::care::assign))
        .routes(routes!(orders::care::snooze))
        .routes(routes!(events::list_events))
        .routes(routes!(stream::stream_events))
        .routes(routes!(export::export))
        .routes(routes!(blueprints::publish, blueprints::list::list))
        .routes(routes!(blueprints::list::list_versions))
        .routes(routes!(blueprints::logos::upload))
        .routes(routes!(blueprints::show))
        .routes(routes!(blueprints::preflight::preflight))
        .routes(routes!(blueprints::preflight::preflight_version))
        .merge(bulk::routes())
        .merge(webhooks::routes())
        .routes(routes!(keys::create, keys::list))
        .routes(routes!(keys::show, keys::revoke))
        .routes(routes!(tenants::export))
        .routes(routes!(tenants::erase))
        .routes(routes!(document::show))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
}
