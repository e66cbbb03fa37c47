//! A step and what it wants to know, as they are answered.

use serde_json::{Value, json};

use super::super::account::Account;
use super::super::catalogue::{Input, Output};
use super::super::cycle::{Cycle, Mapping, MappingType, Sort};
use super::prerequisite;

pub(in super::super) fn step(cycle: &Cycle, place: usize, account: &Account) -> Option<Value> {
    let made_from = cycle.template.steps.get(place)?;
    let connector = account.connectors.get(cycle.connectors.get(&made_from.connector)?)?;
    let inputs = |sort| {
        let inputs = cycle.inputs(place, sort);
        inputs.map(|(one, _)| input(one, connector.id, made_from.method.id)).collect::<Vec<_>>()
    };
    Some(json!({
        "Id": cycle.steps.get(place)?.id,
        "Name": cycle.step_name(place)?,
        "Description": cycle.steps.get(place)?.description,
        "ActionType": "Action",
        "AccountConnector": { "Id": connector.id, "Name": connector.name },
        "Method": {
            "Id": made_from.method.id,
            "Name": made_from.method.name,
            "Parameters": inputs(Sort::Parameter),
            "RequestFields": inputs(Sort::Field),
        },
    }))
}

fn input(input: &Input, account_connector: i64, method: i64) -> Value {
    let triggers = input.lookup.iter().map(|lookup| {
        json!({
            "TriggerId": lookup.id,
            "AccountConnectorId": account_connector,
            "MethodId": method,
            "Name": lookup.name,
            "HumanReadableKey": "[items].name",
            "IdentifierKey": "[items].id",
            "SubTriggers": [],
            "EntityId": input.id,
        })
    });
    json!({
        "Id": input.id,
        "Name": input.name,
        "Description": input.description,
        "IsOptional": input.optional,
        "DataType": input.data_type,
        "TriggerName": input.lookup.as_ref().map(|lookup| &lookup.name),
        "Values": input.values,
        "DisplayOrder": 1,
        "Triggers": triggers.collect::<Vec<_>>(),
    })
}

/// A parameter or a field of a step with its mapping; `None` when the step has no such id.
pub(in super::super) fn mapping(cycle: &Cycle, place: usize, sort: Sort, id: i64) -> Option<Value> {
    let made_from = cycle.template.steps.get(place)?;
    let connector = *cycle.connectors.get(&made_from.connector)?;
    let (wanted, told) = cycle.inputs(place, sort).find(|(input, _)| input.id == id)?;
    let mut shown = mapped(told);
    let described = input(wanted, connector, made_from.method.id);
    match sort {
        Sort::Parameter => {
            shown["Parameter"] = described;
            shown["IsEntityIdentifier"] = Value::Bool(false);
        }
        Sort::Field => {
            shown["Field"] = described;
            shown["IsLaunchVisible"] = Value::Bool(false);
        }
    }
    Some(shown)
}

fn mapped(mapping: &Mapping) -> Value {
    json!({
        "MappingType": mapping.kind.map(mapping_name),
        "SourceFieldId": mapping.source_field,
        "SourceStepId": mapping.source_step,
        "TriggerValue": null,
        "TriggerValueDisplayName": null,
        "Value": mapping.value,
    })
}

pub(in super::super) fn mapping_name(kind: MappingType) -> &'static str {
    match kind {
        MappingType::StaticValue => "StaticValue",
        MappingType::ValueList => "ValueList",
        MappingType::Ignore => "Ignore",
        MappingType::PreviousStep => "PreviousStep",
    }
}

/// Step level: parameters (40), then fields (41).
pub(in super::super) fn step_prerequisites(cycle: &Cycle, place: usize) -> Value {
    let missing = cycle.unmapped(place).map(|(sort, input)| match sort {
        Sort::Parameter => prerequisite(40, "Missing parameter mapping", "Parameter", input.id),
        Sort::Field => prerequisite(41, "Missing field mapping", "ConnectorFieldMapping", input.id),
    });
    missing.collect()
}

/// A field of an earlier step that can be mapped from (DOC).
pub(in super::super) fn output(output: &Output) -> Value {
    json!({
        "Id": output.id,
        "Name": output.name,
        "Description": null,
        "IsOptional": false,
        "DataType": output.data_type,
        "TriggerName": null,
        "Values": null,
        "DisplayOrder": 0,
        "Triggers": [],
    })
}
