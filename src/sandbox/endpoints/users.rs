//! Users of an account (OBS).
//!
//! Passwords are taken and forgotten: nobody signs in to the sandbox with one.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use super::super::Sandbox;
use super::super::request::{Answer, Caller, Refusal, Reply, Said};

pub(super) async fn list(
    State(sandbox): State<Sandbox>,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply {
    caller.within(&id)?;
    sandbox.read(|world, _| {
        let users = world.account(&id)?.users.iter();
        Ok(Answer(users.map(|name| json!({ "UserName": name })).collect()))
    })
}

pub(super) async fn add(
    State(sandbox): State<Sandbox>,
    caller: Caller,
    Path(id): Path<String>,
    said: Said,
) -> Result<StatusCode, Refusal> {
    caller.within(&id)?;
    let name = user_name(&said)?;
    sandbox.change(|world, _| {
        world.account_mut(&id)?.users.insert(name);
        Ok(StatusCode::OK)
    })
}

pub(super) async fn remove(
    State(sandbox): State<Sandbox>,
    caller: Caller,
    Path(id): Path<String>,
    said: Said,
) -> Result<StatusCode, Refusal> {
    caller.within(&id)?;
    let name = user_name(&said)?;
    sandbox.change(|world, _| {
        let known = world.account_mut(&id)?.users.remove(&name);
        known.then_some(StatusCode::OK).ok_or_else(|| Refusal::missing("User"))
    })
}

/// Sets a password, of a user of any account.
pub(super) async fn set_password(
    State(sandbox): State<Sandbox>,
    caller: Caller,
    said: Said,
) -> Result<StatusCode, Refusal> {
    caller.for_all()?;
    let name = user_name(&said)?;
    sandbox.read(|world, _| {
        let known = world.accounts.values().any(|account| account.users.contains(&name));
        known.then_some(StatusCode::OK).ok_or_else(|| Refusal::missing("User"))
    })
}

fn user_name(said: &Said) -> Result<String, Refusal> {
    let name = said.text("UserName").filter(|name| !name.is_empty());
    name.ok_or_else(|| Refusal::bad("UserName is required"))
}
