//! The door for the tenant's people: the pages on which they connect accounts and answer questions.
//!
//! Uses `ids`, `secret`, `onboarding`, `store`, `engine` and `web`.
//!
//! What always holds:
//! - Nothing is shown and nothing done without a `visit::Visit`: a cookie that only the link gives,
//!   for this onboarding and this generation of its link. What is wrong with a link or a cookie is
//!   not told; every wrong one gets the same page.
//! - GET and HEAD change nothing: mail scanners may follow links as often as they like. The one
//!   exception, coming back from a provider, only makes us look at Cyclr sooner.
//! - What a browser brings back from a provider is a reason to look, never a fact.
//! - A credential goes through to Cyclr. It is not stored, not logged and never shown again.
//! - Every page works without a script, and says in its title and heading where it stands.
//!
//! Decided against: a session table (see `web`); a page between the button and the provider (a
//! redirect needs no more than a wider `form-action` on that one page).

mod connect;
mod credential;
mod headers;
mod journey;
mod leave;
mod progress;
mod questions;
mod return_page;
mod visit;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use crate::web::{self, AppState, assets, dress_as_page};

/// All pages, with the headers that protect them. Has a fallback of its own.
pub fn router(state: AppState) -> Router {
    let routes = Router::new()
        .route("/l/{token}", get(visit::open_link))
        .route("/o/{reference}", get(progress::show))
        .route("/o/{reference}/leave", get(leave::leave))
        .route("/o/{reference}/answers", post(questions::submit))
        .route("/o/{reference}/connections/{connector}/sign-in", post(connect::sign_in))
        .route("/o/{reference}/connections/{connector}/credential", post(credential::submit))
        .route("/return/{attempt}", get(return_page::come_back))
        .merge(assets())
        .fallback(|| async { web::Error::not_found() })
        .with_state(state.clone());
    web::guards(routes)
        .layer(from_fn(dress_as_page))
        .layer(from_fn_with_state(state, headers::protect))
}
