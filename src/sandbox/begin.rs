//! The world as the catalogue describes it before the first call.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::account::{Account, AccountConnector, Property};
use super::catalogue::{PresentAccount, PresentConnector, PresentCycle, Shelves};
use super::cycle::{Cycle, Sort, Status};
use super::shapes::setting_name;
use super::world::World;

impl World {
    /// The catalogue was checked, so what it names is there; what is not is left out.
    pub(super) fn beginning(shelves: &Shelves, now: DateTime<Utc>) -> Self {
        let mut world = Self::default();
        for present in &shelves.accounts {
            let account = account(present, shelves, now);
            let properties = account.connectors.values().flat_map(|one| &one.properties);
            let ids = account.connectors.keys().copied().chain(properties.map(|one| one.id));
            ids.for_each(|id| world.reserve_id(id));
            world.accounts.insert(present.id.clone(), account);
        }
        world.find_next_run();
        world
    }
}

fn account(present: &PresentAccount, shelves: &Shelves, now: DateTime<Utc>) -> Account {
    let settings = present.settings.iter().filter_map(|(name, value)| {
        Some((setting_name(name)?.to_owned(), value.clone())).filter(|_| *value != Value::Null)
    });
    let connectors = present.connectors.iter().filter_map(|one| connector(one, shelves));
    let mut account = Account {
        created_at: present.created_at.unwrap_or(now),
        internal_id: Uuid::new_v4(),
        parent: present.parent.clone(),
        name: present.name.clone(),
        settings: settings.collect(),
        users: present.users.iter().cloned().collect(),
        connectors: connectors.map(|one| (one.id, one)).collect(),
        cycles: Vec::new(),
    };
    let cycles = present.cycles.iter().filter_map(|one| cycle(one, &account, shelves, now));
    account.cycles = cycles.collect();
    account
}

fn connector(present: &PresentConnector, shelves: &Shelves) -> Option<AccountConnector> {
    let made_from = shelves.connectors.get(&present.connector)?;
    let properties = present.properties.iter().map(|one| Property {
        id: one.id,
        name: one.name.clone(),
        value: one.value.clone(),
    });
    Some(AccountConnector {
        id: present.id,
        name: present.name.clone().unwrap_or_else(|| made_from.name.clone()),
        description: present.description.clone(),
        authentication: present.authentication,
        auth_value: present.auth_value.clone(),
        unseen_reads: 0,
        properties: properties.collect(),
        connector: made_from.clone(),
    })
}

fn cycle(
    present: &PresentCycle,
    account: &Account,
    shelves: &Shelves,
    now: DateTime<Utc>,
) -> Option<Cycle> {
    let template = shelves.by_id.get(&present.template)?;
    let mut connectors = BTreeMap::new();
    for one in account.connectors.values() {
        let named = present.account_connectors.contains(&one.id);
        let known = connectors.entry(one.connector.id).or_insert(one.id);
        if named {
            *known = one.id;
        }
    }
    connectors.retain(|kind, _| template.steps.iter().any(|step| step.connector == *kind));
    let mut cycle = Cycle::new(template, connectors, present.created_at.unwrap_or(now));
    cycle.id = present.id;
    cycle.name.clone_from(present.name.as_ref().unwrap_or(&template.name));
    cycle.status = present.status;
    if present.status == Status::Active {
        cycle.interval = present.interval;
        let minutes = TimeDelta::minutes(i64::from(present.interval.unwrap_or(60)));
        cycle.next_run_at = Some(now + minutes).filter(|_| !cycle.waits_for_webhook());
    }
    for (step, id) in cycle.steps.iter_mut().zip(&present.steps) {
        step.id = *id;
    }
    for told in &present.mappings {
        let place = cycle.place_of(told.step)?;
        let (sort, id) = match (told.parameter, told.field) {
            (Some(id), _) => (Sort::Parameter, id),
            (None, id) => (Sort::Field, id?),
        };
        let mapping = cycle.mapping_mut(place, sort, id)?;
        mapping.kind = Some(told.mapping_type);
        mapping.value.clone_from(&told.value);
    }
    Some(cycle)
}
