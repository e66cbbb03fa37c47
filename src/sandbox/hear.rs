//! Every call comes through here: it is written down, and struck by a fault where one is due.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use super::Sandbox;
use super::faults::{FaultKind, Strike};
use super::request::{BODY_LIMIT, Refusal};

/// A call to the API as the sandbox heard it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeardCall {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The `X-Cyclr-Account` header.
    pub account: Option<String>,
    /// `None` while it is unanswered, and for ever when the connection died.
    pub status: Option<u16>,
    /// Whether the endpoint ran and did what was asked, whatever then became of the answer.
    pub performed: bool,
}

/// A sandbox that runs for weeks must not grow with every call it hears.
const REMEMBERED: usize = 100_000;

/// The latest calls in the order in which they came.
#[derive(Debug)]
pub(super) struct CallBook {
    recording: bool,
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    /// Calls that were forgotten, so that one still under way does not find another's place.
    forgotten: usize,
    calls: VecDeque<HeardCall>,
}

/// Where a call stands in the book; `None` when it is not recorded.
#[derive(Clone, Copy)]
struct Place(Option<usize>);

impl CallBook {
    pub(super) fn new(recording: bool) -> Self {
        Self { recording, pages: Mutex::default() }
    }

    pub(super) fn read(&self) -> Vec<HeardCall> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).calls.iter().cloned().collect()
    }

    pub(super) fn forget(&self) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.forgotten += pages.calls.len();
        pages.calls.clear();
    }

    fn write(&self, request: &Request) -> Place {
        let path = request.uri().path();
        let of_the_api = path == "/oauth/token" || path.starts_with("/v1.0/");
        if !self.recording || !of_the_api {
            return Place(None);
        }
        let account = request.headers().get("x-cyclr-account");
        let call = HeardCall {
            method: request.method().to_string(),
            path: path.to_owned(),
            account: account.and_then(|value| value.to_str().ok()).map(str::to_owned),
            status: None,
            performed: false,
        };
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.calls.len() == REMEMBERED {
            pages.calls.pop_front();
            pages.forgotten += 1;
        }
        pages.calls.push_back(call);
        Place(Some(pages.forgotten + pages.calls.len() - 1))
    }

    fn amend(&self, place: Place, change: impl FnOnce(&mut HeardCall)) {
        let Some(place) = place.0 else { return };
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let index = place.checked_sub(pages.forgotten);
        if let Some(call) = index.and_then(|index| pages.calls.get_mut(index)) {
            change(call);
        }
    }
}

/// Marks an answer that must never be sent; the server hangs up instead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Severed;

pub(super) async fn hear(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let place = sandbox.0.calls.write(&request);
    let path = request.uri().path();
    let strike = if path == "/" || path.starts_with("/_sandbox/") {
        None // the control surface must work whatever is broken
    } else {
        sandbox.0.faults.strike(request.method().as_str(), path)
    };
    let mut response = match strike {
        None => perform(sandbox.clone(), place, request, next).await,
        Some(strike) => suffer(&sandbox, place, strike, request, next).await,
    };
    if response.extensions().get::<Severed>().is_none() {
        let status = response.status().as_u16();
        sandbox.0.calls.amend(place, |call| call.status = Some(status));
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Owns all it needs, because it may happen after the caller has gone.
async fn perform(sandbox: Sandbox, place: Place, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status().is_success() {
        sandbox.0.calls.amend(place, |call| call.performed = true);
    }
    response
}

async fn suffer(
    sandbox: &Sandbox,
    place: Place,
    strike: Strike,
    request: Request,
    next: Next,
) -> Response {
    // Read to its end first: only then does the server notice that the client hangs up.
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return Refusal::bad("The request body could not be read.").into_response();
    };
    let request = Request::from_parts(parts, Body::from(body));
    let performed = perform(sandbox.clone(), place, request, next);
    match strike.kind {
        FaultKind::Refuse { status, message, retry_after } => refuse(status, &message, retry_after),
        FaultKind::DropBefore => severed(),
        FaultKind::LoseAnswer => {
            performed.await;
            severed()
        }
        FaultKind::StallBefore { seconds } => {
            tokio::time::sleep(pause(seconds)).await;
            performed.await
        }
        FaultKind::StallAfter { seconds } => {
            let response = performed.await;
            tokio::time::sleep(pause(seconds)).await;
            response
        }
        FaultKind::HoldBefore => {
            strike.hold.until_cleared().await;
            performed.await
        }
        FaultKind::HoldAfter => {
            let response = performed.await;
            strike.hold.until_cleared().await;
            response
        }
        FaultKind::Html => {
            performed.await;
            Html("<!doctype html><title>Gateway</title><h1>One moment</h1>").into_response()
        }
        FaultKind::Truncated => truncated(performed.await).await,
        FaultKind::Huge => {
            performed.await;
            endless(None)
        }
        FaultKind::Drip => {
            performed.await;
            endless(Some(Duration::from_secs(1)))
        }
        FaultKind::CommitLate { seconds } => {
            sandbox.later(pause(seconds), performed);
            severed()
        }
        FaultKind::TokenRevoked => {
            let revoked = sandbox.change(|world, _| {
                world.access_tokens.clear();
                Ok(())
            });
            revoked.err().unwrap_or_else(Refusal::denied).into_response()
        }
    }
}

fn pause(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

fn refuse(status: u16, message: &str, retry_after: Option<String>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Refusal::new(status, message).into_response();
    if let Some(value) = retry_after.and_then(|text| HeaderValue::try_from(text).ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// Where the router is not served by `serve`, the body at least fails.
fn severed() -> Response {
    let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::other("severed")) });
    let mut response = Body::from_stream(broken).into_response();
    response.extensions_mut().insert(Severed);
    response
}

/// The length is honest, so that the reader gets all there is and has to notice by itself.
async fn truncated(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let half = match whole.len() {
        0 | 1 => Bytes::from_static(b"{\"Id\":"),
        length => whole.slice(..length / 2),
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from(half))
}

/// Without a pace it comes in large pieces, else a byte at a time.
fn endless(pace: Option<Duration>) -> Response {
    const PIECE: Bytes = Bytes::from_static(&[b' '; 16 * 1024]);
    let opening = stream::once(async { Ok::<_, Infallible>(Bytes::from_static(b"[")) });
    let rest = stream::repeat(pace).then(async |pace| match pace {
        Some(pace) => {
            tokio::time::sleep(pace).await;
            Ok(PIECE.slice(..1))
        }
        None => Ok(PIECE),
    });
    let body = Body::from_stream(opening.chain(rest));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
