//! A cycle and what belongs to it, as they are answered.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::account::Account;
use super::super::catalogue::RunOutcome;
use super::super::cycle::{Cycle, CycleVariable};
use super::super::runs::{Incident, Transaction};
use super::catalogue::step_counts;
use super::{date, mapping_name, prerequisite};

pub(in super::super) fn cycle(cycle: &Cycle, account: &Account, icons: bool) -> Value {
    let connectors = step_counts(&cycle.template).into_iter().filter_map(|(id, count)| {
        let one = account.connectors.get(cycle.connectors.get(&id)?)?;
        Some(json!({
            "Id": id,
            "AccountConnectorId": one.id,
            "Name": one.connector.name,
            "Version": one.connector.version,
            "Authenticated": one.authenticated(),
            "StepCount": count,
            "Icon": one.connector.icon.as_ref().filter(|_| icons),
        }))
    });
    // Year 1 without a zone means never [DOC].
    let never = || "0001-01-01T00:00:00".to_owned();
    let run = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S").to_string();
    let history = &cycle.history;
    let mut shown = json!({
        "Id": cycle.id,
        "CreatedOnUtc": date(cycle.created_at),
        "TasksUsed": history.tasks_used,
        "ErrorCount": history.errors,
        "WarningCount": history.warnings,
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
        "StepErrorAction": cycle.template.on_step_error,
        "CollectionSplitType": null,
    });
    for (name, value) in &cycle.settings {
        shown[name] = value.clone();
    }
    shown
}

/// Cycle level: closed connectors (20), then what only the template's maker can cure, then steps
/// with something unmapped (30), then variables without a value (the code is unknown).
pub(in super::super) fn cycle_prerequisites(
    cycle: &Cycle,
    account: &Account,
    variable_code: i64,
) -> Value {
    let closed = account
        .closed_connectors(cycle)
        .map(|id| prerequisite(20, "Unauthenticated connector", "AccountConnector", id));
    let defects = cycle.template.prerequisites.iter().map(|one| {
        let step = one.step.and_then(|place| cycle.steps.get(place));
        match step {
            Some(step) => prerequisite(one.reason_code, &one.reason, "Action", step.id.to_string()),
            None => prerequisite(one.reason_code, &one.reason, "Cycle", cycle.id.to_string()),
        }
    });
    let steps = cycle.steps.iter().enumerate();
    let unmapped = steps.filter(|(place, _)| cycle.unmapped(*place).next().is_some());
    let unmapped = unmapped
        .map(|(_, step)| prerequisite(30, "Missing mapping", "Action", step.id.to_string()));
    let variables = cycle.unset_variables().map(|variable| {
        prerequisite(
            variable_code,
            "Missing variable value",
            "Variable",
            variable.system_name.clone(),
        )
    });
    closed.chain(defects).chain(unmapped).chain(variables).collect()
}

pub(in super::super) fn variable(variable: &CycleVariable) -> Value {
    json!({
        "DisplayName": variable.display_name.as_ref().unwrap_or(&variable.system_name),
        "SystemName": variable.system_name,
        "Value": variable.value,
        "MappingType": variable.kind.map(mapping_name),
    })
}

pub(in super::super) fn incident(cycle: &Cycle, incident: &Incident) -> Value {
    json!({
        "CycleId": cycle.id,
        "CycleName": cycle.name,
        "IncidentLevel": incident.level,
        "ShortMessage": incident.short,
        "FullMessage": incident.full,
        "StepId": incident.step,
        "StepName": incident.step_name,
        "TransactionId": incident.transaction,
    })
}

/// The names of these fields are not documented, only that there is such a list.
pub(in super::super) fn transaction(cycle: &Cycle, one: &Transaction) -> Value {
    let (status, errors, warnings) = match one.outcome {
        RunOutcome::Succeed => ("Completed", 0, 0),
        RunOutcome::Warn => ("Completed", 0, 1),
        RunOutcome::Fail => ("Errored", 1, 0),
    };
    json!({
        "Id": one.id,
        "CycleId": cycle.id,
        "CycleName": cycle.name,
        "Status": status,
        "StartTimeUtc": date(one.at),
        "EndTimeUtc": date(one.at),
        "TasksUsed": one.tasks,
        "ErrorCount": errors,
        "WarningCount": warnings,
    })
}
