//! Templates: what can be installed.

use serde::Deserialize;
use serde_json::json;

use super::client::{Account, Partner};
use super::cycles::Cycle;
use super::error::Error;
use super::lenient::{Lacking, Reply, Scalar, list_or_null};
use super::session::Verb;
use crate::ids::TemplateId;

/// A published template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub id: TemplateId,
    pub name: String,
    pub tags: Vec<String>,
    pub connectors: Vec<TemplateConnector>,
}

/// A connector that the template will bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateConnector {
    pub name: String,
    pub version: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Wire {
    #[serde(default)]
    id: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default, deserialize_with = "list_or_null")]
    tags: Vec<Scalar>,
    #[serde(default, deserialize_with = "list_or_null")]
    connectors: Vec<ConnectorWire>,
}

#[derive(Deserialize)]
struct ConnectorWire {
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    version: Scalar,
}

impl Reply for Template {
    type Wire = Wire;

    fn read(wire: Wire) -> Result<Self, Lacking> {
        let connector = |wire: ConnectorWire| TemplateConnector {
            name: wire.name.into_text().unwrap_or_default(),
            version: wire.version.into_text(),
        };
        Ok(Self {
            id: TemplateId(wire.id.guid().ok_or(Lacking("the template has no Id"))?),
            name: wire.name.into_text().unwrap_or_default(),
            tags: wire.tags.into_iter().filter_map(Scalar::into_text).collect(),
            connectors: wire.connectors.into_iter().map(connector).collect(),
        })
    }
}

impl Partner {
    /// `GET templates/{id}` (OBS); `None` when it is gone or not published.
    pub async fn find_template(&self, id: TemplateId) -> Result<Option<Template>, Error> {
        let path = ["templates", &id.to_string()];
        self.0.find(self.0.request("find template", Verb::Get, &path)?).await
    }
}

impl Account {
    /// `POST templates/{id}/install` (DOC). Every success makes another cycle, and there is no key
    /// by which a repetition is known: never repeat it blindly. `{}` is the body that is proven.
    pub async fn install(&self, template: TemplateId) -> Result<Cycle, Error> {
        let path = ["templates", &template.to_string(), "install"];
        let request = self.0.request("install template", Verb::Post, &path)?;
        self.0.send(request.json(&json!({}))?).await
    }
}
