//! What onboardings depend on: blueprints, API keys, webhook endpoints. They are made by the API and the
//! command line; here it is seen how they stand, and a key is ended.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::account::proof_wanted;
use super::chrome::Chrome;
use super::operator::{Administers, Operator};
use super::sign_in::Nothing;
use super::words::{Moment, why_off};
use crate::ids::ApiKeyId;
use crate::store::{Act, ApiKey, Endpoint, KeyScope, Published, Sight};
use crate::web::{AppState, Error, Page, Protected};

const PLACE: &str = "/console/settings";

#[derive(Template)]
#[template(path = "console/settings.html")]
struct SettingsPage {
    chrome: Chrome,
    blueprints: Vec<BlueprintLine>,
    keys: Vec<KeyLine>,
    endpoints: Vec<EndpointLine>,
}

struct BlueprintLine {
    key: String,
    name: String,
    templates: usize,
    questions: usize,
    version: i32,
    published: Moment,
    /// Earlier ones, with the day of each.
    earlier: Vec<String>,
}

struct KeyLine {
    id: Uuid,
    name: String,
    begins: String,
    scopes: String,
    sees: String,
    used: String,
    /// Until when it is good, or since when not any more.
    end: String,
    is_good: bool,
}

struct EndpointLine {
    id: Uuid,
    url: String,
    description: String,
    events: String,
    stands: String,
    colour: &'static str,
    /// Of the newest fifty.
    delivered: usize,
    pending: usize,
    failed: usize,
}

pub(super) async fn show(
    operator: Operator<Administers>,
    State(app): State<AppState>,
) -> Result<Response, Error> {
    let (now, store) = (app.clock().now(), app.store());
    let mut blueprints = Vec::new();
    for published in store.list_blueprints(&Sight::All, None, 200).await? {
        let (key, version) = (&published.id.key, published.id.version);
        let earlier = store.list_versions_of_blueprint(key, Some(version), 20).await?;
        blueprints.push(blueprint(&published, &earlier, now));
    }
    let mut endpoints = Vec::new();
    for known in store.list_endpoints().await? {
        let deliveries = store.list_deliveries(known.id, None, None, 50).await?.deliveries;
        let count = |state| deliveries.iter().filter(|told| told.state == state).count();
        let counts = (count("delivered"), count("pending"), count("failed"));
        endpoints.push(endpoint(known, counts, now));
    }
    let keys = store.list_api_keys(None, 500).await?;
    let page = SettingsPage {
        chrome: Chrome::new(&app, &operator, PLACE, "Settings"),
        blueprints,
        keys: keys.into_iter().map(|known| key(known, now)).collect(),
        endpoints,
    };
    Ok(Page(page).into_response())
}

fn blueprint(
    published: &Published,
    earlier: &[(i32, DateTime<Utc>)],
    now: DateTime<Utc>,
) -> BlueprintLine {
    let blueprint = &published.blueprint;
    let earlier = earlier.iter();
    BlueprintLine {
        key: published.id.key.to_string(),
        name: blueprint.name.clone(),
        templates: blueprint.templates.len(),
        questions: blueprint.questions.len(),
        version: published.id.version,
        published: Moment::new(published.published_at, now),
        earlier: earlier
            .map(|(version, at)| format!("{version} ({})", at.format("%Y-%m-%d")))
            .collect(),
    }
}

fn key(known: ApiKey, now: DateTime<Utc>) -> KeyLine {
    let away = |at| Moment::new(at, now).away;
    let is_over = known.expires_at.is_some_and(|at| at <= now);
    let end = match (known.revoked_at, known.expires_at) {
        (Some(at), _) => format!("revoked {}", away(at)),
        (None, Some(at)) if is_over => format!("ended {}", away(at)),
        (None, Some(at)) => format!("ends {}", away(at)),
        (None, None) => "no end".to_owned(),
    };
    let scopes: Vec<_> = known.scopes.iter().map(|scope| KeyScope::name(*scope)).collect();
    KeyLine {
        id: known.id.0,
        begins: known.prefix.unwrap_or_default(),
        scopes: scopes.join(", "),
        sees: match known.sight {
            Sight::All => "all blueprints".to_owned(),
            Sight::Only(keys) => {
                let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
                keys.join(", ")
            }
        },
        used: known.last_used_at.map_or_else(|| "never".to_owned(), away),
        end,
        is_good: known.revoked_at.is_none() && !is_over,
        name: known.name,
    }
}

fn endpoint(
    known: Endpoint,
    (delivered, pending, failed): (usize, usize, usize),
    now: DateTime<Utc>,
) -> EndpointLine {
    let away = |at| Moment::new(at, now).away;
    let (stands, colour) = match (known.disabled, known.failing_since) {
        (Some((at, why)), _) => (format!("switched off {}: {}", away(at), why_off(&why)), "bad"),
        (None, Some(at)) => (format!("failing, first {}", away(at)), "warn"),
        (None, None) => ("takes what is sent".to_owned(), "good"),
    };
    let events = if known.events.is_empty() { "all".to_owned() } else { known.events.join(", ") };
    EndpointLine {
        id: known.id.0,
        url: known.url,
        description: known.description,
        events,
        stands,
        colour,
        delivered,
        pending,
        failed,
    }
}

pub(super) async fn revoke_key(
    operator: Operator<Administers>,
    State(app): State<AppState>,
    Path(id): Path<Uuid>,
    Protected(Nothing {}): Protected<Nothing>,
) -> Result<Response, Error> {
    if let Some(proof) = proof_wanted(&app, &operator, PLACE) {
        return Ok(proof);
    }
    let found = app.store().show_api_key(ApiKeyId(id)).await?;
    let known = found.ok_or_else(Error::not_found)?;
    let act = Act::new("revoke_key", known.name);
    app.store().revoke_api_key_by_staff(known.id, (&operator.member().actor(), &act)).await?;
    Ok(Redirect::to(PLACE).into_response())
}
