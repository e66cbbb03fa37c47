//! The door for support: one place to find, explain and repair what is stuck.
//!
//! Uses `ids`, `secret`, `clock`, `identity`, `onboarding`, `store`, `engine` and `web`.
//!
//! What always holds:
//! - `operator::Operator<Looks>` (or another need) in a handler's signature is the permission: whoever holds
//!   one is signed in, not disabled and has the role. All but signing in asks for one.
//! - GET changes nothing, but for the way back in `single_sign_on`. What changes something is a form of the
//!   session's own, see `web::Protected`.
//! - An onboarding is changed by an order to the engine alone, with a reason, and only from where it stood
//!   when it was looked at. Its line in the audit is written with it.
//! - Staff never consent for a customer: no page here opens a customer's link or signs in anywhere.
//! - Every page works without a script, which only refreshes what is shown and listens for keys.
//!
//! Decided against: a page application over the API (support reads; a page that is there is enough), session
//! tokens that carry the role (what is taken away holds at the next request).

mod account;
mod act;
mod audit;
mod blueprint;
mod bulk;
mod case;
mod chrome;
mod endpoint;
mod export;
mod failure;
mod home;
mod inputs;
mod life;
mod list;
mod news;
mod operator;
mod order;
mod password;
mod preview;
mod settings;
mod sign_in;
mod single_sign_on;
mod staff;
mod timeline;
mod views;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tower_http::compression::CompressionLayer;

use crate::web::{self, AppState, protect_pages};
use password::Hashing;
pub use password::{RULE as PASSWORD_RULE, is_good as is_good_password};
pub use preview::CustomersPage;

/// What the handlers of this door hold.
#[derive(Clone, FromRef)]
struct Console {
    app: AppState,
    hashing: Arc<Hashing>,
    customers_page: CustomersPage,
}

/// All pages, with the headers that protect them.
pub fn router(state: AppState, customers_page: CustomersPage) -> Router {
    let console = Console { app: state.clone(), hashing: Arc::default(), customers_page };
    let case = "/console/onboardings/{reference}";
    let routes = Router::new()
        .route("/console", get(home::show))
        .route("/console/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/console/sign-in/start", get(single_sign_on::begin))
        .route("/console/sign-in/return", get(single_sign_on::come_back))
        .route("/console/sign-out", post(sign_in::sign_out))
        .route("/console/account", get(account::show))
        .route("/console/account/password", post(account::change_password))
        .route("/console/account/sessions/{session}/end", post(account::end_session))
        .route("/console/prove", get(account::ask_proof).post(account::prove))
        .route("/console/prove/start", get(single_sign_on::prove_again))
        .route("/console/onboardings", get(list::show))
        .route("/console/onboardings.csv", get(export::export))
        .route("/console/views", post(views::save))
        .route("/console/views/{view}/delete", post(views::delete))
        .route(case, get(case::show))
        .route(&format!("{case}/preview"), get(preview::show))
        .route(&format!("{case}/{{action}}"), get(act::show).post(act::order))
        .route(&format!("{case}/deliveries/{{endpoint}}/{{message}}/replay"), post(case::replay))
        .route("/console/settings", get(settings::show))
        .route("/console/settings/blueprints/{key}", get(blueprint::show))
        .route("/console/settings/endpoints/{id}", get(endpoint::show))
        .route("/console/settings/endpoints/{id}/switch", post(endpoint::switch))
        .route("/console/settings/keys/{key}/revoke", post(settings::revoke_key))
        .route("/console/bulk", get(bulk::list).post(bulk::preview))
        .route("/console/bulk/new", get(bulk::choose))
        .route("/console/bulk/{id}", get(bulk::show))
        .route("/console/bulk/{id}/start", post(bulk::start))
        .route("/console/bulk/{id}/cancel", post(bulk::cancel))
        .route("/console/audit", get(audit::show))
        .route("/console/audit.csv", get(audit::export))
        .route("/console/staff", get(staff::show).post(staff::add))
        .route("/console/staff/{email}", post(staff::change))
        .route("/console/{*rest}", get(async || web::Error::not_found()))
        .merge(chrome::assets())
        .layer(CompressionLayer::new())
        .with_state(console);
    web::guards(routes, web::RouteClass::Console)
        .layer(from_fn(failure::dress))
        .layer(from_fn_with_state(state, protect_pages))
}
