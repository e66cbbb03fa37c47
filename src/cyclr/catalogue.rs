//! The catalogue of connectors: what could be installed, before anything is.

use serde::Deserialize;

use super::client::Partner;
use super::connectors::{AuthType, OAuth2Type};
use super::error::Error;
use super::lenient::{Lacking, Reply, Scalar};
use super::session::Verb;

/// One version of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueConnector {
    pub name: String,
    pub version: Option<String>,
    pub auth: AuthType,
    pub oauth2: OAuth2Type,
}

#[derive(Deserialize)]
pub(super) struct Wire {
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    version: Scalar,
    #[serde(default, rename = "authtype")]
    auth: Scalar,
    #[serde(default, rename = "oauth2type")]
    oauth2: Scalar,
}

impl Reply for CatalogueConnector {
    type Wire = Wire;

    fn read(wire: Wire) -> Result<Self, Lacking> {
        Ok(Self {
            name: wire.name.into_text().unwrap_or_default(),
            version: wire.version.into_text(),
            auth: AuthType::parse(wire.auth.into_text().ok_or(Lacking("it has no AuthType"))?),
            oauth2: OAuth2Type::parse(wire.oauth2.into_text().unwrap_or_default()),
        })
    }
}

impl Partner {
    /// `GET connectors/{name}` (DOC): all versions. Whether it answers outside an account is not
    /// certain (OBS, both ways), so a refusal says nothing about the connector.
    pub async fn find_in_catalogue(
        &self,
        name: &str,
    ) -> Result<Option<Vec<CatalogueConnector>>, Error> {
        let path = ["connectors", name];
        self.0.find(self.0.request("find connector in catalogue", Verb::Get, &path)?).await
    }
}
