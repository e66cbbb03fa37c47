//! The JSON of Cyclr's documented replies.

use chrono::{DateTime, Timelike, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::catalogue::{Connector, ConnectorProperty, Input, Template};
use super::cycle::{Cycle, Mapping, MappingType, Sort};
use super::world::{Account, AccountConnector, Property};

/// Seven digits after the second and a `Z`, as Cyclr writes dates (DOC).
pub(super) fn date(at: DateTime<Utc>) -> String {
    let ticks = at.nanosecond() % 1_000_000_000 / 100;
    format!("{}.{ticks:07}Z", at.format("%Y-%m-%dT%H:%M:%S"))
}

/// Settable fields of an account besides its name (OBS).
pub(super) const ACCOUNT_SETTINGS: [&str; 9] = [
    "Description",
    "Timezone",
    "AuditInfo",
    "TaskAuditInfo",
    "NextBillDateUtc",
    "StepDataSuccessRetentionHours",
    "StepDataErroredRetentionHours",
    "TransactionErrorWebhookUrl",
    "TransactionErrorWebhookEnabled",
];

/// Settable as well, but a truth value that is never null.
pub(super) const WITH_WARNINGS: &str = "TransactionErrorWebhookIncludeWarnings";

pub(super) fn account(id: &str, account: &Account) -> Value {
    let mut shown = json!({
        "CreatedDate": date(account.created_at),
        "Id": id,
        "Name": account.name,
        "TransactionErrorWebhookEnabled": false,
        WITH_WARNINGS: false,
    });
    for name in ACCOUNT_SETTINGS.iter().chain([&WITH_WARNINGS]) {
        match account.settings.get(*name) {
            Some(value) => shown[*name] = value.clone(),
            None if shown.get(*name).is_none() => shown[*name] = Value::Null,
            None => {}
        }
    }
    shown
}

pub(super) fn template<'a>(
    template: &Template,
    find: impl Fn(i64) -> Option<&'a Connector>,
) -> Value {
    let connectors = step_counts(template).into_iter().filter_map(|(id, count)| {
        let connector = find(id)?;
        Some(json!({
            "Id": connector.id,
            "Name": connector.name,
            "Version": connector.version,
            "StepCount": count,
            "Icon": null,
        }))
    });
    json!({
        "Name": template.name,
        "Description": template.description,
        "Id": template.id,
        "Tags": template.tags,
        "Connectors": connectors.collect::<Vec<_>>(),
    })
}

/// Connectors of a template in the order of their first step.
fn step_counts(template: &Template) -> Vec<(i64, usize)> {
    let mut counts: Vec<(i64, usize)> = Vec::new();
    for step in &template.steps {
        match counts.iter_mut().find(|(id, _)| *id == step.connector) {
            Some((_, count)) => *count += 1,
            None => counts.push((step.connector, 1)),
        }
    }
    counts
}

/// The short form, as it stands inside an account connector.
pub(super) fn connector(connector: &Connector) -> Value {
    json!({
        "Id": connector.id,
        "Name": connector.name,
        "Description": connector.description,
        "Status": "Approved",
        "Version": connector.version,
        "Icon": null,
        "AuthDescription": connector.auth_description,
        "AuthType": connector.auth_type,
        "OAuth2Type": connector.oauth2_type,
        "AuthScheme": null,
    })
}

/// The catalogue's form, with what has to be set before a sign-in.
pub(super) fn catalogue_connector(one: &Connector) -> Value {
    let mut shown = connector(one);
    shown["Parameters"] = one.properties.iter().map(connector_property).collect();
    shown["Authentication"] = json!([{
        "Id": Uuid::from_u128(0x5e1f_0c3a_7b52_4c0e_9a41_0000_0000_0000 | u128::from(one.id.unsigned_abs())),
        "AuthName": one.name,
        "AuthDescription": one.auth_description,
        "AuthType": one.auth_type,
        "OAuth2Type": one.oauth2_type,
        "AuthScheme": null,
    }]);
    shown
}

fn connector_property(property: &ConnectorProperty) -> Value {
    json!({
        "IsAccountConnectorProperty": true,
        "TargetType": "Script",
        "TargetName": property.target_name,
        "IsSensitive": property.sensitive,
        "Id": property.id,
        "Name": property.name,
        "Description": property.description,
        "IsOptional": property.optional,
        "DataType": "Text",
        "TriggerName": null,
        "Values": property.values,
    })
}

/// With the credential in clear, as the documented replies have it.
pub(super) fn account_connector(one: &AccountConnector) -> Value {
    json!({
        "Id": one.id,
        "Name": one.name,
        "Description": one.description,
        "AuthValue": one.auth_value,
        "Authenticated": one.authenticated(),
        "Connector": connector(&one.connector),
        "IsPartnerIntegrationConnector": false,
        "Properties": one.properties.iter().map(|each| property(one.id, each)).collect::<Vec<_>>(),
        "CustomFields": [],
    })
}

pub(super) fn property(account_connector: i64, property: &Property) -> Value {
    json!({
        "Id": property.id,
        "AccountConnectorId": account_connector,
        "Name": property.name,
        "Value": property.value,
    })
}

pub(super) fn cycle(cycle: &Cycle, account: &Account) -> Value {
    let connectors = step_counts(&cycle.template).into_iter().filter_map(|(id, count)| {
        let one = account.connectors.get(cycle.connectors.get(&id)?)?;
        Some(json!({
            "Id": id,
            "AccountConnectorId": one.id,
            "Name": one.connector.name,
            "Version": one.connector.version,
            "Authenticated": one.authenticated(),
            "StepCount": count,
            "Icon": null,
        }))
    });
    // Year 1 without a zone means never [DOC].
    let never = || "0001-01-01T00:00:00".to_owned();
    let run = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S").to_string();
    json!({
        "Id": cycle.id,
        "CreatedOnUtc": date(cycle.created_at),
        "TasksUsed": 0,
        "ErrorCount": 0,
        "WarningCount": 0,
        "Connectors": connectors.collect::<Vec<_>>(),
        "Status": cycle.status,
        "LastSuccessfulRunDate": cycle.last_run_at.map_or_else(never, run),
        "InProgressTransactionCount": 0,
        "Name": cycle.name,
        "Description": cycle.template.description,
        "Shareable": false,
        "ContinueOnStepError": true,
        "LogStepDataRequests": true,
        "StepDataSuccessRetentionHours": null,
        "StepDataErroredRetentionHours": null,
        "TemplateId": cycle.template.id,
        "Tags": cycle.template.tags,
        "StepErrorAction": "Ignore",
        "CollectionSplitType": null,
    })
}

pub(super) fn step(cycle: &Cycle, place: usize, account: &Account) -> Option<Value> {
    let made_from = cycle.template.steps.get(place)?;
    let connector = account.connectors.get(cycle.connectors.get(&made_from.connector)?)?;
    let inputs = |sort| {
        let inputs = cycle.inputs(place, sort);
        inputs.map(|(one, _)| input(one, connector.id, made_from.method.id)).collect::<Vec<_>>()
    };
    Some(json!({
        "Id": cycle.steps.get(place)?.id,
        "Name": made_from.name,
        "Description": null,
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
pub(super) fn mapping(cycle: &Cycle, place: usize, sort: Sort, id: i64) -> Option<Value> {
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

pub(super) fn mapping_name(kind: MappingType) -> &'static str {
    match kind {
        MappingType::StaticValue => "StaticValue",
        MappingType::ValueList => "ValueList",
        MappingType::Ignore => "Ignore",
        MappingType::PreviousStep => "PreviousStep",
    }
}

/// Cycle level: closed connectors (20), then steps with something unmapped (30).
pub(super) fn cycle_prerequisites(cycle: &Cycle, account: &Account) -> Value {
    let closed = account
        .closed_connectors(cycle)
        .map(|id| prerequisite(20, "Unauthenticated connector", "AccountConnector", id));
    let steps = cycle.steps.iter().enumerate();
    let unmapped = steps.filter(|(place, _)| cycle.unmapped(*place).next().is_some());
    let unmapped = unmapped
        .map(|(_, step)| prerequisite(30, "Missing mapping", "Action", step.id.to_string()));
    closed.chain(unmapped).collect()
}

/// Step level: parameters (40), then fields (41).
pub(super) fn step_prerequisites(cycle: &Cycle, place: usize) -> Value {
    let missing = cycle.unmapped(place).map(|(sort, input)| match sort {
        Sort::Parameter => prerequisite(40, "Missing parameter mapping", "Parameter", input.id),
        Sort::Field => prerequisite(41, "Missing field mapping", "ConnectorFieldMapping", input.id),
    });
    missing.collect()
}

fn prerequisite(code: i64, reason: &str, object: &str, id: impl Into<Value>) -> Value {
    json!({ "ReasonCode": code, "Reason": reason, "ObjectType": object, "ObjectId": id.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_seven_digits_after_the_second() {
        let at = DateTime::from_timestamp(1_512_577_306, 49_982_912).unwrap();
        assert_eq!(date(at), "2017-12-06T16:21:46.0499829Z");
    }
}
