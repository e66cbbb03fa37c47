//! How a struck call goes wrong on the wire.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use futures_util::{StreamExt as _, stream};

use super::Sandbox;
use super::calls::Place;
use super::faults::{FaultKind, Strike};
use super::hear::perform;
use super::mangle::mangled;
use super::request::{BODY_LIMIT, Refusal};

/// Marks an answer that must never be sent; the server hangs up instead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Severed;

pub(super) async fn suffer(
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
        spoilt @ (FaultKind::Html { .. }
        | FaultKind::Truncated
        | FaultKind::Reset
        | FaultKind::Empty { .. }
        | FaultKind::WrongTypes
        | FaultKind::Huge
        | FaultKind::Oversized { .. }
        | FaultKind::Drip
        | FaultKind::Slow { .. }) => spoil(&spoilt, strike.seed, performed.await).await,
    }
}

/// The call was performed; the answer is not what it should be.
async fn spoil(kind: &FaultKind, seed: u64, response: Response) -> Response {
    match kind {
        FaultKind::Html { status } => {
            let page = Html("<!doctype html><title>Gateway</title><h1>One moment</h1>");
            (status_of(*status), page).into_response()
        }
        FaultKind::Empty { status } => status_of(*status).into_response(),
        FaultKind::Huge => endless(None),
        FaultKind::Drip => endless(Some(Duration::from_secs(1))),
        FaultKind::Truncated => with_body(response, |whole| known(half(&whole))).await,
        FaultKind::WrongTypes => with_body(response, |whole| known(mangled(whole, seed))).await,
        FaultKind::Reset => with_body(response, |whole| reset(&whole)).await,
        FaultKind::Oversized { bytes } => with_body(response, |whole| filled(whole, *bytes)).await,
        FaultKind::Slow { seconds } => {
            with_body(response, |whole| slow(whole, pause(*seconds))).await
        }
        FaultKind::Refuse { .. }
        | FaultKind::DropBefore
        | FaultKind::LoseAnswer
        | FaultKind::StallBefore { .. }
        | FaultKind::StallAfter { .. }
        | FaultKind::HoldBefore
        | FaultKind::HoldAfter
        | FaultKind::CommitLate { .. }
        | FaultKind::TokenRevoked => response,
    }
}

fn pause(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

fn status_of(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn refuse(status: u16, message: &str, retry_after: Option<String>) -> Response {
    let mut response = Refusal::new(status_of(status), message).into_response();
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

/// Status and headers as they were. `spoil` gives the new body and the length that is told of it.
async fn with_body(response: Response, spoil: impl FnOnce(Bytes) -> (Body, u64)) -> Response {
    let (mut parts, body) = response.into_parts();
    // The sandbox's own answers are far smaller.
    let whole = to_bytes(body, 64 * BODY_LIMIT).await.unwrap_or_default();
    let (body, length) = spoil(whole);
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, body)
}

fn known(bytes: Bytes) -> (Body, u64) {
    let length = bytes.len() as u64;
    (Body::from(bytes), length)
}

/// The length is honest, so that the reader gets all there is and has to notice by itself.
fn half(whole: &Bytes) -> Bytes {
    match whole.len() {
        0 | 1 => Bytes::from_static(b"{\"Id\":"),
        length => whole.slice(..length / 2),
    }
}

/// More is promised than ever comes.
fn reset(whole: &Bytes) -> (Body, u64) {
    let length = whole.len().max(16) as u64;
    let first = half(whole);
    // A breath, so that what was sent is on its way before the connection dies.
    let last = stream::once(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(std::io::Error::other("severed"))
    });
    (Body::from_stream(stream::once(async { Ok(first) }).chain(last)), length)
}

const PIECE: Bytes = Bytes::from_static(&[b' '; 16 * 1024]);

/// Blanks after JSON are no mistake, so only the size is wrong.
fn filled(whole: Bytes, bytes: u64) -> (Body, u64) {
    let lacking = bytes.saturating_sub(whole.len() as u64);
    let length = whole.len() as u64 + lacking;
    let blanks = stream::unfold(lacking, async |left: u64| {
        let size = left.min(PIECE.len() as u64);
        let piece = PIECE.slice(..usize::try_from(size).unwrap_or_default());
        (size > 0).then_some((Ok::<_, Infallible>(piece), left - size))
    });
    (Body::from_stream(stream::once(async { Ok(whole) }).chain(blanks)), length)
}

fn slow(whole: Bytes, within: Duration) -> (Body, u64) {
    let length = whole.len();
    let pace = within / u32::try_from(length.max(1)).unwrap_or(u32::MAX);
    let bytes = stream::iter(0..length).then(move |place| {
        let byte = whole.slice(place..=place);
        async move {
            tokio::time::sleep(pace).await;
            Ok::<_, Infallible>(byte)
        }
    });
    (Body::from_stream(bytes), length as u64)
}

/// Without a pace it comes in large pieces, else a byte at a time.
fn endless(pace: Option<Duration>) -> Response {
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
