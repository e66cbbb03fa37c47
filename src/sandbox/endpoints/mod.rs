//! The API host: one file per resource, one short function per endpoint.

mod account_connectors;
mod accounts;
mod calls_out;
mod connectors;
mod cycles;
mod health;
mod steps;
mod templates;
mod token;
mod users;
mod variables;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post, put};

use super::Sandbox;
use super::request::{BODY_LIMIT, Refusal};

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/oauth/token", post(token::issue))
        .merge(accounts())
        .merge(catalogue())
        .merge(account_connectors())
        .merge(cycles())
        .merge(health())
        .merge(steps())
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

fn accounts() -> Router<Sandbox> {
    use accounts as of;
    Router::new()
        .route("/v1.0/accounts", get(of::list).post(of::create))
        .route("/v1.0/accounts/{id}", get(of::show).put(of::update).delete(of::delete))
        .route("/v1.0/accounts/{id}/signintoken", post(of::sign_in_token))
        .route("/v1.0/accounts/{id}/subaccounts", get(of::sub_accounts))
        .route("/v1.0/accounts/{id}/usage", get(of::usage))
        .route("/v1.0/accounts/{id}/users", get(users::list).put(users::add).delete(users::remove))
        .route("/v1.0/users", put(users::set_password))
}

fn catalogue() -> Router<Sandbox> {
    use connectors as of;
    Router::new()
        .route("/v1.0/templates", get(templates::list))
        .route("/v1.0/templates/{id}", get(templates::show))
        .route("/v1.0/templates/{id}/install", post(templates::install))
        .route("/v1.0/connectors", get(of::list))
        .route("/v1.0/connectors/{connector}", get(of::show))
        .route("/v1.0/connectors/{connector}/methods", get(of::methods))
        .route("/v1.0/connectors/{connector}/install", post(of::install))
        .route("/v1.0/connectors/{connector}/{version}", get(of::show_version))
        .route("/v1.0/connectors/{connector}/{version}/install", post(of::install_version))
}

fn account_connectors() -> Router<Sandbox> {
    use account_connectors as of;
    let method = || get(calls_out::method).post(calls_out::method);
    Router::new()
        .route("/v1.0/account/connectors", get(of::list))
        .route("/v1.0/account/connectors/{id}", get(of::show).put(of::update).delete(of::delete))
        .route("/v1.0/account/connectors/{id}/deauthenticate", put(of::deauthenticate))
        .route("/v1.0/account/connectors/{id}/methods/{method}", method())
        .route("/v1.0/account/connectors/{id}/test/{method}", method())
        .route("/v1.0/account/connectors/{id}/triggers/{trigger}", post(calls_out::trigger))
        .route(
            "/v1.0/account/connectors/{id}/properties",
            get(of::list_properties).post(of::add_property),
        )
        .route(
            "/v1.0/account/connectors/{id}/properties/{property}",
            get(of::show_property).put(of::update_property).delete(of::delete_property),
        )
}

fn cycles() -> Router<Sandbox> {
    use cycles as of;
    Router::new()
        .route("/v1.0/cycles", get(of::list))
        .route("/v1.0/cycles/{id}", get(of::show).put(of::update).delete(of::delete))
        .route("/v1.0/cycles/{id}/steps", get(of::steps))
        .route("/v1.0/cycles/{id}/steps/{step}", get(of::step).put(of::update_step))
        .route("/v1.0/cycles/{id}/prerequisites", get(of::prerequisites))
        .route("/v1.0/cycles/{id}/activate", put(of::activate))
        .route("/v1.0/cycles/{id}/deactivate", put(of::deactivate))
        .route(
            "/v1.0/cycles/{id}/variables",
            get(variables::list).post(variables::add).patch(variables::update_many),
        )
        .route(
            "/v1.0/cycles/{id}/variables/{name}",
            get(variables::show).put(variables::update).delete(variables::delete),
        )
}

fn health() -> Router<Sandbox> {
    use health as of;
    Router::new()
        .route("/v1.0/cycles/{id}/incidents", get(of::incidents).delete(of::clear_incidents))
        .route("/v1.0/cycles/incidents/{level}", get(of::incidents_of_level))
        .route("/v1.0/cycles/transactions", get(of::all_transactions))
        .route("/v1.0/cycles/{id}/transactions", get(of::transactions))
        .route("/v1.0/cycles/{id}/transactions/{transaction}", get(of::transaction))
}

fn steps() -> Router<Sandbox> {
    use steps as of;
    Router::new()
        .route("/v1.0/steps/{id}/prerequisites", get(of::prerequisites))
        .route("/v1.0/steps/{id}/parameters", get(of::parameters))
        .route("/v1.0/steps/{id}/parameters/{parameter}", get(of::parameter).put(of::set_parameter))
        .route("/v1.0/steps/{id}/parameters/{parameter}/lookup", post(of::look_up))
        .route("/v1.0/steps/{id}/fieldsformapping", get(of::fields_for_mapping))
        .route("/v1.0/steps/{id}/fieldmappings", get(of::fields))
        .route("/v1.0/steps/{id}/fieldmappings/lookup", post(of::look_up_fields))
        .route("/v1.0/steps/{id}/fieldmappings/{field}", get(of::field).put(of::set_field))
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
