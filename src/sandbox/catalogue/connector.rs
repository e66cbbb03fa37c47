//! What a catalogue says about a connector.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Lookup, OAuthProvider};

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

/// Whether a connector may be installed; of Cyclr's own words only `Approved` is documented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectorStatus {
    #[default]
    Approved,
    Draft,
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
    #[serde(default)]
    pub status: ConnectorStatus,
    #[serde(default)]
    pub categories: Vec<String>,
    /// A data URI.
    #[serde(default)]
    pub icon: Option<String>,
    pub auth_type: AuthType,
    #[serde(default)]
    pub oauth2_type: OAuth2Type,
    #[serde(default)]
    pub auth_description: Option<String>,
    #[serde(default)]
    pub auth_scheme: Option<String>,
    /// Where a connector offers several ways to authenticate. None listed: the one above.
    #[serde(default)]
    pub authentication: Vec<Authentication>,
    /// Who asks people for their consent; the built-in pretend provider when absent.
    #[serde(default)]
    pub provider: Option<OAuthProvider>,
    /// What can be set besides the credential.
    #[serde(default)]
    pub properties: Vec<ConnectorProperty>,
    /// What can be called directly, past any cycle.
    #[serde(default)]
    pub methods: Vec<ConnectorMethod>,
    /// Choices that the third party would be asked for.
    #[serde(default)]
    pub triggers: Vec<Lookup>,
    /// Made by the partner itself, and so exempt from the gate that looks at callers' addresses.
    #[serde(default)]
    pub partner_native: bool,
    /// Belongs to Cyclr (OBS).
    #[serde(default)]
    pub system: bool,
}

/// One way to authenticate a connector (DOC).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    pub id: Uuid,
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    pub auth_type: AuthType,
    #[serde(default)]
    pub oauth2_type: OAuth2Type,
    #[serde(default)]
    pub auth_scheme: Option<String>,
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
    /// False where only the connector's maker can set it.
    #[serde(default = "yes")]
    pub account_property: bool,
}

/// A method of the third party, as `…/methods` and `…/test` call it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorMethod {
    /// Cyclr's `MethodUniqueIdentifier`.
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub category: Option<String>,
    /// What the third party answers.
    #[serde(default)]
    pub answer: Value,
}

fn yes() -> bool {
    true
}

impl Connector {
    /// The way to authenticate with this id; the connector's first one without an id.
    pub(in super::super) fn way(&self, id: Option<Uuid>) -> Option<Authentication> {
        let mut ways = self.ways().into_iter();
        match id {
            Some(id) => ways.find(|way| way.id == id),
            None => ways.next(),
        }
    }

    /// Each way to authenticate it; never none.
    pub(in super::super) fn ways(&self) -> Vec<Authentication> {
        if !self.authentication.is_empty() {
            return self.authentication.clone();
        }
        // The same id at every start, so that a stranger's test may keep it.
        let number = u128::from(self.id.unsigned_abs());
        vec![Authentication {
            id: Uuid::from_u128(0x5e1f_0c3a_7b52_4c0e_9a41_0000_0000_0000 | number),
            name: self.name.clone(),
            description: self.auth_description.clone(),
            auth_type: self.auth_type,
            oauth2_type: self.oauth2_type,
            auth_scheme: self.auth_scheme.clone(),
        }]
    }

    /// Whether it has this name, without regard to case, and this version, as far as they are asked for.
    pub(in super::super) fn is_called(&self, name: Option<&str>, version: Option<&str>) -> bool {
        name.is_none_or(|name| self.name.eq_ignore_ascii_case(name))
            && version.is_none_or(|version| self.version.as_deref() == Some(version))
    }

    pub(in super::super) fn property(&self, name: &str) -> Option<&ConnectorProperty> {
        let mut known = self.properties.iter();
        known.find(|property| property.target_name.eq_ignore_ascii_case(name))
    }
}
