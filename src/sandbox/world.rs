//! What the pretend Cyclr remembers, and the rules by which it changes.
//!
//! An account owns all that is in it, so every look-up starts at one account and nothing is
//! searched across accounts, but for the OAuth clients that the pretend provider knows. Cycles and
//! account connectors keep the template and the connector they were made from: a changed catalogue
//! leaves them alone, as a new release does at Cyclr.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::browser::WayBack;
use super::provider;
use super::request::Refusal;

/// Everything that survives a restart.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct World {
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) access_tokens: BTreeMap<String, AccessToken>,
    pub(super) sign_in_tokens: BTreeMap<String, SignIn>,
    /// Sign-ins that went to a provider and have not come back, by OAuth state.
    pub(super) consents: BTreeMap<String, Consent>,
    /// What the pretend provider remembers.
    #[serde(default)]
    pub(super) provider: provider::Memory,
    /// The highest number that was given to anything.
    last_id: i64,
    /// When the next run of a cycle is due at the earliest. Found anew after a restart.
    #[serde(skip)]
    pub(super) next_run_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AccessToken {
    pub(super) expires_at: DateTime<Utc>,
    /// Set when the token was asked for with `scope=account:…`.
    pub(super) only_account: Option<String>,
    /// The client id that asked for it.
    #[serde(default)]
    pub(super) client: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SignIn {
    pub(super) account: String,
    pub(super) expires_at: DateTime<Utc>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Consent {
    pub(super) account: String,
    pub(super) connector: i64,
    #[serde(flatten)]
    pub(super) way_back: WayBack,
    /// Given to the provider, and repeated when the code is exchanged.
    #[serde(default)]
    pub(super) redirect_uri: String,
    /// Never leaves but for the token endpoint.
    #[serde(default)]
    pub(super) verifier: String,
    #[serde(default)]
    pub(super) expires_at: DateTime<Utc>,
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consent").field("connector", &self.connector).finish_non_exhaustive()
    }
}

/// Numbers begin above this.
const FIRST_ID: i64 = 36_000;

/// How long a sign-in token lives (DOC).
pub(super) const SIGN_IN_LIFETIME: TimeDelta = TimeDelta::minutes(5);

impl World {
    pub(super) fn account(&self, id: &str) -> Result<&Account, Refusal> {
        self.accounts.get(id).ok_or_else(|| Refusal::missing("Account"))
    }

    pub(super) fn account_mut(&mut self, id: &str) -> Result<&mut Account, Refusal> {
        self.accounts.get_mut(id).ok_or_else(|| Refusal::missing("Account"))
    }

    /// Numbers are unique over the world, so that one account's id never works in another.
    pub(super) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        FIRST_ID + self.last_id
    }

    /// A number that the catalogue chose is not given to anything else.
    pub(super) fn reserve_id(&mut self, id: i64) {
        self.last_id = self.last_id.max(id.saturating_sub(FIRST_ID));
    }

    /// Takes the token out: it works once, whatever the page then shows.
    pub(super) fn spend(&mut self, token: &str, now: DateTime<Utc>) -> Option<SignIn> {
        self.sign_in_tokens.remove(token).filter(|sign_in| now < sign_in.expires_at)
    }

    /// A deleted account takes its cycles, connectors and ways in with it.
    pub(super) fn remove_account(&mut self, id: &str) -> Option<Account> {
        let account = self.accounts.remove(id)?;
        self.sign_in_tokens.retain(|_, sign_in| sign_in.account != id);
        self.consents.retain(|_, consent| consent.account != id);
        Some(account)
    }

    /// Lets go of what can no longer be used.
    pub(super) fn sweep(&mut self, now: DateTime<Utc>) {
        self.access_tokens.retain(|_, token| now < token.expires_at);
        self.sign_in_tokens.retain(|_, sign_in| now < sign_in.expires_at);
        self.consents.retain(|_, consent| now < consent.expires_at);
        self.provider.sweep(now);
    }
}
