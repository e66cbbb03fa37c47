//! A failure, as a page of the console.

use askama::Template;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::chrome::Chrome;
use crate::web::{Error, Kind, log_failure, request_id};

#[derive(Template)]
#[template(path = "console/failure.html")]
struct Failure {
    chrome: Chrome,
    what: String,
    /// Under which the log tells more.
    request_id: Option<String>,
    is_signed_out: bool,
}

/// Makes a page of every failure that is not one yet, and logs the cause, once.
pub(super) async fn dress(request: Request, next: Next) -> Response {
    let id = request_id(request.headers()).map(str::to_owned);
    let response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_page = kind.is_some_and(|kind| kind.starts_with("text/html"));
    if is_page || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let error = parts.extensions.remove::<Error>();
    if let Some(error) = &error {
        log_failure(error);
    }
    let kind = error.as_ref().map_or(Kind::Malformed, |error| error.kind);
    let page = Failure {
        chrome: Chrome::bare(title(kind)),
        what: error.map_or_else(|| kind.advice().to_owned(), |error| error.detail),
        request_id: id,
        is_signed_out: kind == Kind::Unauthenticated,
    };
    let Ok(html) = page.render() else { return Response::from_parts(parts, Body::empty()) };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts
        .headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Response::from_parts(parts, Body::from(html))
}

/// The catalogue's words are for integrators; these are the ones that staff meet otherwise.
fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Unauthenticated => "You are not signed in any more",
        Kind::Forbidden => "Your role does not allow this",
        Kind::NotFound => "There is nothing here",
        Kind::NotFromHere => "This form was not sent from our page",
        Kind::Conflict => "It has moved on",
        Kind::Malformed
        | Kind::UnsupportedVersion
        | Kind::WrongMethod
        | Kind::TimedOut
        | Kind::InFlight
        | Kind::TooLarge
        | Kind::WrongMediaType
        | Kind::Invalid
        | Kind::KeyReused
        | Kind::RateLimited
        | Kind::Internal
        | Kind::Upstream
        | Kind::Unavailable => kind.title(),
    }
}
