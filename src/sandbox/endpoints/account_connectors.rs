//! An account's own connectors: their credentials and properties.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::Sandbox;
use super::super::account::{AccountConnector, Property};
use super::super::effect::{Done, Effect};
use super::super::request::{
    Answer, InAccount, Page, Query, Refusal, Reply, Said, as_text, guid, number,
};
use super::super::shapes;
use super::super::world::World;

pub(super) async fn list(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    query: Query,
) -> Result<Page, Refusal> {
    sandbox.read(|world, _| {
        let connectors = world.account(&account)?.connectors.values();
        Ok(query.page(connectors, shapes::account_connector))
    })
}

pub(super) async fn show(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Reply {
    let id = number(&id)?;
    let variants = sandbox.variants();
    let (shown, unseen) = sandbox.read(|world, _| {
        let connector = find(world, &account, id)?;
        Ok((shapes::account_connector(connector), connector.unseen_reads > 0))
    })?;
    if unseen {
        sandbox.change(|world, _| {
            let connector = find_mut(world, &account, id)?;
            connector.unseen_reads = connector.unseen_reads.saturating_sub(1);
            Ok(())
        })?;
    }
    Ok(Answer(variants.read_connector(shown)))
}

/// The credential comes back in clear (DOC).
pub(super) async fn update(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
    said: Said,
) -> Done {
    let id = number(&id)?;
    let properties = properties(&said)?;
    // Documented for an installation alone; whether a change takes it is not known.
    let way = said.text("AuthenticationId").map(|way| guid(&way)).transpose()?;
    let value = said.text("AuthValue").filter(|value| !value.is_empty());
    let value = sandbox.variants().credential(value)?;
    sandbox.change(|world, _| {
        find(world, &account, id)?;
        for (name, value) in properties {
            set_property(world, &account, id, name, value)?;
        }
        let connector = find_mut(world, &account, id)?;
        if let Some(way) = way {
            let known = connector.connector.way(Some(way)).is_some();
            known.then_some(()).ok_or_else(|| Refusal::missing("Authentication"))?;
            connector.authentication = Some(way);
        }
        if said.value("AuthValue").is_some() {
            connector.auth_value = value;
            connector.unseen_reads = 0;
        }
        if said.value("Description").is_some() {
            connector.description = said.text("Description");
        }
        let effect = Effect::of("changed account connector", &id);
        Ok((effect, Answer(shapes::account_connector(connector))))
    })
}

/// Takes it away; cycles that use it stop and lack it from then on.
pub(super) async fn delete(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let id = number(&id)?;
    sandbox.change(|world, _| {
        find(world, &account, id)?;
        let account = world.account_mut(&account)?;
        account.pause_cycles_using(id);
        account.connectors.remove(&id);
        Ok(StatusCode::OK)
    })
}

pub(super) async fn deauthenticate(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Reply {
    let id = number(&id)?;
    sandbox.change(|world, _| {
        let connector = find_mut(world, &account, id)?;
        connector.auth_value = None;
        let message = format!("Connector '{}' successfully de-authenticated.", connector.name);
        world.account_mut(&account)?.pause_cycles_using(id);
        Ok(Answer(json!({ "Message": message })))
    })
}

pub(super) async fn list_properties(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Reply {
    let id = number(&id)?;
    sandbox.read(|world, _| {
        let properties = find(world, &account, id)?.properties.iter();
        Ok(Answer(properties.map(|property| shapes::property(id, property)).collect()))
    })
}

pub(super) async fn add_property(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
    said: Said,
) -> Done {
    let id = number(&id)?;
    let variants = sandbox.variants();
    let name = said.text("Name").filter(|name| !name.is_empty()).ok_or_else(Refusal::malformed)?;
    sandbox.change(|world, _| {
        let is_there = find(world, &account, id)?.property(&name).is_some();
        if variants.posts_over(is_there)? {
            set_property(world, &account, id, name.clone(), said.text("Value"))?;
            let property = find(world, &account, id)?.property(&name);
            let property = property.ok_or_else(|| Refusal::missing("Property"))?;
            return Ok((
                Effect::of("set property", &property.id),
                Answer(shapes::property(id, property)),
            ));
        }
        let property = Property { id: world.next_id(), name, value: said.text("Value") };
        let shown = shapes::property(id, &property);
        let effect = Effect::of("added property", &property.id);
        find_mut(world, &account, id)?.properties.push(property);
        Ok((effect, Answer(shown)))
    })
}

pub(super) async fn show_property(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((id, property)): Path<(String, String)>,
) -> Reply {
    let (id, property) = (number(&id)?, number(&property)?);
    sandbox.read(|world, _| {
        let mut properties = find(world, &account, id)?.properties.iter();
        let found = properties.find(|one| one.id == property);
        let found = found.ok_or_else(|| Refusal::missing("Property"))?;
        Ok(Answer(shapes::property(id, found)))
    })
}

pub(super) async fn update_property(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((id, property)): Path<(String, String)>,
    said: Said,
) -> Reply {
    let (id, property) = (number(&id)?, number(&property)?);
    sandbox.change(|world, _| {
        let mut properties = find_mut(world, &account, id)?.properties.iter_mut();
        let found = properties.find(|one| one.id == property);
        let found = found.ok_or_else(|| Refusal::missing("Property"))?;
        if let Some(name) = said.text("Name").filter(|name| !name.is_empty()) {
            found.name = name;
        }
        if said.value("Value").is_some() {
            found.value = said.text("Value");
        }
        Ok(Answer(shapes::property(id, found)))
    })
}

pub(super) async fn delete_property(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((id, property)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let (id, property) = (number(&id)?, number(&property)?);
    sandbox.change(|world, _| {
        let properties = &mut find_mut(world, &account, id)?.properties;
        let place = properties.iter().position(|one| one.id == property);
        properties.remove(place.ok_or_else(|| Refusal::missing("Property"))?);
        Ok(StatusCode::OK)
    })
}

pub(super) fn find<'a>(
    world: &'a World,
    account: &str,
    id: i64,
) -> Result<&'a AccountConnector, Refusal> {
    let found = world.account(account)?.connectors.get(&id);
    found.ok_or_else(|| Refusal::missing("Account connector"))
}

pub(super) fn find_mut<'a>(
    world: &'a mut World,
    account: &str,
    id: i64,
) -> Result<&'a mut AccountConnector, Refusal> {
    let found = world.account_mut(account)?.connectors.get_mut(&id);
    found.ok_or_else(|| Refusal::missing("Account connector"))
}

/// Names and values of a `Properties` list, before anything is changed.
pub(super) fn properties(said: &Said) -> Result<Vec<(String, Option<String>)>, Refusal> {
    let Some(Value::Array(list)) = said.value("Properties") else {
        return Ok(Vec::new());
    };
    let read = |item: &Value| {
        let item = Said::from_object(item.as_object()?.clone());
        Some((item.text("Name")?, item.value("Value").and_then(as_text)))
    };
    list.iter().map(|item| read(item).ok_or_else(Refusal::malformed)).collect()
}

pub(super) fn set_property(
    world: &mut World,
    account: &str,
    id: i64,
    name: String,
    value: Option<String>,
) -> Result<(), Refusal> {
    let fresh = world.next_id();
    let connector = find_mut(world, account, id)?;
    let mut present = connector.properties.iter_mut();
    match present.find(|property| property.name.eq_ignore_ascii_case(&name)) {
        Some(property) => property.value = value,
        None => connector.properties.push(Property { id: fresh, name, value }),
    }
    Ok(())
}
