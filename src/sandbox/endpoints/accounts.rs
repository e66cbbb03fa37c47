//! Accounts, and the tokens that sign a browser into one.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::super::Sandbox;
use super::super::account::Account;
use super::super::effect::{Done, Effect};
use super::super::request::{Answer, Caller, Page, Query, Refusal, Reply, Said};
use super::super::shapes::{self, ACCOUNT_SETTINGS, WITH_WARNINGS};
use super::super::variants::Created;
use super::super::world::{SIGN_IN_LIFETIME, SignIn};

pub(super) async fn list(
    State(sandbox): State<Sandbox>,
    caller: Caller,
    query: Query,
) -> Result<Page, Refusal> {
    caller.for_all()?;
    Ok(sandbox.read(|world, _| {
        let mut accounts: Vec<_> = world.accounts.iter().collect();
        if query.orders_by("Name") {
            accounts.sort_by_key(|(_, account)| account.name.to_lowercase());
        }
        query.page(accounts.into_iter(), |(id, account)| shapes::account(id, account))
    }))
}

pub(super) async fn show(
    State(sandbox): State<Sandbox>,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply {
    caller.within(&id)?;
    sandbox.read(|world, _| Ok(Answer(shapes::account(&id, world.account(&id)?))))
}

pub(super) async fn create(State(sandbox): State<Sandbox>, caller: Caller, said: Said) -> Done {
    caller.for_all()?;
    // Without an id Cyclr makes one up, so a repeat makes a second account.
    let id = said.text("Id").filter(|id| !id.is_empty());
    let id = id.unwrap_or_else(|| Uuid::new_v4().to_string());
    let variants = sandbox.variants();
    variants.account_id(&id)?;
    variants.timezone(said.text("Timezone").as_deref())?;
    sandbox.change(|world, now| {
        let id = match variants.create_under(world, id)? {
            Created::Under(id) => id,
            Created::Existing(id) => {
                let shown = shapes::account(&id, world.account(&id)?);
                return Ok((Effect::nothing(), Answer(shown)));
            }
        };
        let parent = said.text("ParentAccountId").filter(|parent| !parent.is_empty());
        if let Some(parent) = &parent {
            world.account(parent)?;
        }
        let internal_id = Uuid::new_v4();
        let mut account = Account { created_at: now, internal_id, parent, ..Account::default() };
        apply(&mut account, &said)?;
        if account.name.is_empty() {
            return Err(Refusal::bad("Name is required"));
        }
        let shown = shapes::account(&id, &account);
        let effect = Effect::of("created account", &id);
        world.accounts.insert(id, account);
        Ok((effect, Answer(shown)))
    })
}

/// Partial: what is absent stays, null clears (OBS).
pub(super) async fn update(
    State(sandbox): State<Sandbox>,
    caller: Caller,
    Path(id): Path<String>,
    said: Said,
) -> Reply {
    caller.within(&id)?;
    sandbox.variants().timezone(said.text("Timezone").as_deref())?;
    sandbox.change(|world, _| {
        let account = world.account_mut(&id)?;
        apply(account, &said)?;
        Ok(Answer(shapes::account(&id, account)))
    })
}

/// Its cycles go with it.
pub(super) async fn delete(
    State(sandbox): State<Sandbox>,
    caller: Caller,
    Path(id): Path<String>,
) -> Done<StatusCode> {
    caller.within(&id)?;
    let variants = sandbox.variants();
    sandbox.change(|world, _| {
        variants.delete_account(world.account(&id)?)?;
        world.remove_account(&id).ok_or_else(|| Refusal::missing("Account"))?;
        Ok((Effect::of("deleted account", &id), StatusCode::OK))
    })
}

/// An unknown user is created (DOC). Five minutes, one use.
pub(super) async fn sign_in_token(
    State(sandbox): State<Sandbox>,
    caller: Caller,
    Path(id): Path<String>,
    said: Said,
) -> Done {
    caller.within(&id)?;
    sandbox.variants().sign_in(said.text("Username").as_deref(), caller.is_bound())?;
    let token = token();
    sandbox.change(|world, now| {
        let expires_at = now + SIGN_IN_LIFETIME;
        world.account_mut(&id)?.users.extend(said.text("Username"));
        let effect = Effect::of("made a sign-in token for account", &id);
        world.sign_in_tokens.insert(token.clone(), SignIn { account: id, expires_at });
        let answer = json!({ "Token": token, "ExpiresAtUtc": shapes::date(expires_at) });
        Ok((effect, Answer(answer)))
    })
}

/// Accounts that are a part of it.
pub(super) async fn sub_accounts(
    State(sandbox): State<Sandbox>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Page, Refusal> {
    caller.within(&id)?;
    sandbox.read(|world, _| {
        world.account(&id)?;
        let parts = world.accounts.iter();
        let parts: Vec<_> =
            parts.filter(|(_, account)| account.parent.as_ref() == Some(&id)).collect();
        Ok(query.page(parts.into_iter(), |(id, account)| shapes::account(id, account)))
    })
}

pub(super) async fn usage(
    State(sandbox): State<Sandbox>,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply {
    caller.within(&id)?;
    sandbox.read(|world, now| Ok(Answer(shapes::usage(&id, world.account(&id)?, now))))
}

/// Always with `+`, `/` and `=`, so that nobody forgets to encode it.
fn token() -> String {
    let mut bytes = rand::random::<[u8; 32]>();
    bytes[0] = 0xfb;
    bytes[1] |= 0xf0;
    STANDARD.encode(bytes)
}

/// Checks all, then writes all.
fn apply(account: &mut Account, said: &Said) -> Result<(), Refusal> {
    let mut changed = BTreeMap::new();
    for name in ACCOUNT_SETTINGS.iter().copied().chain([WITH_WARNINGS]) {
        let given = said.value(name).map(|value| setting(name, value));
        if let Some(value) = given.transpose()?.flatten() {
            changed.insert(name.to_owned(), value);
        }
    }
    let enabling = changed.get("TransactionErrorWebhookEnabled") == Some(&Value::Bool(true));
    let url = changed.get("TransactionErrorWebhookUrl");
    if enabling && url.is_none_or(Value::is_null) {
        let message =
            "Transaction Error Webhook enabled: Transaction Error Webhook URL must be defined";
        return Err(Refusal::bad(message));
    }
    if said.value("Name").is_some() {
        let name = said.text("Name").filter(|name| !name.is_empty());
        account.name = name.ok_or_else(|| Refusal::bad("Name is required"))?;
    }
    account.settings.append(&mut changed);
    Ok(())
}

/// `None` when the given value is to be passed over.
fn setting(name: &str, value: &Value) -> Result<Option<Value>, Refusal> {
    Ok(match name {
        "StepDataSuccessRetentionHours" | "StepDataErroredRetentionHours" => match value.as_i64() {
            Some(hours) if hours < 0 => {
                return Err(Refusal::bad(format!("{name} ({hours}): must be non negative")));
            }
            Some(hours) => Some(json!(hours.min(744))),
            // A wrong type is passed over with 200 [OBS].
            None => value.is_null().then_some(Value::Null),
        },
        "TransactionErrorWebhookEnabled" | WITH_WARNINGS => Some(Value::Bool(value == true)),
        "TransactionErrorWebhookUrl" => Some(webhook_url(value)?),
        _ => Some(value.as_str().map_or(Value::Null, |text| json!(text))),
    })
}

/// A missing scheme is filled in (OBS).
fn webhook_url(value: &Value) -> Result<Value, Refusal> {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
        return Ok(Value::Null);
    };
    let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    match Url::parse(&full) {
        Ok(_) => Ok(json!(full)),
        Err(_) => Err(Refusal::bad(format!("{full} is not a valid URL"))),
    }
}
