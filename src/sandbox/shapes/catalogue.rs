//! Templates and connectors of the catalogue, as they are answered.

use serde_json::{Value, json};

use super::super::catalogue::{
    Authentication, Connector, ConnectorMethod, ConnectorProperty, Lookup, Template,
};
use super::super::cycle::Sort;

/// What a caller asks to be told besides the usual.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Details {
    pub(in super::super) icons: bool,
    /// What has to be filled in. The exact form is unknown; here as for a cycle.
    pub(in super::super) prerequisites: bool,
}

pub(in super::super) fn template<'a>(
    template: &Template,
    details: Details,
    find: impl Fn(i64) -> Option<&'a Connector>,
) -> Value {
    let connectors = step_counts(template).into_iter().filter_map(|(id, count)| {
        let connector = find(id)?;
        Some(json!({
            "Id": connector.id,
            "Name": connector.name,
            "Version": connector.version,
            "StepCount": count,
            "Icon": connector.icon.as_ref().filter(|_| details.icons),
        }))
    });
    let mut shown = json!({
        "Name": template.name,
        "Description": template.description,
        "Id": template.id,
        "Tags": template.tags,
        "Connectors": connectors.collect::<Vec<_>>(),
    });
    if details.prerequisites {
        shown["Prerequisites"] = wanted(template);
    }
    shown
}

/// What the steps of a template want to know and is not optional.
fn wanted(template: &Template) -> Value {
    let steps = template.steps.iter().flat_map(|step| {
        [Sort::Parameter, Sort::Field].into_iter().flat_map(|sort| {
            let open = step.inputs(sort).iter().filter(|input| !input.optional);
            open.map(move |input| match sort {
                Sort::Parameter => {
                    super::prerequisite(40, "Missing parameter mapping", "Parameter", input.id)
                }
                Sort::Field => {
                    let object = "ConnectorFieldMapping";
                    super::prerequisite(41, "Missing field mapping", object, input.id)
                }
            })
        })
    });
    steps.collect()
}

/// Connectors of a template in the order of their first step.
pub(super) fn step_counts(template: &Template) -> Vec<(i64, usize)> {
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
        "Status": connector.status,
        "Version": connector.version,
        "Icon": connector.icon,
        "AuthDescription": connector.auth_description,
        "AuthType": connector.auth_type,
        "OAuth2Type": connector.oauth2_type,
        "AuthScheme": connector.auth_scheme,
    })
}

/// The catalogue's form, with what has to be set before a sign-in.
pub(in super::super) fn catalogue_connector(one: &Connector) -> Value {
    let mut shown = connector(one);
    shown["Parameters"] = one.properties.iter().map(parameter).collect();
    shown["Authentication"] = one.ways().iter().map(authentication).collect();
    shown["Categories"] = json!(one.categories);
    shown["Triggers"] = one.triggers.iter().map(trigger).collect();
    shown["IsSystemConnector"] = Value::Bool(one.system);
    shown
}

fn authentication(way: &Authentication) -> Value {
    json!({
        "Id": way.id,
        "AuthName": way.name,
        "AuthDescription": way.description,
        "AuthType": way.auth_type,
        "OAuth2Type": way.oauth2_type,
        "AuthScheme": way.auth_scheme,
    })
}

fn trigger(lookup: &Lookup) -> Value {
    json!({ "Id": lookup.id, "Name": lookup.name })
}

fn parameter(property: &ConnectorProperty) -> Value {
    json!({
        "IsAccountConnectorProperty": property.account_property,
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

/// The names of these fields are not documented.
pub(in super::super) fn connector_method(method: &ConnectorMethod) -> Value {
    json!({
        "MethodUniqueIdentifier": method.id,
        "Name": method.name,
        "Description": method.description,
        "Category": method.category,
    })
}
