//! Failures as RFC 9457 problems, for doors that speak JSON.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::layers::{log_failure, request_id};
use super::{Error, Kind};

const PROBLEM: &str = "application/problem+json";

/// The body of every failure.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// The address of the page that explains the code.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    /// The answer's HTTP status.
    pub status: u16,
    /// What happened and what to do about it.
    pub detail: String,
    /// Stable: codes are added, never renamed.
    pub code: String,
    /// Names this request in the service's log.
    pub request_id: Option<String>,
    /// The short code of the onboarding that it is about; `null` if it is about none.
    #[schema(required)]
    pub reference: Option<String>,
    /// How that onboarding stands now, for an order that its state does not allow.
    #[schema(required, value_type = Option<Object>)]
    pub onboarding: Option<serde_json::Value>,
    /// The fields that are wrong, where it is about fields.
    pub errors: Vec<ProblemField>,
}

/// One field that will not do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProblemField {
    /// A JSON pointer into the body, or the name of a query parameter or header.
    pub pointer: String,
    pub detail: String,
}

/// Where problems are explained: a page with a place for each code.
#[derive(Debug, Clone)]
pub struct ProblemPage(Arc<str>);

impl ProblemPage {
    /// The page of the service that is reached there.
    pub fn at(public_url: &Url) -> Self {
        let base = public_url.as_str().trim_end_matches('/');
        Self(format!("{base}{PROBLEMS_PAGE}").into())
    }

    /// Whether browsers reach the service over TLS.
    pub(super) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

/// The path of the page that explains problems.
pub const PROBLEMS_PAGE: &str = "/docs/problems";

/// A middleware that gives every failure of the routes within its body: those of our handlers, and
/// those that the router itself answers with (no such path, no such method). Logs the cause. What
/// was dressed further in stays as it is.
pub async fn dress_as_problem(
    State(page): State<ProblemPage>,
    request: Request,
    next: Next,
) -> Response {
    let request_id = request_id(request.headers()).map(str::to_owned);
    let mut response = next.run(request).await;
    let error = response.extensions_mut().remove::<Error>().or_else(|| bare(&response));
    let Some(error) = error else { return response };
    log_failure(&error);
    let document = ProblemDocument::new(&error, &page, request_id);
    let body = serde_json::to_string(&document).unwrap_or_default();
    // Headers that belong to the refusal stay: Allow, Retry-After, WWW-Authenticate.
    *response.body_mut() = Body::from(body);
    *response.status_mut() = error.kind.status();
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    response
}

/// What a failure is that no handler of ours answered with: it has no body, or a line of plain text.
fn bare(response: &Response) -> Option<Error> {
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    let content = response.headers().get(header::CONTENT_TYPE);
    let plain = content.is_none_or(|content| content.as_bytes().starts_with(b"text/plain"));
    let otherwise = if status.is_server_error() { Kind::Internal } else { Kind::Malformed };
    let known = Kind::all().find(|kind| kind.status() == status);
    (failed && plain).then(|| {
        let kind = known.unwrap_or(otherwise);
        Error::new(kind, format!("{}.", kind.title()))
    })
}

impl ProblemDocument {
    fn new(error: &Error, page: &ProblemPage, request_id: Option<String>) -> Self {
        let code = error.kind.code();
        Self {
            kind: format!("{}#{code}", page.0),
            title: error.kind.title().to_owned(),
            status: error.kind.status().as_u16(),
            detail: error.detail.clone(),
            code: code.to_owned(),
            request_id,
            reference: error.about.as_ref().map(|about| about.reference.clone()),
            onboarding: error.about.as_ref().map(|about| about.shown.clone()),
            errors: error
                .fields
                .iter()
                .map(|field| ProblemField {
                    pointer: field.pointer.clone(),
                    detail: field.reason.clone(),
                })
                .collect(),
        }
    }
}
