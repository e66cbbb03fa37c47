//! What an account gets: cycles from templates, and connectors from the catalogue.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::account::{Account, AccountConnector};
use super::catalogue::{Connector, Template};
use super::cycle::Cycle;
use super::world::World;

impl World {
    /// A new cycle each time. Account connectors are made where the account lacks them, or where
    /// the template asks for some of its own.
    pub(super) fn install(
        &mut self,
        account: &str,
        template: &Arc<Template>,
        catalogue: &BTreeMap<i64, Arc<Connector>>,
        reuse: bool,
        now: DateTime<Utc>,
    ) -> Option<&mut Cycle> {
        let mut connectors = BTreeMap::new();
        for wanted in template.steps.iter().map(|step| step.connector) {
            if connectors.contains_key(&wanted) {
                continue;
            }
            let mut present = self.accounts.get(account)?.connectors.values();
            let present = present.find(|one| one.connector.id == wanted).map(|one| one.id);
            let id = match present {
                Some(id) if reuse && !template.fresh_connectors => id,
                Some(_) | None => self.connect(account, catalogue.get(&wanted)?, None)?,
            };
            connectors.insert(wanted, id);
        }
        let cycles = &mut self.accounts.get_mut(account)?.cycles;
        cycles.push(Cycle::new(template, connectors, now));
        cycles.last_mut()
    }

    /// A new account connector, under a name that the account has not got yet.
    pub(super) fn connect(
        &mut self,
        account: &str,
        connector: &Arc<Connector>,
        name: Option<String>,
    ) -> Option<i64> {
        let id = self.next_id();
        let account = self.accounts.get_mut(account)?;
        let name = name.unwrap_or_else(|| account.free_name(&connector.name));
        let fresh = AccountConnector {
            id,
            name,
            description: None,
            authentication: None,
            auth_value: None,
            unseen_reads: 0,
            properties: Vec::new(),
            connector: Arc::clone(connector),
        };
        account.connectors.insert(id, fresh);
        Some(id)
    }
}

impl Account {
    pub(super) fn has_connector_named(&self, name: &str) -> bool {
        self.connectors.values().any(|one| one.name.eq_ignore_ascii_case(name))
    }

    fn free_name(&self, wanted: &str) -> String {
        let taken = |name: &String| self.has_connector_named(name);
        let mut names = (2..).map(|number| format!("{wanted} ({number})"));
        let first = Some(wanted.to_owned()).filter(|name| !taken(name));
        first.or_else(|| names.find(|name| !taken(name))).unwrap_or_default()
    }
}
