//! The connector catalogue, and the installation of one connector into an account.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use super::super::Sandbox;
use super::super::catalogue::{Connector, ConnectorStatus};
use super::super::request::{
    Answer, Caller, InAccount, Page, Query, Refusal, Reply, Said, guid, number,
};
use super::super::shapes;
use super::account_connectors::{find, find_mut, properties, set_property};

pub(super) async fn list(
    State(sandbox): State<Sandbox>,
    _: Caller,
    query: Query,
) -> Result<Page, Refusal> {
    let wanted = query.text("query").unwrap_or_default().to_lowercase();
    let in_category = |one: &Connector| {
        let wanted = query.text("category");
        wanted.is_none_or(|name| one.categories.iter().any(|own| own.eq_ignore_ascii_case(name)))
    };
    let offered = sandbox.0.shelves.connectors.values();
    let found = offered.filter(|one| one.name.to_lowercase().contains(&wanted) && in_category(one));
    let mut found: Vec<_> = found.collect();
    if query.orders_by("Name") {
        found.sort_by_key(|connector| connector.name.to_lowercase());
    }
    Ok(query.page(found.into_iter(), |connector| shapes::catalogue_connector(connector)))
}

/// By number one object, by name a list of all versions (DOC).
pub(super) async fn show(
    State(sandbox): State<Sandbox>,
    _: Caller,
    Path(named): Path<String>,
) -> Reply {
    if let Ok(id) = number(&named) {
        let connector = sandbox.offered(id).ok_or_else(|| Refusal::missing("Connector"))?;
        return Ok(Answer(shapes::catalogue_connector(connector)));
    }
    let found = sandbox.named(&named, None)?;
    Ok(Answer(found.iter().map(|one| shapes::catalogue_connector(one)).collect()))
}

pub(super) async fn show_version(
    State(sandbox): State<Sandbox>,
    _: Caller,
    Path((name, version)): Path<(String, String)>,
) -> Reply {
    let found = sandbox.named(&name, Some(&version))?;
    Ok(Answer(found.iter().map(|one| shapes::catalogue_connector(one)).collect()))
}

pub(super) async fn methods(
    State(sandbox): State<Sandbox>,
    _: Caller,
    Path(named): Path<String>,
    query: Query,
) -> Reply {
    let connector = sandbox.one(&named, None)?;
    let wanted = query.text("query").unwrap_or_default().to_lowercase();
    let category = query.text("category");
    let found = connector.methods.iter().filter(|method| {
        method.name.to_lowercase().contains(&wanted)
            && category.is_none_or(|name| method.category.as_deref() == Some(name))
    });
    Ok(Answer(found.map(shapes::connector_method).collect()))
}

pub(super) async fn install(
    State(sandbox): State<Sandbox>,
    account: InAccount,
    Path(named): Path<String>,
    body: Bytes,
) -> Reply {
    let connector = sandbox.one(&named, None)?;
    add(&sandbox, &account, connector, &body)
}

pub(super) async fn install_version(
    State(sandbox): State<Sandbox>,
    account: InAccount,
    Path((name, version)): Path<(String, String)>,
    body: Bytes,
) -> Reply {
    let connector = sandbox.one(&name, Some(&version))?;
    add(&sandbox, &account, connector, &body)
}

/// Checks all, then makes it. Each call makes another (INF).
fn add(sandbox: &Sandbox, account: &InAccount, connector: &Arc<Connector>, body: &[u8]) -> Reply {
    let InAccount(account) = account;
    if body.trim_ascii() == b"null" {
        // A defect that was seen at Cyclr, kept so that nobody relies on its absence.
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        return Err(Refusal::new(status, "An error has occurred."));
    }
    let said = Said::from_bytes(body)?;
    let asked = Asked::read(connector, &said)?;
    sandbox.change(|world, _| {
        let owner = world.account(account)?;
        if let Some(name) = asked.name.as_ref().filter(|name| owner.has_connector_named(name)) {
            return Err(Refusal::bad(format!("Account connector name {name} is in use.")));
        }
        let made = world.connect(account, connector, asked.name);
        let id = made.ok_or_else(|| Refusal::missing("Account"))?;
        for (name, value) in asked.properties {
            set_property(world, account, id, name, value)?;
        }
        let fresh = find_mut(world, account, id)?;
        fresh.authentication = asked.authentication;
        fresh.description = said.text("Description");
        fresh.auth_value = said.text("AuthValue").filter(|value| !value.is_empty());
        Ok(Answer(shapes::account_connector(find(world, account, id)?)))
    })
}

/// What is asked of a new account connector, checked.
struct Asked {
    name: Option<String>,
    authentication: Option<Uuid>,
    properties: Vec<(String, Option<String>)>,
}

impl Asked {
    /// The texts were seen (OBS), but for an unknown authentication.
    fn read(connector: &Connector, said: &Said) -> Result<Self, Refusal> {
        match connector.status {
            ConnectorStatus::Approved => {}
            ConnectorStatus::Draft => {
                let id = connector.id;
                let text = format!("Connector {id} is a draft and cannot be installed.");
                return Err(Refusal::bad(text));
            }
        }
        let properties = properties(said)?;
        for (name, _) in &properties {
            match connector.property(name) {
                None => {
                    let text =
                        format!("There is not a connector property that matches name '{name}'.");
                    return Err(Refusal::bad(text));
                }
                Some(known) if !known.account_property => {
                    let text = format!(
                        "Connector property name '{name}' is not an account connector property."
                    );
                    return Err(Refusal::bad(text));
                }
                Some(_) => {}
            }
        }
        let given = said.value("AuthenticationId").filter(|value| **value != Value::Null);
        let authentication =
            given.map(|_| guid(&said.text("AuthenticationId").unwrap_or_default()));
        let authentication = authentication.transpose()?;
        if authentication.is_some() && connector.way(authentication).is_none() {
            return Err(Refusal::malformed());
        }
        let name = said.text("Name").filter(|name| !name.is_empty());
        Ok(Self { name, authentication, properties })
    }
}

impl Sandbox {
    pub(super) fn offered(&self, id: i64) -> Option<&Connector> {
        self.0.shelves.connectors.get(&id).map(Arc::as_ref)
    }

    /// All of this name, and of this version if one is given.
    fn named(&self, name: &str, version: Option<&str>) -> Result<Vec<&Arc<Connector>>, Refusal> {
        let known = self.0.shelves.connectors.values();
        let found: Vec<_> = known.filter(|one| one.is_called(Some(name), version)).collect();
        if found.is_empty() { Err(Refusal::missing("Connector")) } else { Ok(found) }
    }

    /// The one with this number, or the latest in the catalogue with this name.
    fn one(&self, named: &str, version: Option<&str>) -> Result<&Arc<Connector>, Refusal> {
        if let (Ok(id), None) = (number(named), version) {
            let found = self.0.shelves.connectors.get(&id);
            return found.ok_or_else(|| Refusal::missing("Connector"));
        }
        let found = self.named(named, version)?;
        found.last().copied().ok_or_else(|| Refusal::missing("Connector"))
    }
}
