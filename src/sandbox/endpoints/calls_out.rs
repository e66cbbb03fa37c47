//! Calls that Cyclr passes on to the third party: methods, tests and triggers of an account
//! connector.
//!
//! Methods and tests of third-party connectors are answered only to known addresses (DOC); those of
//! the partner's own connectors to everybody.

use std::net::IpAddr;

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::Sandbox;
use super::super::account::AccountConnector;
use super::super::request::{Answer, InAccount, Refusal, Reply, number};
use super::super::serve::Peer;
use super::account_connectors::find;

/// Both routes do the same here: nothing is behind them but the catalogue's answer.
pub(super) async fn method(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    peer: Option<Extension<Peer>>,
    Path((id, method)): Path<(String, String)>,
) -> Reply {
    let id = number(&id)?;
    let peer = peer.map(|Extension(Peer(address))| address);
    sandbox.read(|world, _| {
        let one = find(world, &account, id)?;
        sandbox.let_in(one, peer)?;
        let mut known = one.connector.methods.iter();
        let method = known.find(|known| known.id.eq_ignore_ascii_case(&method));
        let method = method.ok_or_else(|| Refusal::missing("Method"))?;
        if !one.authenticated() {
            return Err(Refusal::bad("The connector is not authenticated."));
        }
        Ok(Answer(method.answer.clone()))
    })
}

/// Choices that the third party offers.
pub(super) async fn trigger(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((id, trigger)): Path<(String, String)>,
) -> Reply {
    let (id, trigger) = (number(&id)?, number(&trigger)?);
    sandbox.read(|world, _| {
        let one = find(world, &account, id)?;
        let known = one.connector.triggers.iter().find(|known| known.id == trigger);
        let known = known.ok_or_else(|| Refusal::missing("Trigger"))?;
        if !one.authenticated() {
            return Err(Refusal::bad("The connector is not authenticated."));
        }
        let choices = known.choices.iter();
        let choices: Vec<Value> =
            choices.map(|one| json!({ "Name": one.name, "Value": one.value })).collect();
        Ok(Answer(Value::Array(choices)))
    })
}

impl Sandbox {
    fn let_in(&self, connector: &AccountConnector, peer: Option<IpAddr>) -> Result<(), Refusal> {
        let known = peer.is_some_and(|peer| self.0.shelves.allowed_addresses.contains(&peer));
        if known || connector.connector.partner_native {
            return Ok(());
        }
        let text =
            "Unknown client IP Address: contact support to request access for this IP address";
        Err(Refusal::new(StatusCode::FORBIDDEN, text))
    }
}
