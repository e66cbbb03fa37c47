//! Proof that a request comes from the integrator.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::ids::ApiKeyId;
use crate::web::{AppState, Error, Kind};

/// Whoever sent a key that is known and not revoked.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) key: ApiKeyId,
    /// Who it is, for the journal.
    pub(super) actor: String,
}

/// Longer than any key; what is longer is not looked up.
const LONGEST_KEY: usize = 200;

impl FromRequestParts<AppState> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Error> {
        let key = bearer(&parts.headers).ok_or_else(unauthenticated)?;
        let known = state.store().find_api_key(key).await?.ok_or_else(unauthenticated)?;
        Ok(Self { key: known.id, actor: format!("key:{}", known.name) })
    }
}

/// The key, if the header is there once and names the right scheme.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (only, None) = (values.next()?, values.next()) else { return None };
    let (scheme, key) = only.to_str().ok()?.split_once(' ')?;
    let fits = (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && fits).then_some(key)
}

/// One answer for all that is wrong with a key: it says nothing about keys that exist.
fn unauthenticated() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "Send a valid API key in the header Authorization: Bearer <key>.",
    )
}
