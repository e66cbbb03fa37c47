//! Which blueprints there are, and which versions of one.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::caller::{Caller, ForBlueprints};
use crate::api::shapes::{PublishedBody, kept};
use crate::ids::BlueprintKey;
use crate::web::fields::Mistakes;
use crate::web::parameters::Parameters;
use crate::web::{AppState, Error, JsonAnswer};

/// One page of blueprints.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct BlueprintPage {
    /// The newest version of each, in the order of their keys.
    data: Vec<PublishedBody>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// One page of a blueprint's versions.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct VersionPage {
    /// Newest first.
    data: Vec<VersionBody>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// A version, without its document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlueprintVersion)]
pub(in crate::api) struct VersionBody {
    version: i32,
    published_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct PageQuery {
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

/// List the blueprints.
///
/// Of each the newest version, by key.
#[utoipa::path(get, path = "/v1/blueprints", operation_id = "list_blueprints", tag = "blueprints",
    params(PageQuery), responses((status = OK, body = BlueprintPage)))]
pub(in crate::api) async fn list(
    caller: Caller<ForBlueprints>,
    State(state): State<AppState>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<JsonAnswer<BlueprintPage>, Error> {
    let after = check(&query, |text| {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        BlueprintKey::parse(String::from_utf8(bytes).ok()?).ok()
    })?;
    // One more than is shown, to see whether there is another page.
    let most = query.limit + 1;
    let mut found = state.store().list_blueprints(&caller.sight, after.as_ref(), most).await?;
    let more = found.len() > usize::from(query.limit);
    found.truncate(query.limit.into());
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|last| URL_SAFE_NO_PAD.encode(last.id.key.as_str()));
    let data = found.iter().map(PublishedBody::from).collect();
    Ok(JsonAnswer(StatusCode::OK, BlueprintPage { data, next_cursor }))
}

/// List the versions of a blueprint.
///
/// Newest first. None of them ever changes.
#[utoipa::path(get, path = "/v1/blueprints/{key}/versions", operation_id = "list_blueprint_versions",
    tag = "blueprints", params(("key" = String, Path), PageQuery),
    responses((status = OK, body = VersionPage)))]
pub(in crate::api) async fn list_versions(
    caller: Caller<ForBlueprints>,
    State(state): State<AppState>,
    Path(key): Path<String>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<JsonAnswer<VersionPage>, Error> {
    let before = check(&query, |text| {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(i32::from_be_bytes).filter(|version| *version > 0)
    })?;
    let key = BlueprintKey::parse(key).map_err(|_| Error::not_found())?;
    if !caller.sight.covers(&key) {
        return Err(Error::not_found());
    }
    let most = query.limit + 1;
    let mut found = state.store().list_versions_of_blueprint(&key, before, most).await?;
    if found.is_empty() && before.is_none() {
        return Err(Error::not_found());
    }
    let more = found.len() > usize::from(query.limit);
    found.truncate(query.limit.into());
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|(version, _)| URL_SAFE_NO_PAD.encode(version.to_be_bytes()));
    let data = found
        .into_iter()
        .map(|(version, published_at)| VersionBody { version, published_at: kept(published_at) });
    Ok(JsonAnswer(StatusCode::OK, VersionPage { data: data.collect(), next_cursor }))
}

fn check<T>(query: &PageQuery, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Error> {
    let mut mistakes = Mistakes::default();
    mistakes.require("limit", (1..=100).contains(&query.limit), "1 to 100");
    let cursor = query.cursor.as_deref().map(read);
    let fits = !matches!(cursor, Some(None));
    mistakes.require("cursor", fits, "the next_cursor of an earlier page");
    mistakes.or_value(Some(cursor.flatten()))
}
