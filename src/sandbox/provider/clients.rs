//! Which clients the pretend provider knows.
//!
//! Applications elsewhere that the catalogue registers; Cyclr's own, one for each connector of the
//! catalogue; and those that accounts brought along as properties: whoever sets them says that such
//! a client of Cyclr is registered.

use url::Url;

use super::super::Sandbox;
use super::super::account::AccountConnector;
use super::super::catalogue::ProviderClient;
use super::super::world::World;

/// Properties that hold a tenant's own OAuth client (DOC).
pub(in super::super) const CLIENT_ID: &str = "ClientId";
pub(in super::super) const CLIENT_SECRET: &str = "ClientSecret";

/// How the provider names the client that it knows best.
const CYCLR: &str = "Cyclr (pretend)";
const PREFIX: &str = "cyclr-for-";

/// Id and secret of Cyclr's client for a connector; they open nothing but this provider.
pub(in super::super) fn built_in_client(connector: i64) -> (String, String) {
    (format!("{PREFIX}{connector}"), format!("pretend-secret-of-{connector}"))
}

/// A client as a person is told of it.
pub(super) struct Client {
    /// Who asks.
    pub(super) name: String,
    /// Name of the application that it signs in to.
    pub(super) application: String,
    /// Where people may be sent back to.
    pub(super) redirect_uris: Vec<Url>,
}

/// `callback` is the address that Cyclr has registered for all its clients.
pub(super) fn find(sandbox: &Sandbox, id: &str, callback: Url) -> Option<Client> {
    let connectors = &sandbox.0.shelves.connectors;
    if let Some(client) = registered(sandbox, id) {
        let application = connectors.get(&client.connector)?.name.clone();
        let redirect_uris = client.redirect_uris.clone();
        return Some(Client { name: id.to_owned(), application, redirect_uris });
    }
    let built_in = connector_of(id).and_then(|connector| connectors.get(&connector));
    let application = built_in.map(|connector| connector.name.clone()).or_else(|| {
        sandbox.read(|world, _| brought(world, id).next().map(|one| one.connector.name.clone()))
    })?;
    Some(Client { name: CYCLR.to_owned(), application, redirect_uris: vec![callback] })
}

fn registered<'a>(sandbox: &'a Sandbox, id: &str) -> Option<&'a ProviderClient> {
    sandbox.0.shelves.provider_clients.iter().find(|client| client.client_id == id)
}

pub(super) fn is_known(sandbox: &Sandbox, id: &str, secret: &str) -> bool {
    if let Some(client) = registered(sandbox, id) {
        return client.client_secret == secret;
    }
    let built_in = connector_of(id).map(built_in_client);
    built_in.is_some_and(|(_, known)| known == secret)
        || sandbox.read(|world, _| {
            let mut brought = brought(world, id);
            brought.any(|one| own(one, CLIENT_SECRET) == Some(secret))
        })
}

/// Only the number as it is written by `built_in_client`, so that each client has one name.
fn connector_of(id: &str) -> Option<i64> {
    let number = id.strip_prefix(PREFIX)?.parse().ok()?;
    (built_in_client(number).0 == id).then_some(number)
}

fn brought<'a>(world: &'a World, id: &'a str) -> impl Iterator<Item = &'a AccountConnector> {
    let connectors = world.accounts.values().flat_map(|account| account.connectors.values());
    connectors.filter(move |one| own(one, CLIENT_ID) == Some(id))
}

/// A property by its exact name, when it is set.
fn own<'a>(connector: &'a AccountConnector, name: &str) -> Option<&'a str> {
    let property = connector.properties.iter().find(|property| property.name == name)?;
    property.value.as_deref().filter(|value| !value.is_empty())
}
