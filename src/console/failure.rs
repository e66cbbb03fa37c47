//! A failure, as a page of the console.

use askama::Template;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use super::chrome::Chrome;
use crate::web::{Kind, request_id, undress};

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
    let mut failure = match undress(next.run(request).await) {
        Ok(failure) => failure,
        Err(response) => return *response,
    };
    let kind = failure.kind;
    let detail = failure.error.take().map(|error| error.detail);
    let page = Failure {
        chrome: Chrome::bare(title(kind)),
        what: detail.unwrap_or_else(|| kind.advice().to_owned()),
        request_id: id,
        is_signed_out: kind == Kind::Unauthenticated,
    };
    failure.dress(&page)
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
