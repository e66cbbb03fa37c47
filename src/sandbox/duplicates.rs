//! What should be there once and is there more often: found in the world, not in the calls, so
//! that nothing is missed and nothing is remembered for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::account::Account;
use super::cycle::{Cycle, Status};
use super::world::World;

/// One line for each; empty when everything is there once.
pub(super) fn of(world: &World) -> Vec<Value> {
    let mut found = accounts(world);
    for (id, account) in &world.accounts {
        cycles(id, account, &mut found);
        single_runs(id, account, &mut found);
        properties(id, account, &mut found);
    }
    found
}

/// Several with one mark, or without marks with one name.
fn accounts(world: &World) -> Vec<Value> {
    let mut alike: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (id, account) in &world.accounts {
        let mark = account.settings.get("AuditInfo").and_then(Value::as_str);
        let key = mark.map_or(("Name", account.name.as_str()), |mark| ("AuditInfo", mark));
        alike.entry(key).or_default().push(id);
    }
    let several = alike.into_iter().filter(|(_, ids)| ids.len() > 1);
    let line = |((by, text), ids)| json!({ "what": "account", "by": by, "of": text, "ids": ids });
    several.map(line).collect()
}

/// Several of one template that are not in the recycle bin.
fn cycles(id: &str, account: &Account, found: &mut Vec<Value>) {
    let mut alike: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let present = account.cycles.iter().filter(|cycle| cycle.status != Status::DeleteScheduled);
    present.for_each(|cycle| alike.entry(cycle.template.id).or_default().push(cycle.id));
    for (template, ids) in alike.into_iter().filter(|(_, ids)| ids.len() > 1) {
        found.push(json!({ "what": "cycle", "account": id, "of": template, "ids": ids }));
    }
}

/// Meant to run a single time, and started more often.
fn single_runs(id: &str, account: &Account, found: &mut Vec<Value>) {
    let again = |cycle: &&Cycle| cycle.single_runs > 1;
    for cycle in account.cycles.iter().filter(again) {
        let times = cycle.single_runs;
        found.push(json!({ "what": "single_run", "account": id, "of": cycle.id, "times": times }));
    }
}

/// Several of one name at one account connector.
fn properties(id: &str, account: &Account, found: &mut Vec<Value>) {
    for connector in account.connectors.values() {
        let mut alike: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for property in &connector.properties {
            alike.entry(property.name.to_lowercase()).or_default().push(property.id);
        }
        for (name, ids) in alike.into_iter().filter(|(_, ids)| ids.len() > 1) {
            let of = connector.id;
            found.push(json!({
                "what": "property", "account": id, "of": of, "name": name, "ids": ids,
            }));
        }
    }
}
