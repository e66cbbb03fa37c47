//! What the pretend Cyclr remembers, and the rules by which it changes.
//!
//! An account owns all that is in it, so every look-up starts at one account and nothing is
//! searched across accounts. Cycles and account connectors keep the template and the connector
//! they were made from: a changed catalogue leaves them alone, as a new release does at Cyclr.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::catalogue::{AuthType, Connector, OAuth2Type, Template};
use super::cycle::{Cycle, Status};
use super::request::Refusal;
use super::shared;

/// Everything that survives a restart.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct World {
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) access_tokens: BTreeMap<String, AccessToken>,
    pub(super) sign_in_tokens: BTreeMap<String, SignIn>,
    /// Sign-ins at the pretend provider that nobody has decided yet, by state.
    pub(super) consents: BTreeMap<String, Consent>,
    last_id: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AccessToken {
    pub(super) expires_at: DateTime<Utc>,
    /// Set when the token was asked for with `scope=account:…`.
    pub(super) only_account: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SignIn {
    pub(super) account: String,
    pub(super) expires_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Consent {
    pub(super) account: String,
    pub(super) connector: i64,
    pub(super) target_origin: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) created_at: DateTime<Utc>,
    pub(super) name: String,
    /// The settable fields besides the name, under Cyclr's own names.
    pub(super) settings: BTreeMap<String, Value>,
    pub(super) users: BTreeSet<String>,
    pub(super) connectors: BTreeMap<i64, AccountConnector>,
    /// In the order of their creation.
    pub(super) cycles: Vec<Cycle>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AccountConnector {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) auth_value: Option<String>,
    pub(super) properties: Vec<Property>,
    #[serde(with = "shared")]
    pub(super) connector: Arc<Connector>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Property {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) value: Option<String>,
}

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
        36_000 + self.last_id
    }

    /// A new cycle each time. Account connectors are made where the account lacks them.
    pub(super) fn install(
        &mut self,
        account: &str,
        template: &Arc<Template>,
        catalogue: &BTreeMap<i64, Arc<Connector>>,
        now: DateTime<Utc>,
    ) -> Option<&mut Cycle> {
        let mut connectors = BTreeMap::new();
        for wanted in template.steps.iter().map(|step| step.connector) {
            if connectors.contains_key(&wanted) {
                continue;
            }
            let present = self.accounts.get(account)?.connectors.values();
            let present = present.filter(|one| one.connector.id == wanted).map(|one| one.id).next();
            let id = match present {
                Some(id) => id,
                None => self.connect(account, catalogue.get(&wanted)?)?,
            };
            connectors.insert(wanted, id);
        }
        let cycles = &mut self.accounts.get_mut(account)?.cycles;
        cycles.push(Cycle::new(template, connectors, now));
        cycles.last_mut()
    }

    fn connect(&mut self, account: &str, connector: &Arc<Connector>) -> Option<i64> {
        let id = self.next_id();
        let fresh = AccountConnector {
            id,
            name: connector.name.clone(),
            description: None,
            auth_value: None,
            properties: Vec::new(),
            connector: Arc::clone(connector),
        };
        self.accounts.get_mut(account)?.connectors.insert(id, fresh);
        Some(id)
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
    }
}

impl Account {
    pub(super) fn cycle(&self, id: Uuid) -> Option<&Cycle> {
        self.cycles.iter().find(|cycle| cycle.id == id)
    }

    pub(super) fn cycle_mut(&mut self, id: Uuid) -> Option<&mut Cycle> {
        self.cycles.iter_mut().find(|cycle| cycle.id == id)
    }

    pub(super) fn cycle_of_step(&self, step: Uuid) -> Option<(&Cycle, usize)> {
        self.cycles.iter().find_map(|cycle| cycle.place_of(step).map(|place| (cycle, place)))
    }

    pub(super) fn cycle_of_step_mut(&mut self, step: Uuid) -> Option<(&mut Cycle, usize)> {
        let mut cycles = self.cycles.iter_mut();
        cycles.find_map(|cycle| cycle.place_of(step).map(|place| (cycle, place)))
    }

    /// Account connectors of the cycle that have no credential yet, in the order of their ids.
    pub(super) fn closed_connectors<'a>(&'a self, cycle: &'a Cycle) -> impl Iterator<Item = i64> {
        let used = cycle.connectors.values().filter_map(|id| self.connectors.get(id));
        used.filter(|connector| !connector.authenticated()).map(|connector| connector.id)
    }

    pub(super) fn ready(&self, cycle: &Cycle) -> bool {
        self.closed_connectors(cycle).next().is_none()
            && (0..cycle.steps.len()).all(|place| cycle.unmapped(place).next().is_none())
    }

    /// De-authenticating stops the integrations that use the connector (DOC).
    pub(super) fn pause_cycles_using(&mut self, connector: i64) {
        for cycle in &mut self.cycles {
            let uses = cycle.connectors.values().any(|id| *id == connector);
            if uses && cycle.status == Status::Active {
                cycle.status = Status::Paused;
            }
        }
    }
}

impl AccountConnector {
    /// True when a value is stored; Cyclr does not try it. Where Cyclr itself has to fetch a token
    /// (no person involved), the properties it needs for that must be there too.
    pub(super) fn authenticated(&self) -> bool {
        let fetches = match self.connector.oauth2_type {
            OAuth2Type::ClientCredentials | OAuth2Type::PasswordCredentials => true,
            OAuth2Type::Unknown | OAuth2Type::AuthorisationCode => false,
        };
        match self.connector.auth_type {
            AuthType::None => true,
            AuthType::OAuth2 if fetches => self.auth_value.is_some() && self.has_what_it_needs(),
            AuthType::ApiKey
            | AuthType::Basic
            | AuthType::OAuth1
            | AuthType::OAuth2
            | AuthType::AuthFields => self.auth_value.is_some(),
        }
    }

    fn has_what_it_needs(&self) -> bool {
        let mut needed = self.connector.properties.iter().filter(|property| !property.optional);
        needed.all(|property| {
            let set = |one: &Property| one.value.as_deref().is_some_and(|value| !value.is_empty());
            self.property(&property.target_name).is_some_and(set)
        })
    }

    pub(super) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name.eq_ignore_ascii_case(name))
    }
}
