//! What the pretend provider remembers: codes, what was granted, and answers that are on their way.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::super::browser::random;

/// How long a code lives.
const CODE_LIFE: TimeDelta = TimeDelta::seconds(60);
/// How long an access token lives.
pub(super) const ACCESS_LIFE: TimeDelta = TimeDelta::hours(1);
/// How long a refresh token lives.
pub(super) const REFRESH_LIFE: TimeDelta = TimeDelta::days(90);

/// By code, refresh token and ticket. Access tokens open nothing, so they are not kept.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(in super::super) struct Memory {
    codes: BTreeMap<String, Code>,
    grants: BTreeMap<String, Grant>,
    answers: BTreeMap<String, Answer>,
}

/// What a person allowed, and to whom the code may be given for it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Code {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) scope: String,
    expires_at: DateTime<Utc>,
    /// The code was sent: it is kept only to know it again.
    #[serde(default)]
    spent: bool,
    /// The refresh token that was given for it.
    #[serde(default)]
    gave: Option<String>,
}

/// What a refresh token stands for.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) client_id: String,
    pub(super) scope: String,
    pub(super) expires_at: DateTime<Utc>,
}

/// A slow answer: where the browser goes when it is ready.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) ready_at: DateTime<Utc>,
    pub(super) location: String,
    expires_at: DateTime<Utc>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("codes", &self.codes.len()).finish_non_exhaustive()
    }
}

impl Code {
    /// One that can be used from `now` on.
    pub(super) fn new(
        client_id: &str,
        redirect_uri: &str,
        challenge: &str,
        scope: &str,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            challenge: challenge.to_owned(),
            scope: scope.to_owned(),
            expires_at: now + CODE_LIFE,
            spent: false,
            gave: None,
        }
    }
}

impl Memory {
    pub(super) fn keep_code(&mut self, code: Code) -> String {
        let text = random();
        self.codes.insert(text.clone(), code);
        text
    }

    /// It works once, whatever then becomes of the request. Who sends it again may have stolen it,
    /// so what it gave is taken back (RFC 6749 section 4.1.2).
    pub(super) fn spend_code(&mut self, text: &str, now: DateTime<Utc>) -> Option<Code> {
        let code = self.codes.get_mut(text)?;
        if std::mem::replace(&mut code.spent, true) {
            if let Some(refresh_token) = code.gave.take() {
                self.grants.remove(&refresh_token);
            }
            return None;
        }
        Some(code.clone()).filter(|code| now < code.expires_at)
    }

    /// Gives the refresh token for a code that was spent.
    pub(super) fn keep_grant(&mut self, code: &str, fits: Code, now: DateTime<Utc>) -> String {
        let text = random();
        let (client_id, scope, expires_at) = (fits.client_id, fits.scope, now + REFRESH_LIFE);
        self.grants.insert(text.clone(), Grant { client_id, scope, expires_at });
        if let Some(code) = self.codes.get_mut(code) {
            code.gave = Some(text.clone());
        }
        text
    }

    pub(super) fn grant(&self, text: &str, now: DateTime<Utc>) -> Option<&Grant> {
        self.grants.get(text).filter(|grant| now < grant.expires_at)
    }

    /// Gives the ticket by which the waiting browser finds it.
    pub(super) fn keep_answer(&mut self, location: String, ready_at: DateTime<Utc>) -> String {
        let ticket = random();
        let expires_at = ready_at + CODE_LIFE;
        self.answers.insert(ticket.clone(), Answer { ready_at, location, expires_at });
        ticket
    }

    pub(super) fn answer(&self, ticket: &str, now: DateTime<Utc>) -> Option<&Answer> {
        self.answers.get(ticket).filter(|answer| now < answer.expires_at)
    }

    /// Lets go of what can no longer be used.
    pub(in super::super) fn sweep(&mut self, now: DateTime<Utc>) {
        self.grants.retain(|_, grant| now < grant.expires_at);
        let grants = &self.grants;
        self.codes.retain(|_, code| {
            let given = code.gave.as_ref().is_some_and(|text| grants.contains_key(text));
            given || now < code.expires_at
        });
        self.answers.retain(|_, answer| now < answer.expires_at);
    }
}
