//! Variables of a cycle: values that several steps share (OBS).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::super::Sandbox;
use super::super::cycle::{Cycle, CycleVariable};
use super::super::request::{Answer, InAccount, Refusal, Reply, Said, guid};
use super::super::shapes;
use super::cycles::{find, find_still};

type OfVariable = Path<(String, String)>;

pub(super) async fn list(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Reply {
    let id = guid(&id)?;
    sandbox.read(|world, _| {
        let (cycle, _) = find(world, &account, id)?;
        Ok(Answer(cycle.variables.iter().map(shapes::variable).collect()))
    })
}

pub(super) async fn show(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((id, name)): OfVariable,
) -> Reply {
    let id = guid(&id)?;
    sandbox.read(|world, _| {
        let (cycle, _) = find(world, &account, id)?;
        let mut variables = cycle.variables.iter();
        let found = variables.find(|one| one.system_name.eq_ignore_ascii_case(&name));
        found.map(|one| Answer(shapes::variable(one))).ok_or_else(missing)
    })
}

/// What a second one of the same name does is unknown; here it is refused.
pub(super) async fn add(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
    said: Said,
) -> Reply {
    let id = guid(&id)?;
    let variable = CycleVariable {
        system_name: system_name(&said)?,
        display_name: said.text("DisplayName"),
        kind: said.mapping_type()?,
        value: said.text("Value"),
    };
    sandbox.change(|world, _| {
        let cycle = find_still(world, &account, id)?;
        if cycle.variable_mut(&variable.system_name).is_some() {
            let text = format!("Variable '{}' exists already.", variable.system_name);
            return Err(Refusal::bad(text));
        }
        let shown = shapes::variable(&variable);
        cycle.variables.push(variable);
        Ok(Answer(shown))
    })
}

/// A list of variables, all of them or none.
pub(super) async fn update_many(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
    body: Bytes,
) -> Reply {
    let id = guid(&id)?;
    let list: Vec<Map<String, Value>> =
        serde_json::from_slice(&body).map_err(|_| Refusal::malformed())?;
    let list: Vec<_> = list.into_iter().map(Said::from_object).collect();
    let names = list.iter().map(system_name).collect::<Result<Vec<_>, _>>()?;
    list.iter().map(Said::mapping_type).collect::<Result<Vec<_>, _>>()?;
    sandbox.change(|world, _| {
        let cycle = find_still(world, &account, id)?;
        if names.iter().any(|name| cycle.variable_mut(name).is_none()) {
            return Err(missing());
        }
        for (name, said) in names.iter().zip(&list) {
            set(cycle, name, said)?;
        }
        Ok(Answer(cycle.variables.iter().map(shapes::variable).collect()))
    })
}

pub(super) async fn update(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((id, name)): OfVariable,
    said: Said,
) -> Reply {
    let id = guid(&id)?;
    sandbox.change(|world, _| set(find_still(world, &account, id)?, &name, &said).map(Answer))
}

pub(super) async fn delete(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((id, name)): OfVariable,
) -> Result<StatusCode, Refusal> {
    let id = guid(&id)?;
    sandbox.change(|world, _| {
        let variables = &mut find_still(world, &account, id)?.variables;
        let place = variables.iter().position(|one| one.system_name.eq_ignore_ascii_case(&name));
        variables.remove(place.ok_or_else(missing)?);
        Ok(StatusCode::OK)
    })
}

fn set(cycle: &mut Cycle, name: &str, said: &Said) -> Result<Value, Refusal> {
    let kind = said.mapping_type()?;
    let variable = cycle.variable_mut(name).ok_or_else(missing)?;
    variable.kind = kind.or(variable.kind);
    if said.value("Value").is_some() {
        variable.value = said.text("Value");
    }
    if said.value("DisplayName").is_some() {
        variable.display_name = said.text("DisplayName");
    }
    Ok(shapes::variable(variable))
}

fn system_name(said: &Said) -> Result<String, Refusal> {
    let name = said.text("SystemName").filter(|name| !name.is_empty());
    name.ok_or_else(|| Refusal::bad("SystemName is required"))
}

fn missing() -> Refusal {
    Refusal::missing("Variable")
}
