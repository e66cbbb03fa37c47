//! Who the provider of a connector is, and as which client Cyclr is known there.

use std::collections::BTreeMap;

use url::Url;

use super::super::account::AccountConnector;
use super::super::catalogue::{ClientAuth, OAuthProvider};
use super::super::{Sandbox, provider};
use super::OwnAddress;

pub(super) struct Agreement {
    pub(super) authorize_url: Url,
    /// The built-in provider's when absent.
    pub(super) token_url: Option<Url>,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) scopes: Vec<String>,
    pub(super) pkce: bool,
    pub(super) client_auth: ClientAuth,
    pub(super) authorize_parameters: BTreeMap<String, String>,
}

impl Agreement {
    pub(super) fn about(
        sandbox: &Sandbox,
        address: &OwnAddress,
        connector: &AccountConnector,
    ) -> Self {
        let id = connector.connector.id;
        // A client's credentials are the console's, so today's catalogue counts, not the release
        // that was installed.
        let listed = sandbox.0.shelves.connectors.get(&id);
        let provider = listed.map_or(&connector.connector.provider, |listed| &listed.provider);
        let mut agreement = match provider {
            Some(provider) => Self::with(provider.clone()),
            None => Self::built_in(address, id),
        };
        // A tenant's own OAuth client (DOC); the names are exact.
        for property in &connector.properties {
            match (property.name.as_str(), property.value.as_deref().unwrap_or_default()) {
                (_, "") => {}
                (provider::CLIENT_ID, value) => value.clone_into(&mut agreement.client_id),
                (provider::CLIENT_SECRET, value) => value.clone_into(&mut agreement.client_secret),
                _ => {}
            }
        }
        agreement
    }

    fn with(provider: OAuthProvider) -> Self {
        Self {
            authorize_url: provider.authorize_url,
            token_url: Some(provider.token_url),
            client_id: provider.client_id,
            client_secret: provider.client_secret,
            scopes: provider.scopes,
            pkce: provider.pkce,
            client_auth: provider.client_auth,
            authorize_parameters: provider.authorize_parameters,
        }
    }

    fn built_in(address: &OwnAddress, connector: i64) -> Self {
        let (client_id, client_secret) = provider::built_in_client(connector);
        Self {
            authorize_url: address.at(provider::AUTHORIZE),
            token_url: None,
            client_id,
            client_secret,
            scopes: provider::SCOPES.map(str::to_owned).to_vec(),
            pkce: true,
            client_auth: ClientAuth::Body,
            authorize_parameters: BTreeMap::new(),
        }
    }
}
