//! A request that may be sent again and is known when it comes back.
//!
//! The rule for every operation that changes something: its handler takes a [`Repeatable`] (or a
//! [`BodyOptional`]), hands [`Repeatable::idempotency`] to whoever carries the order out, and the
//! answer is kept in the same transaction as what was done. `document` lists the header for it.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::caller::Caller;
use crate::store::{Answer, IdempotencyKey};
use crate::web::{AppState, Error, FieldMistake, json_text, read_body, read_json, require_json};

pub(super) const HEADER: &str = "Idempotency-Key";

/// A JSON body, with what tells the same request from another one.
#[derive(Debug)]
pub(super) struct Repeatable<T> {
    pub(super) body: T,
    key: Option<String>,
    /// SHA-256 over method, path and the body as it was sent. The query only says how to answer.
    digest: Vec<u8>,
}

/// As [`Repeatable`], where a body may be left out.
#[derive(Debug)]
pub(super) struct BodyOptional<T>(pub(super) Repeatable<T>);

/// The body of what needs none.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl<T> Repeatable<T> {
    /// Keys of different callers never meet.
    pub(super) fn idempotency<N>(&self, caller: &Caller<N>) -> Option<IdempotencyKey> {
        self.key.clone().map(|key| IdempotencyKey {
            owner: caller.key,
            key,
            request_digest: self.digest.clone(),
        })
    }

    fn map<U>(self, read: impl FnOnce(T) -> Result<U, Error>) -> Result<Repeatable<U>, Error> {
        let Self { body, key, digest } = self;
        Ok(Repeatable { body: read(body)?, key, digest })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Repeatable<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        require_json(request.headers())?;
        receive(request, state).await?.map(|body| read_json(&body))
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for BodyOptional<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let typed = require_json(request.headers());
        let asked = receive(request, state).await?;
        let read = |body: Bytes| {
            if body.is_empty() { Ok(T::default()) } else { typed.and_then(|()| read_json(&body)) }
        };
        asked.map(read).map(Self)
    }
}

async fn receive<S: Send + Sync>(request: Request, state: &S) -> Result<Repeatable<Bytes>, Error> {
    let key = find_key(request.headers())?;
    let mut digest = Sha256::new();
    for part in [request.method().as_str(), request.uri().path()] {
        digest.update(part);
        // Neither a method nor a path holds a line break, so the parts cannot be shifted.
        digest.update(b"\n");
    }
    let body = read_body(request, state).await?;
    digest.update(&body);
    Ok(Repeatable { body, key, digest: digest.finalize().to_vec() })
}

fn find_key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(first) = values.next() else { return Ok(None) };
    let key = first.to_str().ok().filter(|key| {
        (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    match (key, values.next()) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        (Some(_) | None, _) => Err(Error::invalid(vec![FieldMistake {
            pointer: HEADER.to_owned(),
            reason: "must stand there once, with 1 to 255 visible ASCII characters".to_owned(),
        }])),
    }
}

/// What a repetition gets that was good once: what is refused today may have been taken then.
pub(super) async fn find_earlier(
    state: &AppState,
    key: Option<&IdempotencyKey>,
    refusal: Error,
) -> Result<Answer, Error> {
    match key {
        Some(key) => state.store().find_answer(key).await?.ok_or(refusal),
        None => Err(refusal),
    }
}

/// The body of a kept answer as it is sent: with the link as it was then.
pub(super) fn with_link(state: &AppState, answer: &Answer) -> String {
    match answer.shows {
        Some(shown) => state.fill_in_link(&answer.body, shown.onboarding, shown.link_generation),
        None => answer.body.clone(),
    }
}

/// An answer as it is kept. Texts, numbers and lists only: this cannot fail, and an empty body would
/// show if it did.
pub(super) fn spell<T: Serialize>(status: StatusCode, body: &T) -> (u16, String) {
    (status.as_u16(), serde_json::to_string(body).unwrap_or_default())
}

/// Sends an answer, fresh or kept. What was made is named by `Location` under `made_under`.
pub(super) fn send(
    answer: &Answer,
    body: String,
    made_under: Option<&str>,
) -> Result<Response, Error> {
    let status = StatusCode::from_u16(answer.status).map_err(Error::internal)?;
    let mut response = json_text(status, body);
    if let (StatusCode::CREATED, Some(path), Some(shown)) = (status, made_under, answer.shows) {
        let location = format!("{path}/{}", shown.onboarding);
        let location = HeaderValue::from_str(&location).map_err(Error::internal)?;
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}
