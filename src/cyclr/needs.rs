//! What a connector wants before it can be authenticated, as the catalogue tells it.

use serde::Deserialize;

use super::client::Account;
use super::connectors::{AuthType, ConnectorWire, OAuth2Type};
use super::error::Error;
use super::lenient::{Lacking, Reply, Scalar, list_or_null};
use super::session::Verb;

/// What a connector wants before it can be authenticated (DOC, the catalogue's form).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectorNeeds {
    /// The ways to authenticate it; which one an instance uses, no reply tells (UNK).
    pub ways: Vec<AuthWay>,
    /// What has to be set as properties before authenticating.
    pub parameters_to_set: Vec<ConnectorProperty>,
}

/// One of a connector's ways to authenticate (DOC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthWay {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub auth: AuthType,
    pub oauth2: OAuth2Type,
}

/// A parameter of the connector that each account sets for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorProperty {
    /// The name under which it is set (`TargetName`).
    pub target_name: String,
    pub label: String,
    pub description: Option<String>,
    pub sensitive: bool,
    pub optional: bool,
    /// The values to choose from; empty when any will do.
    pub values: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct WayWire {
    #[serde(default)]
    id: Scalar,
    #[serde(default, rename = "authname")]
    name: Scalar,
    #[serde(default, rename = "authdescription")]
    description: Scalar,
    #[serde(default, rename = "authtype")]
    auth: Scalar,
    #[serde(default, rename = "oauth2type")]
    oauth2: Scalar,
}

#[derive(Deserialize)]
pub(super) struct ParameterWire {
    #[serde(default, rename = "isaccountconnectorproperty")]
    is_property: Scalar,
    #[serde(default, rename = "targetname")]
    target_name: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    description: Scalar,
    #[serde(default, rename = "issensitive")]
    sensitive: Scalar,
    #[serde(default, rename = "isoptional")]
    optional: Scalar,
    #[serde(default, deserialize_with = "list_or_null")]
    values: Vec<Scalar>,
}

pub(super) fn read_needs(ways: Vec<WayWire>, parameters: Vec<ParameterWire>) -> ConnectorNeeds {
    ConnectorNeeds {
        ways: ways.into_iter().filter_map(read_way).collect(),
        parameters_to_set: parameters.into_iter().filter_map(read_parameter).collect(),
    }
}

impl Reply for ConnectorNeeds {
    type Wire = ConnectorWire;

    fn read(wire: ConnectorWire) -> Result<Self, Lacking> {
        Ok(read_needs(wire.authentication, wire.parameters))
    }
}

fn read_way(wire: WayWire) -> Option<AuthWay> {
    let auth = wire.auth.into_text()?;
    Some(AuthWay {
        id: wire.id.into_text()?,
        name: wire.name.into_text().unwrap_or_else(|| auth.clone()),
        description: wire.description.into_text(),
        auth: AuthType::parse(auth),
        oauth2: OAuth2Type::parse(wire.oauth2.into_text().unwrap_or_default()),
    })
}

fn read_parameter(wire: ParameterWire) -> Option<ConnectorProperty> {
    if wire.is_property.flag() != Some(true) {
        return None;
    }
    let target_name = wire.target_name.into_text()?;
    Some(ConnectorProperty {
        label: wire.name.into_text().unwrap_or_else(|| target_name.clone()),
        target_name,
        description: wire.description.into_text(),
        // Masking what need not be masked costs little; the other way round costs a secret.
        sensitive: wire.sensitive.flag().unwrap_or(true),
        optional: wire.optional.flag().unwrap_or_default(),
        values: wire.values.into_iter().filter_map(Scalar::into_text).collect(),
    })
}

impl Account {
    /// `GET connectors/{id}` (DOC): what instances of it want.
    pub async fn find_needs(&self, kind: i64) -> Result<Option<ConnectorNeeds>, Error> {
        let path = ["connectors", &kind.to_string()];
        self.0.find(self.0.request("find connector in catalogue", Verb::Get, &path)?).await
    }
}
