//! Blueprints: published once, read often.

pub(super) mod list;
pub(super) mod logos;
pub(super) mod preflight;
pub(super) mod schema;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::caller::{Caller, ForBlueprints};
use super::repeatable::{Repeatable, find_earlier, send, spell, with_link};
use super::shapes::PublishedBody;
use crate::ids::BlueprintKey;
use crate::onboarding::Blueprint;
use crate::store::Published;
use crate::web::fields::Mistakes;
use crate::web::parameters::Parameters;
use crate::web::{AppState, Error, JsonAnswer};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VersionQuery {
    /// The newest one if left out.
    #[param(minimum = 1)]
    version: Option<i32>,
}

/// Publish the next version of a blueprint.
///
/// A version never changes, and an onboarding stays with the one it was started with. Publishing
/// what the newest version says already changes nothing and answers 200.
#[utoipa::path(post, path = "/v1/blueprints", operation_id = "publish_blueprint", tag = "blueprints",
    request_body = schema::Blueprint,
    responses(
        (status = CREATED, body = PublishedBody),
        (status = OK, description = "The newest version says the same.", body = PublishedBody)))]
pub(super) async fn publish(
    caller: Caller<ForBlueprints>,
    State(state): State<AppState>,
    asked: Repeatable<Blueprint>,
) -> Result<Response, Error> {
    let key = asked.idempotency(&caller);
    let blueprint = asked.body;
    let mut mistakes = Mistakes::default();
    let own = caller.sight.covers(&blueprint.key);
    mistakes.require("/key", own, "a blueprint that this API key may see");
    for mistake in blueprint.mistakes() {
        mistakes.add(mistake.pointer, mistake.reason);
    }
    if let Some(logo) = &blueprint.brand.logo {
        let found = state.store().find_logo(logo).await?.is_some();
        mistakes.require("/brand/logo", found, "the id of an image that was uploaded");
    }
    let render = |published: &Published| {
        let status = if published.fresh { StatusCode::CREATED } else { StatusCode::OK };
        spell(status, &PublishedBody::from(published))
    };
    let answer = match mistakes.or_value(Some(blueprint)) {
        Ok(blueprint) => state.store().publish_once(blueprint, key.as_ref(), &render).await?,
        Err(refusal) => find_earlier(&state, key.as_ref(), refusal).await?,
    };
    send(&answer, with_link(&state, &answer), None)
}

/// Show a published blueprint.
///
/// The whole document as it was published; the newest version if none is named.
#[utoipa::path(get, path = "/v1/blueprints/{key}", operation_id = "show_blueprint", tag = "blueprints",
    params(("key" = String, Path), VersionQuery),
    responses((status = OK, body = PublishedBody)))]
pub(super) async fn show(
    caller: Caller<ForBlueprints>,
    State(state): State<AppState>,
    Path(key): Path<String>,
    Parameters(query): Parameters<VersionQuery>,
) -> Result<JsonAnswer<PublishedBody>, Error> {
    let key = BlueprintKey::parse(key).map_err(|_| Error::not_found())?;
    if !caller.sight.covers(&key) {
        return Err(Error::not_found());
    }
    let published = state.store().find_blueprint(&key, query.version).await?;
    let published = published.ok_or_else(Error::not_found)?;
    Ok(JsonAnswer(StatusCode::OK, PublishedBody::from(&published)))
}
