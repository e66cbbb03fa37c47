//! An account and its connectors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::catalogue::{AuthType, Authentication, Connector, OAuth2Type};
use super::cycle::{Cycle, Status};
use super::shared;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) created_at: DateTime<Utc>,
    /// Cyclr's own id of it, beside the API id that the caller chose.
    #[serde(default)]
    pub(super) internal_id: Uuid,
    /// The account that it is a part of.
    #[serde(default)]
    pub(super) parent: Option<String>,
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
    /// Which of the connector's ways to authenticate it uses; its first one when absent.
    #[serde(default)]
    pub(super) authentication: Option<Uuid>,
    pub(super) auth_value: Option<String>,
    /// How often it is still read before its sign-in shows.
    #[serde(default)]
    pub(super) unseen_reads: u8,
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
            && cycle.template.prerequisites.is_empty()
            && cycle.unset_variables().next().is_none()
            && (0..cycle.steps.len()).all(|place| cycle.unmapped(place).next().is_none())
    }

    /// De-authenticating stops the integrations that use the connector (DOC).
    pub(super) fn pause_cycles_using(&mut self, connector: i64) {
        for cycle in &mut self.cycles {
            let uses = cycle.connectors.values().any(|id| *id == connector);
            if uses && cycle.is_running() {
                cycle.pause(Status::Paused);
            }
        }
    }
}

impl AccountConnector {
    /// True when a value is stored; Cyclr does not try it. Where Cyclr itself has to fetch a token
    /// (no person involved), the properties it needs for that must be there too.
    pub(super) fn authenticated(&self) -> bool {
        if self.unseen_reads > 0 {
            return false;
        }
        let (auth_type, oauth2_type) = self.way();
        let fetches = match oauth2_type {
            OAuth2Type::ClientCredentials | OAuth2Type::PasswordCredentials => true,
            OAuth2Type::Unknown | OAuth2Type::AuthorisationCode => false,
        };
        match auth_type {
            AuthType::None => true,
            AuthType::OAuth2 if fetches => self.auth_value.is_some() && self.has_what_it_needs(),
            AuthType::ApiKey
            | AuthType::Basic
            | AuthType::OAuth1
            | AuthType::OAuth2
            | AuthType::AuthFields => self.auth_value.is_some(),
        }
    }

    /// How it authenticates.
    pub(super) fn way(&self) -> (AuthType, OAuth2Type) {
        let known = &self.connector.authentication;
        let chosen = |id| known.iter().find(|way: &&Authentication| way.id == id);
        match self.authentication.and_then(chosen).or(known.first()) {
            Some(way) => (way.auth_type, way.oauth2_type),
            None => (self.connector.auth_type, self.connector.oauth2_type),
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
