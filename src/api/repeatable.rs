//! A request that may be sent again and is known when it comes back.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::caller::Caller;
use crate::store::IdempotencyKey;
use crate::web::{Error, FieldMistake, read_body, read_json, require_json};

const HEADER: &str = "Idempotency-Key";

/// A JSON body, with what tells the same request from another one.
#[derive(Debug)]
pub(super) struct Repeatable<T> {
    pub(super) body: T,
    key: Option<String>,
    /// SHA-256 over method, path and the body as it was sent. The query only says how to answer.
    digest: Vec<u8>,
}

impl<T> Repeatable<T> {
    /// Keys of different callers never meet.
    pub(super) fn idempotency<N>(&self, caller: &Caller<N>) -> Option<IdempotencyKey> {
        self.key.clone().map(|key| IdempotencyKey {
            owner: caller.key,
            key,
            request_digest: self.digest.clone(),
        })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Repeatable<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        require_json(request.headers())?;
        let key = find_key(request.headers())?;
        let mut digest = Sha256::new();
        for part in [request.method().as_str(), request.uri().path()] {
            digest.update(part);
            // Neither a method nor a path holds a line break, so the parts cannot be shifted.
            digest.update(b"\n");
        }
        let body = read_body(request, state).await?;
        digest.update(&body);
        Ok(Self { body: read_json(&body)?, key, digest: digest.finalize().to_vec() })
    }
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
