//! Proof that a request comes from the integrator, with a key that is good for it.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::ids::ApiKeyId;
use crate::store::{KeyScope, Sight};
use crate::web::{AppState, Error, Kind};

/// Whoever sent a key that is known, not revoked, and good for what `N` names.
#[derive(Debug, Clone)]
pub(super) struct Caller<N> {
    pub(super) key: ApiKeyId,
    /// Who it is, for the journal.
    pub(super) actor: String,
    pub(super) scopes: Vec<KeyScope>,
    /// Which onboardings it may see; all others do not exist for it.
    pub(super) sight: Sight,
    needs: PhantomData<N>,
}

/// What an operation needs of a key, as a type of its own: see those below.
pub(super) trait Needs {
    const SCOPE: KeyScope;
}

#[derive(Debug, Clone)]
pub(super) struct Read;
#[derive(Debug, Clone)]
pub(super) struct Write;
#[derive(Debug, Clone)]
pub(super) struct ForBlueprints;
#[derive(Debug, Clone)]
pub(super) struct ForWebhooks;
#[derive(Debug, Clone)]
pub(super) struct Admin;

impl Needs for Read {
    const SCOPE: KeyScope = KeyScope::Read;
}

impl Needs for Write {
    const SCOPE: KeyScope = KeyScope::Write;
}

impl Needs for ForBlueprints {
    const SCOPE: KeyScope = KeyScope::Blueprints;
}

impl Needs for ForWebhooks {
    const SCOPE: KeyScope = KeyScope::Webhooks;
}

impl Needs for Admin {
    const SCOPE: KeyScope = KeyScope::Admin;
}

/// Longer than any key; what is longer is not looked up.
const LONGEST_KEY: usize = 200;

impl<N: Needs> FromRequestParts<AppState> for Caller<N> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Error> {
        let key = bearer(&parts.headers).ok_or_else(unauthenticated)?;
        let limits = state.rate_limits();
        limits.admit_unproven(parts, key)?;
        let known = state.store().find_api_key(key).await?.ok_or_else(unauthenticated)?;
        limits.admit_key(parts, known.id, key)?;
        if !known.scopes.contains(&N::SCOPE) {
            return Err(forbidden(N::SCOPE));
        }
        let actor = format!("key:{}", known.name);
        let (key, scopes, sight) = (known.id, known.scopes, known.sight);
        Ok(Self { key, actor, scopes, sight, needs: PhantomData })
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

fn forbidden(scope: KeyScope) -> Error {
    let scope = scope.name();
    Error::new(
        Kind::Forbidden,
        format!("This key is not good for it: use one that has the scope {scope}."),
    )
}
