//! What the pretend Cyclr has to offer: connectors and published templates.
//!
//! Read from JSON, so that a scenario can be set up without touching code. Names inside `auth_type`
//! and `oauth2_type` are Cyclr's own words.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use super::Error;

/// Partner client id that the built-in settings accept.
pub const CLIENT_ID: &str = "sandbox-client";
/// Partner client secret that the built-in settings accept; it opens nothing but the sandbox.
pub const CLIENT_SECRET: &str = "sandbox-secret-not-for-production";

/// Built-in connector with a consent screen.
pub const HARBOUR_CRM: i64 = 2101;
/// Built-in connector with an API key.
pub const PARCEL_MAIL: i64 = 2102;
/// Built-in connector with OAuth client credentials.
pub const LEDGER_CLOUD: i64 = 2103;
/// Built-in connector with a user name and password.
pub const DEPOT_FTP: i64 = 2104;
/// Built-in connector that asks for nothing.
pub const TIDE_STORE: i64 = 2105;

/// Built-in template `Harbour CRM > Parcel Mail`.
pub const CRM_TO_MAIL: Uuid = uuid!("5e1f0c3a-7b52-4c0e-9a41-0d6c2f8b1a01");
/// Built-in template `Harbour CRM > Ledger Cloud`.
pub const NIGHTLY_LEDGER: Uuid = uuid!("5e1f0c3a-7b52-4c0e-9a41-0d6c2f8b1a02");
/// Built-in template `Tide Store heartbeat`; it needs no person.
pub const STORE_ONLY: Uuid = uuid!("5e1f0c3a-7b52-4c0e-9a41-0d6c2f8b1a03");
/// Built-in template `Depot FTP > Tide Store`.
pub const DEPOT_TO_STORE: Uuid = uuid!("5e1f0c3a-7b52-4c0e-9a41-0d6c2f8b1a04");

const BUILT_IN: &str = include_str!("catalogue.json");

/// Everything a console has published.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    pub connectors: Vec<Connector>,
    pub templates: Vec<Template>,
}

/// How a connector proves who it acts for (OBS enumeration).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthType {
    ApiKey,
    Basic,
    OAuth1,
    OAuth2,
    AuthFields,
    None,
}

/// Which OAuth 2 grant a connector uses; British spelling is Cyclr's (DOC).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OAuth2Type {
    #[default]
    Unknown,
    AuthorisationCode,
    ClientCredentials,
    PasswordCredentials,
}

/// A kind of application that accounts can be connected to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    pub id: i64,
    pub name: String,
    #[serde(default)]
    pub version: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    pub auth_type: AuthType,
    #[serde(default)]
    pub oauth2_type: OAuth2Type,
    #[serde(default)]
    pub auth_description: Option<String>,
    /// Settings of an account connector besides its credential.
    #[serde(default)]
    pub properties: Vec<ConnectorProperty>,
}

/// A setting such as a host name or a client id, kept under `target_name` (DOC).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorProperty {
    pub id: i64,
    pub name: String,
    pub target_name: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub optional: bool,
    #[serde(default)]
    pub sensitive: bool,
    #[serde(default)]
    pub values: Vec<String>,
}

/// What gets installed into an account as a cycle.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    pub id: Uuid,
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub tags: Vec<String>,
    pub steps: Vec<TemplateStep>,
}

/// One action of a template.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateStep {
    pub name: String,
    /// Catalogue id of the connector.
    pub connector: i64,
    pub method: Method,
    #[serde(default)]
    pub parameters: Vec<Input>,
    #[serde(default)]
    pub fields: Vec<Input>,
}

/// The connector's method that a step calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    pub id: i64,
    pub name: String,
}

/// A parameter or a field that wants a value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub id: i64,
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub optional: bool,
    #[serde(default = "undefined")]
    pub data_type: String,
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default)]
    pub lookup: Option<Lookup>,
}

/// Choices that Cyclr would fetch from the third party.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    pub id: i64,
    pub name: String,
    pub choices: Vec<Choice>,
}

/// One entry of a lookup.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub name: String,
    pub value: String,
}

fn undefined() -> String {
    "Undefined".to_owned()
}

impl Catalogue {
    /// Five connectors and four templates, one per kind of authorisation that a person can meet.
    pub fn built_in() -> Self {
        // The text is part of the program and a test parses it, so a bad one never ships.
        Self::parse(BUILT_IN).unwrap_or_default()
    }

    /// Reads and checks a catalogue; the error says where it is wrong.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let catalogue: Self = serde_json::from_str(text).map_err(Error::CatalogueShape)?;
        catalogue.check()?;
        Ok(catalogue)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let mut connectors = BTreeSet::new();
        for connector in &self.connectors {
            if !connectors.insert(connector.id) {
                return wrong(format!("connector {} is listed twice", connector.id));
            }
            let named = |property: &ConnectorProperty| property.target_name.to_lowercase();
            once("property", &connector.name, connector.properties.iter().map(named))?;
        }
        let mut templates = BTreeSet::new();
        for template in &self.templates {
            if !templates.insert(template.id) {
                return wrong(format!("template {} is listed twice", template.id));
            }
            template.check(&connectors)?;
        }
        Ok(())
    }

    pub(super) fn shelve(self) -> Shelves {
        let connectors = self.connectors.into_iter();
        let templates: Vec<_> = self.templates.into_iter().map(Arc::new).collect();
        Shelves {
            connectors: connectors.map(|one| (one.id, Arc::new(one))).collect(),
            by_id: templates.iter().map(|one| (one.id, Arc::clone(one))).collect(),
            templates,
        }
    }
}

impl Template {
    fn check(&self, connectors: &BTreeSet<i64>) -> Result<(), Error> {
        if self.steps.is_empty() {
            return wrong(format!("template `{}` has no step", self.name));
        }
        for step in &self.steps {
            let place = format!("{} / {}", self.name, step.name);
            if !connectors.contains(&step.connector) {
                let unknown = step.connector;
                return wrong(format!("step `{place}` uses the unknown connector {unknown}"));
            }
            once("parameter", &place, step.parameters.iter().map(|input| input.id))?;
            once("field", &place, step.fields.iter().map(|input| input.id))?;
        }
        Ok(())
    }
}

fn once<T: Ord + std::fmt::Display + Clone>(
    what: &str,
    place: &str,
    ids: impl Iterator<Item = T>,
) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id.clone()) {
            return wrong(format!("`{place}` has the {what} {id} twice"));
        }
    }
    Ok(())
}

fn wrong<T>(what: String) -> Result<T, Error> {
    Err(Error::Catalogue(what))
}

/// The checked catalogue, ready to be looked up.
#[derive(Debug)]
pub(super) struct Shelves {
    pub(super) connectors: BTreeMap<i64, Arc<Connector>>,
    /// In the order of the catalogue.
    pub(super) templates: Vec<Arc<Template>>,
    pub(super) by_id: HashMap<Uuid, Arc<Template>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_is_sound_and_has_the_ids_that_the_program_names() {
        let catalogue = Catalogue::parse(BUILT_IN).unwrap();
        let ids: Vec<_> = catalogue.templates.iter().map(|template| template.id).collect();
        assert_eq!(ids, [CRM_TO_MAIL, NIGHTLY_LEDGER, STORE_ONLY, DEPOT_TO_STORE]);
        let ids: Vec<_> = catalogue.connectors.iter().map(|connector| connector.id).collect();
        assert_eq!(ids, [HARBOUR_CRM, PARCEL_MAIL, LEDGER_CLOUD, DEPOT_FTP, TIDE_STORE]);
    }

    #[test]
    fn a_wrong_catalogue_says_what_is_wrong() {
        let told = |text: &str| Catalogue::parse(text).unwrap_err().to_string();
        let step = r#"{"name":"S","connector":9,"method":{"id":1,"name":"m"}}"#;
        let id = CRM_TO_MAIL;
        let lone = format!(
            r#"{{"connectors":[],"templates":[{{"id":"{id}","name":"T","steps":[{step}]}}]}}"#
        );
        assert!(told(&lone).contains("step `T / S` uses the unknown connector 9"));
        let twin = r#"{"id":1,"name":"C","auth_type":"None"}"#;
        let twins = format!(r#"{{"connectors":[{twin},{twin}],"templates":[]}}"#);
        assert!(told(&twins).contains("connector 1 is listed twice"));
        let error = Catalogue::parse(r#"{"connectors":[],"templates":[],"x":1}"#).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("unknown field `x`"), "{cause}");
    }
}
