//! What the pretend Cyclr has to offer, and what is there when it begins.
//!
//! A catalogue is a file in JSON or TOML, so that any world can be set up without touching code; the
//! built-in one is such a file too. It is checked as a whole before anything is served, and every
//! mistake is told at once. Names inside `auth_type`, `oauth2_type` and `mapping_type` are Cyclr's
//! own words. `docs/sandbox.md` describes it for whoever writes one.

mod check;
mod connector;
mod present;
mod provider;
mod template;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;
use uuid::{Uuid, uuid};

use super::Error;

pub use connector::{
    AuthType, Authentication, Connector, ConnectorMethod, ConnectorProperty, ConnectorStatus,
    OAuth2Type,
};
pub use present::{
    PresentAccount, PresentConnector, PresentCycle, PresentMapping, PresentProperty,
};
pub use provider::{ClientAuth, OAuthProvider, ProviderClient};
pub use template::{
    Choice, Input, Lookup, Method, Output, Prerequisite, RunOutcome, StepErrorAction, Template,
    TemplateStep, Variable,
};

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

const BUILT_IN: &str = include_str!("built_in.json");

/// Everything that a console has published, and what is in its accounts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Credentials of the partner; those of the settings are accepted only when there are none here.
    #[serde(default)]
    pub partner: Vec<Credentials>,
    /// Where failed transactions are told, unless an account says otherwise (DOC).
    #[serde(default)]
    pub transaction_error_webhook: Option<Url>,
    /// Addresses from which methods of third-party connectors may be called directly (DOC); from
    /// nowhere when empty.
    #[serde(default)]
    pub allowed_addresses: Vec<IpAddr>,
    /// Applications elsewhere that use this sandbox as their provider.
    #[serde(default)]
    pub provider_clients: Vec<ProviderClient>,
    pub connectors: Vec<Connector>,
    pub templates: Vec<Template>,
    #[serde(default)]
    pub accounts: Vec<PresentAccount>,
}

/// A client id with its secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    pub client_id: String,
    pub client_secret: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Catalogue {
    /// Five connectors and four templates, one per kind of authorisation that a person can meet.
    pub fn built_in() -> Self {
        // The text is part of the program and a test parses it, so a bad one never ships.
        Self::parse(BUILT_IN).unwrap_or_default()
    }

    /// Reads JSON, which begins with a brace as no TOML does, or TOML; and checks it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let read = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| error.to_string())
        } else {
            toml::from_str(text).map_err(|error| error.to_string())
        };
        let catalogue: Self = read.map_err(Error::CatalogueShape)?;
        catalogue.check()?;
        Ok(catalogue)
    }

    /// Tells every contradiction that there is.
    pub(super) fn check(&self) -> Result<(), Error> {
        let mistakes = check::mistakes(self);
        if mistakes.is_empty() { Ok(()) } else { Err(Error::Catalogue(mistakes.join("; "))) }
    }

    pub(super) fn shelve(self) -> Shelves {
        let connectors = self.connectors.into_iter();
        let templates: Vec<_> = self.templates.into_iter().map(Arc::new).collect();
        Shelves {
            connectors: connectors.map(|one| (one.id, Arc::new(one))).collect(),
            by_id: templates.iter().map(|one| (one.id, Arc::clone(one))).collect(),
            templates,
            accounts: self.accounts,
            error_webhook: self.transaction_error_webhook,
            allowed_addresses: self.allowed_addresses,
            provider_clients: self.provider_clients,
        }
    }
}

/// The checked catalogue, ready to be looked up.
#[derive(Debug)]
pub(super) struct Shelves {
    pub(super) connectors: BTreeMap<i64, Arc<Connector>>,
    /// In the order of the catalogue.
    pub(super) templates: Vec<Arc<Template>>,
    pub(super) by_id: HashMap<Uuid, Arc<Template>>,
    /// What every new world begins with.
    pub(super) accounts: Vec<PresentAccount>,
    pub(super) error_webhook: Option<Url>,
    pub(super) allowed_addresses: Vec<IpAddr>,
    pub(super) provider_clients: Vec<ProviderClient>,
}

impl Shelves {
    /// A template that is listed and can be installed.
    pub(super) fn published(&self, id: Uuid) -> Option<&Arc<Template>> {
        self.by_id.get(&id).filter(|template| template.published)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_is_sound_and_has_the_ids_that_the_program_names() {
        let catalogue = Catalogue::parse(BUILT_IN).unwrap();
        let ids: Vec<_> = catalogue.templates.iter().map(|template| template.id).collect();
        assert_eq!(ids[..4], [CRM_TO_MAIL, NIGHTLY_LEDGER, STORE_ONLY, DEPOT_TO_STORE]);
        let ids: Vec<_> = catalogue.connectors.iter().map(|connector| connector.id).collect();
        assert_eq!(ids[..5], [HARBOUR_CRM, PARCEL_MAIL, LEDGER_CLOUD, DEPOT_FTP, TIDE_STORE]);
    }

    #[test]
    fn a_catalogue_means_the_same_in_toml() {
        let same = Catalogue::built_in();
        let text = toml::to_string(&same).unwrap();
        let read = Catalogue::parse(&text).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), serde_json::to_value(same).unwrap());
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        let told = |text: &str| Catalogue::parse(text).unwrap_err().to_string();
        let json = told("{\"connectors\":[],\n\"templates\":[],\"x\":1}");
        assert!(json.contains("unknown field `x`") && json.contains("line 2"), "{json}");
        let toml = told("connectors = []\ntemplates = 7\n");
        assert!(toml.contains("line 2"), "{toml}");
    }

    #[test]
    fn a_secret_is_not_printed() {
        let partner = Credentials { client_id: "id".into(), client_secret: "hush".into() };
        let printed = format!("{:?}", Catalogue { partner: vec![partner], ..Catalogue::default() });
        assert!(printed.contains("id") && !printed.contains("hush"));
    }
}
