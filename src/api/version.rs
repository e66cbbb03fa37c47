//! The dated version of the API.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::web::{Error, Kind};

pub(super) const HEADER: &str = "Gangway-Version";
const NAME: HeaderName = HeaderName::from_static("gangway-version");

/// The only one there is. What is added does not change it; what is taken away makes another one, and
/// whoever names this one goes on as before.
pub(super) const VERSION: &str = "2026-11-24";

/// A middleware: every answer says its version, and a request that names another one is refused.
pub(super) async fn agree(request: Request, next: Next) -> Response {
    let mut asked = request.headers().get_all(NAME).iter();
    let fits = match (asked.next(), asked.next()) {
        (None, None) => true,
        (Some(version), None) => version.as_bytes() == VERSION.as_bytes(),
        (Some(_) | None, Some(_)) => false,
    };
    let mut response = if fits { next.run(request).await } else { refusal().into_response() };
    response.headers_mut().insert(NAME, HeaderValue::from_static(VERSION));
    response
}

fn refusal() -> Error {
    let detail = format!("This service speaks {VERSION}. Send that in {HEADER}, or leave it out.");
    Error::new(Kind::UnsupportedVersion, detail)
}
