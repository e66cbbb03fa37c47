//! A sign-in that is under way: what is remembered of it, and what comes back.

use axum::http::HeaderMap;
use axum_extra::extract::cookie::Cookie;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Refusal;
use crate::console::operator::{pending_cookie, pending_sign_in};
use crate::console::sign_in::own_address;
use crate::identity::{Asked, Settings};
use crate::ids::StaffSessionId;
use crate::secret::digest;
use crate::web::AppState;

/// For somebody who has to look for their second factor first.
const LIFE: TimeDelta = TimeDelta::minutes(10);
/// A longer address would not fit into a cookie.
const LONGEST_ADDRESS: usize = 1000;

/// Kept by the browser, sealed. It has no `Debug`: it holds what proves that it began.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    pub(super) begun_at: DateTime<Utc>,
    next: String,
    proves: Option<Uuid>,
}

/// What the provider gave the browser to bring.
pub(super) struct Returned {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    issuer: Option<String>,
}

impl Pending {
    pub(super) fn new(
        asked: Asked,
        next: &str,
        proves: Option<StaffSessionId>,
        begun_at: DateTime<Utc>,
    ) -> Self {
        let Asked { state, nonce, verifier, .. } = asked;
        let next = own_address(if next.len() <= LONGEST_ADDRESS { next } else { "" }).to_owned();
        Self { state, nonce, verifier, begun_at, next, proves: proves.map(|session| session.0) }
    }

    pub(super) fn into_cookie(self, app: &AppState) -> Result<Cookie<'static>, serde_json::Error> {
        let sealed = app.links.seal_sign_in(&serde_json::to_vec(&self)?);
        Ok(pending_cookie(app, sealed, LIFE))
    }

    /// The one of this browser, if that is what has come back, in time. If it is too late for it, also where
    /// somebody was who was to prove themselves again.
    pub(super) fn find(
        app: &AppState,
        headers: &HeaderMap,
        returned: &Returned,
        settings: &Settings,
    ) -> Result<Self, (Refusal, Option<String>)> {
        let not_begun_here = || (Refusal::NotBegunHere, None);
        let kept = pending_sign_in(app, headers).and_then(|kept| app.links.open_sign_in(&kept));
        let kept = kept.and_then(|kept| serde_json::from_slice::<Self>(&kept).ok());
        let pending = kept.ok_or_else(not_begun_here)?;
        let state = returned.state.as_deref().ok_or_else(not_begun_here)?;
        // As digests, so that the time it takes tells nothing.
        let same = digest(state) == digest(&pending.state);
        // Providers may name themselves; then it is no other one's answer that came.
        let other = returned.issuer.as_ref().is_some_and(|issuer| *issuer != settings.issuer);
        if !same || other {
            return Err(not_begun_here());
        }
        if pending.ends_at() <= app.clock().now() {
            let back = pending.proves.map(|_| pending.next().to_owned());
            return Err((Refusal::TookTooLong, back));
        }
        Ok(pending)
    }

    pub(super) fn ends_at(&self) -> DateTime<Utc> {
        self.begun_at + LIFE
    }

    pub(super) fn next(&self) -> &str {
        own_address(&self.next)
    }

    /// The session whose owner is to prove themselves again.
    pub(super) fn proves(&self) -> Option<StaffSessionId> {
        self.proves.map(StaffSessionId)
    }
}

impl Returned {
    /// The first of each name; the others are nobody's.
    pub(super) fn read(fields: Vec<(String, String)>) -> Self {
        let mut returned = Self { state: None, code: None, error: None, issuer: None };
        for (name, value) in fields {
            let place = match name.as_str() {
                "state" => &mut returned.state,
                "code" => &mut returned.code,
                "error" => &mut returned.error,
                "iss" => &mut returned.issuer,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        returned
    }

    pub(super) fn code(self) -> Result<String, Refusal> {
        match self.error.as_deref() {
            Some("access_denied") => Err(Refusal::SaidNo),
            Some(_) => Err(Refusal::ProviderFailed),
            None => self.code.filter(|code| !code.is_empty()).ok_or(Refusal::ProviderFailed),
        }
    }
}
