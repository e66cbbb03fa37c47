//! The API host: one file per resource, one short function per endpoint.

mod account_connectors;
mod accounts;
mod catalogue;
mod cycles;
mod steps;
mod token;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post, put};

use super::Sandbox;
use super::request::{BODY_LIMIT, Refusal};

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/oauth/token", post(token::issue))
        .route("/v1.0/accounts", get(accounts::list).post(accounts::create))
        .route(
            "/v1.0/accounts/{id}",
            get(accounts::show).put(accounts::update).delete(accounts::delete),
        )
        .route("/v1.0/accounts/{id}/signintoken", post(accounts::sign_in_token))
        .route("/v1.0/templates", get(catalogue::templates))
        .route("/v1.0/templates/{id}", get(catalogue::template))
        .route("/v1.0/templates/{id}/install", post(catalogue::install))
        .route("/v1.0/connectors", get(catalogue::connectors))
        .route("/v1.0/connectors/{id}", get(catalogue::connector))
        .merge(account_connectors())
        .merge(cycles())
        .merge(steps())
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

fn account_connectors() -> Router<Sandbox> {
    use account_connectors as of;
    Router::new()
        .route("/v1.0/account/connectors", get(of::list))
        .route("/v1.0/account/connectors/{id}", get(of::show).put(of::update))
        .route("/v1.0/account/connectors/{id}/deauthenticate", put(of::deauthenticate))
        .route(
            "/v1.0/account/connectors/{id}/properties",
            get(of::list_properties).post(of::add_property),
        )
        .route(
            "/v1.0/account/connectors/{id}/properties/{property}",
            get(of::show_property).put(of::update_property),
        )
}

fn cycles() -> Router<Sandbox> {
    Router::new()
        .route("/v1.0/cycles", get(cycles::list))
        .route("/v1.0/cycles/{id}", get(cycles::show).delete(cycles::delete))
        .route("/v1.0/cycles/{id}/steps", get(cycles::steps))
        .route("/v1.0/cycles/{id}/steps/{step}", get(cycles::step))
        .route("/v1.0/cycles/{id}/prerequisites", get(cycles::prerequisites))
        .route("/v1.0/cycles/{id}/activate", put(cycles::activate))
        .route("/v1.0/cycles/{id}/deactivate", put(cycles::deactivate))
}

fn steps() -> Router<Sandbox> {
    Router::new()
        .route("/v1.0/steps/{id}/prerequisites", get(steps::prerequisites))
        .route("/v1.0/steps/{id}/parameters", get(steps::parameters))
        .route(
            "/v1.0/steps/{id}/parameters/{parameter}",
            get(steps::parameter).put(steps::set_parameter),
        )
        .route("/v1.0/steps/{id}/parameters/{parameter}/lookup", post(steps::look_up))
        .route("/v1.0/steps/{id}/fieldmappings", get(steps::fields))
        .route("/v1.0/steps/{id}/fieldmappings/{field}", get(steps::field).put(steps::set_field))
}

async fn unknown(uri: Uri) -> Refusal {
    let path = uri.path();
    let message = format!("No HTTP resource was found that matches the request URI '{path}'.");
    Refusal::new(StatusCode::NOT_FOUND, message)
}

async fn wrong_method() -> Refusal {
    let message = "The requested resource does not support this http method.";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message)
}
