//! The access token: fetched when needed, shared by all calls, renewed by one request at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::HeaderValue;
use serde::Deserialize;

use super::error::{Error, NotSent};
use super::lenient::{Lacking, Reply, Scalar};
use super::session::Session;
use super::transport::{Deadline, Purpose};
use crate::secret::{ExposeSecret, Secret};

const CALL: &str = "get access token";

/// Cyclr's tokens live 14 days (DOC); a reply that does not say so is trusted for an hour.
const DEFAULT_SECONDS: i64 = 60 * 60;
const MOST_SECONDS: i64 = 14 * 24 * 60 * 60;

/// A token is given up this long before it ends, or a tenth of its life if that is less.
const MARGIN_SECONDS: i64 = 60;

#[derive(Default)]
pub(super) struct Tokens {
    cached: Mutex<Option<Arc<Bearer>>>,
    /// Held by whoever is asking for a token. Holds how the last request ended.
    flight: tokio::sync::Mutex<Option<Error>>,
    /// Requests that have ended, well or badly.
    landed: AtomicU64,
}

/// A token, ready to be sent.
pub(super) struct Bearer {
    pub(super) header: HeaderValue,
    pub(super) token: Secret,
    stale_at: DateTime<Utc>,
}

pub(super) struct Grant {
    token: String,
    seconds: i64,
}

#[derive(Deserialize)]
pub(super) struct Wire {
    #[serde(default)]
    access_token: Scalar,
    #[serde(default)]
    expires_in: Scalar,
}

impl Reply for Grant {
    type Wire = Wire;

    fn read(wire: Wire) -> Result<Self, Lacking> {
        let token = wire.access_token.into_text();
        let token = token.filter(|token| !token.is_empty());
        let seconds = wire.expires_in.integer().unwrap_or(DEFAULT_SECONDS);
        Ok(Self {
            token: token.ok_or(Lacking("it has no access_token"))?,
            seconds: seconds.clamp(0, MOST_SECONDS),
        })
    }
}

impl Tokens {
    fn cached(&self) -> Option<Arc<Bearer>> {
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        cached.clone()
    }

    fn store(&self, bearer: &Arc<Bearer>) {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        *cached = Some(Arc::clone(bearer));
    }
}

/// A token that is still good and is not `rejected`, the one that the API has just answered with
/// 401. Many callers cause one request; its outcome, good or bad, is that of all who waited.
pub(super) async fn bearer(
    session: &Session,
    rejected: Option<&Arc<Bearer>>,
    deadline: Deadline,
) -> Result<Arc<Bearer>, Error> {
    let tokens = session.tokens();
    let differs = |bearer: &Arc<Bearer>| rejected.is_none_or(|old| !Arc::ptr_eq(old, bearer));
    let is_usable = |bearer: &Arc<Bearer>| bearer.stale_at > session.now() && differs(bearer);
    if let Some(bearer) = tokens.cached().filter(is_usable) {
        return Ok(bearer);
    }
    let landed = tokens.landed.load(Ordering::Acquire);
    let flight = deadline.bound(tokens.flight.lock()).await;
    let mut last = flight.ok_or_else(|| no_token("the time was up while another asked for it"))?;
    if let Some(bearer) = tokens.cached().filter(is_usable) {
        return Ok(bearer);
    }
    if tokens.landed.load(Ordering::Acquire) != landed {
        if let Some(error) = &*last {
            return Err(error.clone());
        }
        // A token so short-lived that it is stale already still serves those who waited for it.
        if let Some(bearer) = tokens.cached().filter(differs) {
            return Ok(bearer);
        }
    }
    let outcome = fetch(session, deadline).await.map(Arc::new);
    *last = outcome.as_ref().err().cloned();
    if let Ok(bearer) = &outcome {
        tokens.store(bearer);
    }
    tokens.landed.fetch_add(1, Ordering::Release);
    outcome
}

/// With the secret, and with the other one where that is refused: one takes over from the other at Cyclr at a
/// moment that no process here can know.
async fn fetch(session: &Session, deadline: Deadline) -> Result<Bearer, Error> {
    let settings = session.settings();
    let first = fetch_with(session, &settings.client_secret, deadline).await;
    let refused = is_refused(&first);
    let Some(other) = settings.other_client_secret.as_ref().filter(|_| refused) else {
        return first;
    };
    let second = fetch_with(session, other, deadline).await;
    // If both are refused, it is the first one that people have to look at.
    if is_refused(&second) { first } else { second }
}

const fn is_refused(outcome: &Result<Bearer, Error>) -> bool {
    matches!(outcome, Err(Error::Credentials { .. }))
}

async fn fetch_with(
    session: &Session,
    secret: &Secret,
    deadline: Deadline,
) -> Result<Bearer, Error> {
    let settings = session.settings();
    let url = session
        .url_of(&["oauth", "token"])
        .ok_or(Error::Unsent { call: CALL, reason: NotSent::Unbuildable })?;
    let purpose = Purpose {
        call: CALL,
        mutating: false,
        needs_slot: false,
        method: "POST",
        path: url.path(),
        deadline,
        log: &session.log,
        bearer: None,
        credential: Some(secret),
    };
    // In the body and not in the query, which ends up in logs.
    let request = session.transport().http().post(url.clone()).form(&[
        ("grant_type", "client_credentials"),
        ("client_id", &settings.client_id),
        ("client_secret", secret.expose_secret()),
    ]);
    let answer = session.transport().exchange::<Grant>(&purpose, request).await;
    let grant = answer.map_err(not_granted)?.reply;
    let header = HeaderValue::try_from(format!("Bearer {}", grant.token));
    let mut header = header.map_err(|_| no_token("it cannot be sent as a header"))?;
    header.set_sensitive(true);
    let margin = MARGIN_SECONDS.min(grant.seconds / 10);
    Ok(Bearer {
        header,
        token: Secret::from(grant.token),
        stale_at: session.now() + TimeDelta::seconds(grant.seconds - margin),
    })
}

/// Whatever went wrong here, the call that needs the token was not performed.
fn not_granted(error: Error) -> Error {
    match error {
        Error::NoAnswer { cause, .. } => no_token(&cause),
        Error::Refused {
            status: status @ (300..=407 | 409..=428 | 430..=499), message, ..
        } => Error::Credentials { call: CALL, status, message },
        Error::Refused { .. }
        | Error::Unsent { .. }
        | Error::Unreadable { .. }
        | Error::Credentials { .. } => error,
    }
}

fn no_token(cause: &str) -> Error {
    Error::Unsent { call: CALL, reason: NotSent::NoToken(cause.to_owned()) }
}
