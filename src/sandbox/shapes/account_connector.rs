//! An account connector and its properties, as they are answered.

use serde_json::{Value, json};

use super::super::account::{AccountConnector, Property};
use super::catalogue::connector;

/// With the credential in clear, as the documented replies have it.
pub(in super::super) fn account_connector(one: &AccountConnector) -> Value {
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

pub(in super::super) fn property(account_connector: i64, property: &Property) -> Value {
    json!({
        "Id": property.id,
        "AccountConnectorId": account_connector,
        "Name": property.name,
        "Value": property.value,
    })
}
