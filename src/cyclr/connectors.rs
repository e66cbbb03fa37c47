//! Account connectors: whether they are authenticated, what they need, and giving it to them.

use serde::{Deserialize, Serialize};

use super::client::Account;
use super::error::Error;
use super::lenient::{Lacking, Presence, Reply, Scalar, list_or_null};
use super::needs::{ConnectorNeeds, ParameterWire, WayWire, read_needs};
use super::session::Verb;
use super::steps::LookedUp;
use crate::ids::ConnectorId;
use crate::secret::{ExposeSecret, Secret};

/// A connector as installed in one account. Has no place for the credential that Cyclr echoes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountConnector {
    pub id: ConnectorId,
    /// Its name in the account.
    pub name: String,
    /// The only truth about a sign-in. After an API key it says "stored", not "tried" (INF).
    pub authenticated: bool,
    pub auth: AuthType,
    pub oauth2: OAuth2Type,
    /// The name of the connector that it is an instance of.
    pub connector_name: String,
    /// The connector that it is an instance of, in the catalogue.
    pub kind: Option<i64>,
    /// What the catalogue says of that, where this reply says it too (the documented one does not).
    pub needs: Option<ConnectorNeeds>,
    /// Properties that are there, and whether each has a value. Values are not kept.
    pub properties: Vec<(String, bool)>,
}

/// What is set at once on an account connector. What is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ConnectorChange<'a> {
    /// Which of the connector's ways to authenticate is meant. Documented for an installation; whether a
    /// change takes it is UNK, and the reply's `Authenticated` tells what came of it.
    pub way: Option<&'a str>,
    /// An API key as it is, or `user:password` in base64 (DOC).
    pub credential: Option<&'a Secret>,
    /// Properties by `TargetName`.
    pub properties: &'a [(String, Secret)],
}

/// A property that an account connector has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    pub id: i64,
    pub name: String,
    pub is_set: bool,
}

/// How the connector authenticates (OBS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthType {
    ApiKey,
    Basic,
    OAuth1,
    OAuth2,
    None,
    AuthFields,
    Other(String),
}

/// Which grant an OAuth 2 connector uses (DOC, British spelling).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OAuth2Type {
    AuthorisationCode,
    ClientCredentials,
    PasswordCredentials,
    Unknown,
    Other(String),
}

impl AuthType {
    pub(super) fn parse(text: String) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "apikey" => Self::ApiKey,
            "basic" => Self::Basic,
            "oauth1" => Self::OAuth1,
            "oauth2" => Self::OAuth2,
            "none" => Self::None,
            "authfields" => Self::AuthFields,
            _ => Self::Other(text),
        }
    }
}

impl OAuth2Type {
    pub(super) fn parse(text: String) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "authorisationcode" | "authorizationcode" => Self::AuthorisationCode,
            "clientcredentials" => Self::ClientCredentials,
            "passwordcredentials" => Self::PasswordCredentials,
            "unknown" | "" => Self::Unknown,
            _ => Self::Other(text),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Wire {
    #[serde(default)]
    id: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    authenticated: Scalar,
    #[serde(default)]
    connector: Option<ConnectorWire>,
    #[serde(default, deserialize_with = "list_or_null")]
    properties: Vec<PropertyWire>,
}

#[derive(Default, Deserialize)]
pub(super) struct ConnectorWire {
    #[serde(default)]
    id: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default, rename = "authtype")]
    auth: Scalar,
    #[serde(default, rename = "oauth2type")]
    oauth2: Scalar,
    #[serde(default, deserialize_with = "list_or_null")]
    pub(super) parameters: Vec<ParameterWire>,
    #[serde(default, deserialize_with = "list_or_null")]
    pub(super) authentication: Vec<WayWire>,
}

#[derive(Deserialize)]
pub(super) struct PropertyWire {
    #[serde(default)]
    id: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    value: Presence,
}

impl AccountConnector {
    /// Whether the reply shows a value for this property.
    pub fn has_property(&self, name: &str) -> bool {
        let mut properties = self.properties.iter();
        properties.any(|(known, is_set)| known.eq_ignore_ascii_case(name) && *is_set)
    }
}

impl Reply for AccountConnector {
    type Wire = Wire;

    fn read(wire: Wire) -> Result<Self, Lacking> {
        let id = wire.id.integer().ok_or(Lacking("the account connector has no Id"))?;
        let authenticated = wire.authenticated.flag();
        let kind = wire.connector.unwrap_or_default();
        let connector_name = kind.name.into_text().unwrap_or_default();
        let properties = wire.properties.into_iter();
        Ok(Self {
            id: ConnectorId(id),
            name: wire.name.into_text().unwrap_or_else(|| connector_name.clone()),
            authenticated: authenticated.ok_or(Lacking("Authenticated is neither yes nor no"))?,
            auth: AuthType::parse(kind.auth.into_text().unwrap_or_default()),
            oauth2: OAuth2Type::parse(kind.oauth2.into_text().unwrap_or_default()),
            connector_name,
            kind: kind.id.integer(),
            needs: (!kind.authentication.is_empty() || !kind.parameters.is_empty())
                .then(|| read_needs(kind.authentication, kind.parameters)),
            properties: properties
                .map(|wire| (wire.name.into_text().unwrap_or_default(), wire.value.0))
                .collect(),
        })
    }
}

impl Reply for Property {
    type Wire = PropertyWire;

    fn read(wire: PropertyWire) -> Result<Self, Lacking> {
        Ok(Self {
            id: wire.id.integer().ok_or(Lacking("a property has no Id"))?,
            name: wire.name.into_text().unwrap_or_default(),
            is_set: wire.value.0,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<PropertyBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PropertyBody<'a> {
    name: &'a str,
    value: &'a str,
}

impl Account {
    /// `GET account/connectors/{id}` (DOC): the call that verifies a sign-in.
    pub async fn find_connector(&self, id: ConnectorId) -> Result<Option<AccountConnector>, Error> {
        let path = ["account", "connectors", &id.to_string()];
        self.0.find(self.0.request("find connector", Verb::Get, &path)?).await
    }

    /// `PUT account/connectors/{id}` with all that was given (DOC, properties OBS).
    pub async fn change_connector(
        &self,
        id: ConnectorId,
        change: &ConnectorChange<'_>,
    ) -> Result<AccountConnector, Error> {
        self.put_connector("change connector", id, change).await
    }

    /// The same with `{}` for a credential: Cyclr fetches an OAuth token by itself (DOC), or looks at the
    /// properties that it was given (INF).
    pub async fn authenticate_by_itself(&self, id: ConnectorId) -> Result<AccountConnector, Error> {
        let credential = Secret::from("{}");
        let change =
            ConnectorChange { credential: Some(&credential), ..ConnectorChange::default() };
        self.put_connector("set credential", id, &change).await
    }

    async fn put_connector(
        &self,
        call: &'static str,
        id: ConnectorId,
        change: &ConnectorChange<'_>,
    ) -> Result<AccountConnector, Error> {
        let path = ["account", "connectors", &id.to_string()];
        let mut request = self.0.request(call, Verb::Put, &path)?;
        for secret in change.credential.into_iter().chain(change.properties.iter().map(|(_, v)| v))
        {
            request = request.holding(secret);
        }
        let properties = change.properties.iter();
        let body = ChangeBody {
            authentication_id: change.way,
            auth_value: change.credential.map(ExposeSecret::expose_secret),
            properties: properties
                .map(|(name, value)| PropertyBody { name, value: value.expose_secret() })
                .collect(),
        };
        self.0.send(request.json(&body)?).await
    }

    /// `PUT account/connectors/{id}/deauthenticate` (OBS): stops what uses it. One that is gone has no sign-in
    /// any more.
    pub async fn deauthenticate(&self, id: ConnectorId) -> Result<(), Error> {
        let path = ["account", "connectors", &id.to_string(), "deauthenticate"];
        let request = self.0.request("deauthenticate connector", Verb::Put, &path)?;
        match self.0.send(request.json(&serde_json::json!({}))?).await {
            Err(error) if error.is_missing() => Ok(()),
            outcome => outcome,
        }
    }

    /// `POST account/connectors/{id}/triggers/{trigger}` (DOC): what the connected account has to choose
    /// from. The slowest of all calls.
    pub async fn look_up_at_connector(
        &self,
        id: ConnectorId,
        trigger: i64,
    ) -> Result<Vec<LookedUp>, Error> {
        let path = ["account", "connectors", &id.to_string(), "triggers", &trigger.to_string()];
        let request = self.0.request("look up at connector", Verb::Post, &path)?;
        self.0.send(request.json(&serde_json::json!({}))?).await
    }

    /// `GET account/connectors/{id}/properties` (OBS).
    pub async fn list_properties(&self, id: ConnectorId) -> Result<Vec<Property>, Error> {
        let path = ["account", "connectors", &id.to_string(), "properties"];
        self.0.send(self.0.request("list properties", Verb::Get, &path)?).await
    }

    /// Sets one property: looks for its name, then `PUT` or `POST` (OBS). A `POST` is not known to
    /// be idempotent, so after a lost answer this is repeated as a whole.
    pub async fn set_property(
        &self,
        id: ConnectorId,
        name: &str,
        value: &Secret,
    ) -> Result<Property, Error> {
        let deadline = self.0.deadline();
        let id = id.to_string();
        let path = ["account", "connectors", &id, "properties"];
        let request = self.0.request("list properties", Verb::Get, &path)?;
        let present: Vec<Property> = self.0.send(request.until(deadline)).await?;
        let found = present.iter().find(|property| property.name.eq_ignore_ascii_case(name));
        let request = if let Some(found) = found {
            let property = found.id.to_string();
            let path = [&path[..], &[&property]].concat();
            self.0.request("set property", Verb::Put, &path)?
        } else {
            self.0.request("add property", Verb::Post, &path)?
        };
        let value_text = value.expose_secret();
        let body = PropertyBody { name, value: value_text };
        let request = request.until(deadline).holding(value).json(&body)?;
        self.0.send(request).await
    }
}
