//! The door for the tenant's people: the pages on which they connect accounts and answer questions.
//!
//! Uses `ids`, `secret`, `words`, `onboarding`, `store`, `engine` and `web`.
//!
//! What always holds:
//! - Nothing is shown and nothing done without a `visit::Visit`: a cookie that only a link gives, for
//!   this onboarding and this generation of its link. What is wrong with a link or a cookie is not
//!   told; every wrong one gets the same page.
//! - A colleague's visit opens the routes that name its connection, and no other.
//! - GET and HEAD change nothing: mail scanners may follow links as often as they like. The one
//!   exception, coming back from a provider, is noted as a hint and makes us look at Cyclr sooner.
//! - What a browser brings back from a provider is a reason to look, never a fact.
//! - A credential goes through to Cyclr. It is not stored, not logged and never shown again.
//! - Staff see a page as [`Preview`] makes it: nothing on it can be sent, and nothing is asked for it.
//! - Every page works without a script, and says in its title and heading where it stands.
//!
//! Decided against: a session table (see `web`); a page between the button and the provider (a
//! redirect needs no more than a wider `form-action` on that one page).

mod colleague;
mod connect;
mod details;
mod embed;
mod hand_over;
mod headers;
mod journey;
mod leave;
mod logo;
mod news;
mod notices;
mod options;
mod preview;
mod progress;
mod questions;
mod return_page;
mod review;
mod visit;
mod want_link;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tower_http::compression::CompressionLayer;

pub use preview::Preview;

use crate::web::{self, AppState, assets, dress_as_page, protect_pages, read_wishes};
use options::LiveOptions;

/// What the handlers of this door hold.
#[derive(Clone, FromRef)]
struct Hosted {
    app: AppState,
    options: Arc<LiveOptions>,
}

/// All pages, with the headers that protect them. Has a fallback of its own.
pub fn router(state: AppState) -> Router {
    let hosted = Hosted { options: Arc::new(LiveOptions::new(state.clock())), app: state.clone() };
    let connection = "/o/{reference}/connections/{connector}";
    let routes = Router::new()
        .route("/l/{token}", get(visit::open_link).post(want_link::ask))
        .route("/c/{token}", get(colleague::open_link))
        .route("/o/{reference}", get(progress::show))
        .route("/o/{reference}/opened", post(progress::opened))
        .route("/o/{reference}/leave", get(leave::leave))
        .route("/o/{reference}/answers", post(questions::submit))
        .route("/o/{reference}/draft", post(questions::save_draft))
        .route("/o/{reference}/review", get(review::show).post(review::confirm))
        .route(connection, get(colleague::show))
        .route(&format!("{connection}/sign-in"), post(connect::sign_in))
        .route(&format!("{connection}/look"), post(connect::look))
        .route(&format!("{connection}/details"), post(details::submit))
        .route(&format!("{connection}/hand-over"), get(hand_over::show).post(hand_over::decide))
        .route(&format!("{connection}/approval"), post(hand_over::decide_approval))
        .route("/return/declined", get(return_page::come_back_declined))
        .route("/return/{attempt}", get(return_page::come_back))
        .route("/return/{attempt}/window", get(return_page::come_back_in_window))
        .route("/logo/{logo}", get(logo::show))
        .merge(assets())
        .merge(embed::router())
        .layer(CompressionLayer::new())
        // What is told while it happens must not wait for a compressor to be full.
        .route("/o/{reference}/news", get(news::listen))
        .route(&format!("{connection}/news"), get(news::listen))
        .fallback(|| async { web::Error::not_found() })
        .with_state(hosted);
    web::guards(routes, web::RouteClass::Hosted)
        .layer(from_fn(dress_as_page))
        .layer(from_fn(read_wishes))
        .layer(from_fn_with_state(state, protect_pages))
}
