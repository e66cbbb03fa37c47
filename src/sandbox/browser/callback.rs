//! Where the provider sends the browser back to.
//!
//! The state is taken out before anything else, so whatever comes of it, it does not work twice.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::json;

use super::super::Sandbox;
use super::super::request::{Query, Refusal};
use super::super::world::{Consent, World};
use super::OwnAddress;
use super::agreement::Agreement;
use super::exchange::{Failed, Tokens, exchange};
use super::finish::{WayBack, finish};
use super::pages::{callback_error, over};

pub(super) async fn callback(
    State(sandbox): State<Sandbox>,
    address: OwnAddress,
    query: Query,
) -> Result<Response, Refusal> {
    let state = query.text("state").unwrap_or_default();
    let Some(consent) = sandbox.change(|world, now| Ok(take(world, state, now)))? else {
        return Ok(over());
    };
    if let Some(error) = query.text("error") {
        let description = query.text("error_description").unwrap_or_default();
        return Ok(callback_error(&sandbox, error, description));
    }
    let Some(code) = query.text("code") else {
        let description = "The provider sent neither code nor error.";
        return Ok(callback_error(&sandbox, "invalid_request", description));
    };
    let agreement = sandbox.read(|world, _| {
        let account = world.accounts.get(&consent.account)?;
        let connector = account.connectors.get(&consent.connector)?;
        Some(Agreement::about(&sandbox, &address, connector))
    });
    // The account or the connector was deleted in the meantime.
    let Some(agreement) = agreement else { return Ok(over()) };
    let tokens = match exchange(&sandbox, &agreement, &consent, code).await {
        Ok(tokens) => tokens,
        Err(Failed { error, description }) => {
            return Ok(callback_error(&sandbox, &error, &description));
        }
    };
    let variants = sandbox.variants();
    let way_back = WayBack {
        target_origin: variants.way_back(&consent.way_back.target_origin),
        callback_message: consent.way_back.callback_message.clone(),
    };
    if let Some(lag) = variants.sign_in_lag() {
        // The account may be gone by then; nobody is left to be told.
        let late = sandbox.clone();
        let store = async move {
            drop(late.change(|world, now| Ok(store(world, &consent, &tokens, 0, now))));
        };
        sandbox.later(lag, store);
        return Ok(finish(&way_back));
    }
    let unseen = variants.unseen_reads();
    let stored = sandbox.change(|world, now| Ok(store(world, &consent, &tokens, unseen, now)))?;
    Ok(stored.map_or_else(over, |()| finish(&way_back)))
}

fn take(world: &mut World, state: &str, now: DateTime<Utc>) -> Option<Consent> {
    world.consents.remove(state).filter(|consent| now < consent.expires_at)
}

/// In the form in which Cyclr shows and takes tokens (DOC). What a provider does not tell is null.
fn store(
    world: &mut World,
    consent: &Consent,
    tokens: &Tokens,
    unseen_reads: u8,
    now: DateTime<Utc>,
) -> Option<()> {
    let account = world.accounts.get_mut(&consent.account)?;
    let connector = account.connectors.get_mut(&consent.connector)?;
    let at = |life: Option<TimeDelta>| {
        let at = now.checked_add_signed(life?)?;
        Some(at.to_rfc3339_opts(SecondsFormat::Secs, true))
    };
    let value = json!({
        "AccessToken": tokens.access,
        "RefreshToken": tokens.refresh,
        "Expires": at(tokens.life),
        "RefreshExpires": at(tokens.refresh_life),
    });
    connector.auth_value = Some(value.to_string());
    connector.unseen_reads = unseen_reads;
    Some(())
}
