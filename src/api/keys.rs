//! Keys: made, shown, revoked.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::{Admin, Caller};
use super::repeatable::{BodyOptional, Nothing, Repeatable};
use super::shapes::kept;
use crate::ids::{ApiKeyId, BlueprintKey};
use crate::secret::{ExposeSecret as _, Secret};
use crate::store::{ApiKey, IdempotencyKey, KeyScope, NewApiKey, OnceError, OrderedAnswer, Sight};
use crate::web::fields::{Mistakes, is_line};
use crate::web::parameters::Parameters;
use crate::web::{AppState, Error, JsonAnswer, json_text};

/// Most blueprints that one key is restricted to.
const MOST_BLUEPRINTS: usize = 50;

/// What a new key is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewApiKey)]
pub(super) struct NewKeyBody {
    /// What the key is for, 1 to 200 characters; it stands in the journal beside what is done with
    /// it. Two keys may have the same name, so that one can take over from the other.
    name: String,
    /// At least one of `read`, `write`, `blueprints`, `webhooks` and `admin`. None is part of another
    /// one, and you need each yourself.
    scopes: Vec<String>,
    /// Keys of blueprints: the new key sees onboardings of these only, and has none of the scopes
    /// `webhooks` and `admin`. Absent or `null`: all.
    blueprints: Option<Vec<String>>,
    /// Absent or `null`: it is good until it is revoked.
    expires_at: Option<DateTime<Utc>>,
}

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(super) struct KeyBody {
    id: Uuid,
    name: String,
    /// How the key begins; `null` for keys from before this was kept.
    #[schema(required)]
    prefix: Option<String>,
    scopes: Vec<&'static str>,
    /// The blueprints whose onboardings it sees; `null`: all.
    #[schema(required)]
    blueprints: Option<Vec<String>>,
    created_at: DateTime<Utc>,
    /// Exact to a minute.
    #[schema(required)]
    last_used_at: Option<DateTime<Utc>>,
    #[schema(required)]
    expires_at: Option<DateTime<Utc>>,
    #[schema(required)]
    revoked_at: Option<DateTime<Utc>>,
    /// The key itself. Shown when it is made, and `null` ever after.
    #[schema(required)]
    key: Option<String>,
}

/// One page of keys.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKeyPage)]
pub(super) struct KeyPage {
    /// Newest first, revoked ones too.
    data: Vec<KeyBody>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct KeyQuery {
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Most entries of a page.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 100)]
    limit: u16,
}

const fn usual_limit() -> u16 {
    25
}

/// Make a key.
///
/// The answer shows the key, this once; the same `Idempotency-Key` with the same body gets the same
/// answer again. A key cannot give what it does not have.
#[utoipa::path(post, path = "/v1/api_keys", operation_id = "create_api_key", tag = "api_keys",
    request_body = NewKeyBody, responses((status = CREATED, body = KeyBody)))]
pub(super) async fn create(
    caller: Caller<Admin>,
    State(state): State<AppState>,
    asked: Repeatable<NewKeyBody>,
) -> Result<Response, Error> {
    let once = asked.idempotency(&caller);
    if let Some(once) = &once
        && let Some(answer) = state.store().find_answer(once).await?
    {
        // A repetition is answered as it was, although its end may have come meanwhile.
        return Ok(json_text(status(answer.status)?, open(&state, &answer.body, Some(once))?));
    }
    let new = check(asked.body, &caller, state.clock().now())?;
    let render = |made: &ApiKey, key: &Secret| {
        let mut shown = KeyBody::from(made);
        shown.key = Some(key.expose_secret().to_owned());
        let body = spell(&shown);
        let sealed = once.as_ref().map(|once| state.links.seal_answer(&body, once));
        (StatusCode::CREATED.as_u16(), body, sealed.unwrap_or_default())
    };
    match state.store().order_api_key(&new, once.as_ref(), &render).await? {
        OrderedAnswer::Fresh { status: code, body } => Ok(json_text(status(code)?, body)),
        OrderedAnswer::Earlier { status: code, kept } => {
            Ok(json_text(status(code)?, open(&state, &kept, once.as_ref())?))
        }
    }
}

/// List all keys, newest first.
///
/// Revoked ones too. No key itself is shown.
#[utoipa::path(get, path = "/v1/api_keys", operation_id = "list_api_keys", tag = "api_keys",
    params(KeyQuery), responses((status = OK, body = KeyPage)))]
pub(super) async fn list(
    _caller: Caller<Admin>,
    State(state): State<AppState>,
    Parameters(query): Parameters<KeyQuery>,
) -> Result<JsonAnswer<KeyPage>, Error> {
    let mut mistakes = Mistakes::default();
    mistakes.require("limit", (1..=100).contains(&query.limit), "1 to 100");
    let before = query.cursor.as_deref().map(read_cursor);
    mistakes.require("cursor", before != Some(None), "the next_cursor of an earlier page");
    let before = mistakes.or_value(Some(before.flatten()))?;
    // One more than is shown, to see whether there is another page.
    let mut keys = state.store().list_api_keys(before, query.limit + 1).await?;
    let more = keys.len() > usize::from(query.limit);
    keys.truncate(usize::from(query.limit));
    let next_cursor = keys.last().filter(|_| more).map(|last| write_cursor(last.id));
    let data = keys.iter().map(KeyBody::from).collect();
    Ok(JsonAnswer(StatusCode::OK, KeyPage { data, next_cursor }))
}

/// Show a key.
///
/// All of it but the key itself, which is shown once, when it is made.
#[utoipa::path(get, path = "/v1/api_keys/{id}", operation_id = "show_api_key", tag = "api_keys",
    params(("id" = Uuid, Path)), responses((status = OK, body = KeyBody)))]
pub(super) async fn show(
    _caller: Caller<Admin>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<JsonAnswer<KeyBody>, Error> {
    let key = state.store().show_api_key(parse_key(&id)?).await?.ok_or_else(Error::not_found)?;
    Ok(JsonAnswer(StatusCode::OK, KeyBody::from(&key)))
}

/// Revoke a key. It opens nothing from the next request on.
///
/// A key that is revoked already stays as it is. You may revoke the key that you send this with.
#[utoipa::path(delete, path = "/v1/api_keys/{id}", operation_id = "revoke_api_key",
    tag = "api_keys", params(("id" = Uuid, Path)), responses((status = OK, body = KeyBody)))]
pub(super) async fn revoke(
    caller: Caller<Admin>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    BodyOptional(asked): BodyOptional<Nothing>,
) -> Result<Response, Error> {
    let once = asked.idempotency(&caller);
    let render = |key: &ApiKey| (StatusCode::OK.as_u16(), spell(&KeyBody::from(key)));
    let answer = state.store().revoke_api_key(parse_key(&id)?, once.as_ref(), &render).await?;
    let answer = answer.ok_or_else(Error::not_found)?;
    Ok(json_text(status(answer.status)?, answer.body))
}

/// Texts, times and lists only: this cannot fail, and an empty body would show if it did.
fn spell(body: &KeyBody) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

/// All that is wrong with it at once, what the caller may not give included.
fn check(body: NewKeyBody, caller: &Caller<Admin>, now: DateTime<Utc>) -> Result<NewApiKey, Error> {
    let mut mistakes = Mistakes::default();
    mistakes.require("/name", is_line(&body.name), "1 to 200 characters on one line");
    let restricted = body.blueprints.is_some();
    let scopes = check_scopes(&mut mistakes, &body.scopes, restricted, caller);
    let sight = check_sight(&mut mistakes, body.blueprints, &caller.sight);
    let later = body.expires_at.is_none_or(|at| at > now);
    mistakes.require("/expires_at", later, "in the future");
    let expires_at = body.expires_at.map(kept);
    mistakes.or_value(Some(NewApiKey { name: body.name, scopes, sight, expires_at }))
}

fn check_scopes(
    mistakes: &mut Mistakes,
    names: &[String],
    restricted: bool,
    caller: &Caller<Admin>,
) -> Vec<KeyScope> {
    let all = KeyScope::ALL.map(KeyScope::name).join(", ");
    let fits = (1..=KeyScope::ALL.len()).contains(&names.len());
    mistakes.require("/scopes", fits, &format!("a list of 1 to 5 of {all}"));
    let mut scopes = Vec::new();
    for (place, name) in names.iter().take(KeyScope::ALL.len()).enumerate() {
        let pointer = format!("/scopes/{place}");
        let Some(scope) = KeyScope::parse(name) else {
            mistakes.require(&pointer, false, &format!("one of {all}"));
            continue;
        };
        mistakes.require(&pointer, !scopes.contains(&scope), "named once");
        mistakes.require(&pointer, caller.scopes.contains(&scope), "a scope of your own key");
        let free = !restricted || scope.fits_restricted();
        mistakes.require(&pointer, free, "read, write or blueprints beside blueprints");
        scopes.push(scope);
    }
    scopes
}

fn check_sight(mistakes: &mut Mistakes, keys: Option<Vec<String>>, own: &Sight) -> Sight {
    let sight = match keys {
        None => Sight::All,
        Some(keys) => {
            let rule = format!("1 to {MOST_BLUEPRINTS} blueprints");
            let fits = (1..=MOST_BLUEPRINTS).contains(&keys.len());
            mistakes.require("/blueprints", fits, &rule);
            let named = keys.into_iter().take(MOST_BLUEPRINTS).enumerate();
            let parsed = named.filter_map(|(place, key)| {
                mistakes.parsed(&format!("/blueprints/{place}"), BlueprintKey::parse(key))
            });
            let mut keys: Vec<_> = parsed.collect();
            keys.sort();
            keys.dedup();
            Sight::Only(keys)
        }
    };
    mistakes.require("/blueprints", own.includes(&sight), "among those that your own key sees");
    sight
}

fn status(code: u16) -> Result<StatusCode, Error> {
    StatusCode::from_u16(code).map_err(Error::internal)
}

/// The body of an earlier answer.
fn open(state: &AppState, kept: &str, once: Option<&IdempotencyKey>) -> Result<String, Error> {
    // Answered under a master key of earlier days, or to a request of another kind.
    let body = once.and_then(|once| state.links.open_answer(kept, once));
    body.ok_or_else(|| OnceError::KeyReused.into())
}

/// An id that is no id names nothing, like one that was never given out.
fn parse_key(text: &str) -> Result<ApiKeyId, Error> {
    Uuid::try_parse(text).map(ApiKeyId).map_err(|_| Error::not_found())
}

fn write_cursor(before: ApiKeyId) -> String {
    URL_SAFE_NO_PAD.encode(before.0.as_bytes())
}

/// `None` for anything that [`write_cursor`] does not write.
fn read_cursor(text: &str) -> Option<ApiKeyId> {
    let bytes = (text.len() == 22).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
    Uuid::from_slice(&bytes).ok().map(ApiKeyId)
}

impl From<&ApiKey> for KeyBody {
    fn from(key: &ApiKey) -> Self {
        let blueprints = match &key.sight {
            Sight::All => None,
            Sight::Only(keys) => Some(keys.iter().map(ToString::to_string).collect()),
        };
        Self {
            id: key.id.0,
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            scopes: key.scopes.iter().map(|scope| scope.name()).collect(),
            blueprints,
            created_at: kept(key.created_at),
            last_used_at: key.last_used_at.map(kept),
            expires_at: key.expires_at.map(kept),
            revoked_at: key.revoked_at.map(kept),
            key: None,
        }
    }
}
