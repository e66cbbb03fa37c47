//! Which clients the pretend provider knows.
//!
//! Cyclr's own, one for each connector of the catalogue, and those that accounts brought along as
//! properties: whoever sets them says that such a client is registered.

use super::super::Sandbox;
use super::super::account::AccountConnector;
use super::super::world::World;

/// Properties that hold a tenant's own OAuth client (DOC).
pub(in super::super) const CLIENT_ID: &str = "ClientId";
pub(in super::super) const CLIENT_SECRET: &str = "ClientSecret";

const PREFIX: &str = "cyclr-for-";

/// Id and secret of Cyclr's client for a connector; they open nothing but this provider.
pub(in super::super) fn built_in_client(connector: i64) -> (String, String) {
    (format!("{PREFIX}{connector}"), format!("pretend-secret-of-{connector}"))
}

/// Name of the application that the client signs in to.
pub(super) fn application(sandbox: &Sandbox, id: &str) -> Option<String> {
    let shelves = &sandbox.0.shelves;
    let built_in = connector_of(id).and_then(|connector| shelves.connectors.get(&connector));
    built_in.map(|connector| connector.name.clone()).or_else(|| {
        sandbox.read(|world, _| brought(world, id).next().map(|one| one.connector.name.clone()))
    })
}

pub(super) fn is_known(sandbox: &Sandbox, id: &str, secret: &str) -> bool {
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
