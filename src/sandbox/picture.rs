//! The world as people and assertions see it. No credential and no token is in it.

use serde_json::{Value, json};

use super::account::{Account, AccountConnector};
use super::cycle::{Cycle, Sort};
use super::shapes::{date, mapping_name};
use super::world::World;

pub(super) fn of(world: &World) -> Value {
    let accounts: Vec<_> = world.accounts.iter().map(|(id, one)| account(id, one)).collect();
    json!({
        "accounts": accounts,
        "duplicates": super::duplicates::of(world),
        "sign_in_tokens_unused": world.sign_in_tokens.len(),
        "consents_undecided": world.consents.len(),
    })
}

fn account(id: &str, account: &Account) -> Value {
    json!({
        "Id": id,
        "Name": account.name,
        "CreatedDate": date(account.created_at),
        "AuditInfo": account.settings.get("AuditInfo"),
        "users": account.users,
        "connectors": account.connectors.values().map(connector).collect::<Vec<_>>(),
        "cycles": account.cycles.iter().map(cycle).collect::<Vec<_>>(),
    })
}

fn connector(connector: &AccountConnector) -> Value {
    let sensitive =
        |name: &str| connector.connector.property(name).is_some_and(|known| known.sensitive);
    let properties = connector.properties.iter().map(|property| {
        let hidden = sensitive(&property.name) && property.value.is_some();
        let value = if hidden { Some("set") } else { property.value.as_deref() };
        json!({ "Name": property.name, "Value": value })
    });
    json!({
        "Id": connector.id,
        "Name": connector.name,
        "ConnectorId": connector.connector.id,
        "AuthType": connector.connector.auth_type,
        "AuthValue": connector.auth_value.as_ref().map(|_| "set"),
        "Authenticated": connector.authenticated(),
        "properties": properties.collect::<Vec<_>>(),
    })
}

fn cycle(cycle: &Cycle) -> Value {
    let inputs = |place, sort| {
        let inputs = cycle.inputs(place, sort).map(|(input, mapping)| {
            let kind = mapping.kind.map(mapping_name);
            json!({ "Id": input.id, "Name": input.name, "MappingType": kind, "Value": mapping.value })
        });
        inputs.collect::<Vec<_>>()
    };
    let steps = cycle.steps.iter().zip(&cycle.template.steps).enumerate();
    let steps = steps.map(|(place, (step, made_from))| {
        json!({
            "Id": step.id,
            "Name": step.name.as_ref().unwrap_or(&made_from.name),
            "parameters": inputs(place, Sort::Parameter),
            "fields": inputs(place, Sort::Field),
        })
    });
    let variables = cycle.variables.iter();
    let variables =
        variables.map(|one| json!({ "SystemName": one.system_name, "Value": one.value }));
    json!({
        "Id": cycle.id,
        "TemplateId": cycle.template.id,
        "Name": cycle.name,
        "Status": cycle.status,
        "CreatedOnUtc": date(cycle.created_at),
        "activations": cycle.activations,
        "runs": cycle.history.runs,
        "errors": cycle.history.errors,
        "variables": variables.collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(),
    })
}
