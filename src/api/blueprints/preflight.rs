//! A look at whether a blueprint can work, before any tenant sees anything of it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{VersionQuery, schema};
use crate::api::caller::{Caller, ForBlueprints};
use crate::engine::{Check, Preflight};
use crate::ids::BlueprintKey;
use crate::onboarding::{Blueprint, Question};
use crate::web::parameters::Parameters;
use crate::web::{AppState, Error, Json, JsonAnswer};

/// What was looked at, and what the tenant's people will be asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preflight)]
pub(in crate::api) struct PreflightBody {
    /// `false` if a check has failed. What could not be learnt does not count.
    ok: bool,
    checks: Vec<CheckBody>,
    /// In the order of the page, as far as they are known: what Cyclr requires beside the blueprint is
    /// known once the template is installed somewhere.
    questions: Vec<QuestionBody>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreflightCheck)]
struct CheckBody {
    /// `document`, `return_urls`, `credentials`, `service_domain`, `template`, `connector` or `mapping`.
    name: &'static str,
    /// `good`, `warning`, `failed`, or `unknown` where it could not be learnt.
    status: &'static str,
    /// The place in the blueprint that it is about.
    #[schema(required)]
    pointer: Option<String>,
    /// What was seen, and what to do.
    detail: String,
}

/// A question as people will see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForeseenQuestion)]
struct QuestionBody {
    label: String,
    #[schema(value_type = String)]
    kind: crate::onboarding::QuestionKind,
    required: bool,
    #[schema(required)]
    help: Option<String>,
    /// For a choice; empty if Cyclr tells them only once an account is connected.
    options: Vec<String>,
}

/// Look at a blueprint that need not be published.
///
/// Asks Cyclr for credentials, templates and connectors, looks whether the service domain answers, and
/// holds the rules against the newest cycle of the template that there is. Changes nothing anywhere, and
/// takes 20 seconds for each part at most.
#[utoipa::path(post, path = "/v1/preflight", operation_id = "preflight_blueprint", tag = "blueprints",
    request_body = schema::Blueprint, responses((status = OK, body = PreflightBody)))]
pub(in crate::api) async fn preflight(
    caller: Caller<ForBlueprints>,
    State(state): State<AppState>,
    Json(blueprint): Json<Blueprint>,
) -> Result<JsonAnswer<PreflightBody>, Error> {
    look(&state, &caller, &blueprint).await
}

/// Look at a published blueprint.
///
/// As for one that is not published yet.
#[utoipa::path(post, path = "/v1/blueprints/{key}/preflight", operation_id = "preflight_version", tag = "blueprints",
    params(("key" = String, Path), VersionQuery),
    responses((status = OK, body = PreflightBody)))]
pub(in crate::api) async fn preflight_version(
    caller: Caller<ForBlueprints>,
    State(state): State<AppState>,
    Path(key): Path<String>,
    Parameters(query): Parameters<VersionQuery>,
) -> Result<JsonAnswer<PreflightBody>, Error> {
    let key = BlueprintKey::parse(key).map_err(|_| Error::not_found())?;
    if !caller.sight.covers(&key) {
        return Err(Error::not_found());
    }
    let published = state.store().find_blueprint(&key, query.version).await?;
    let published = published.ok_or_else(Error::not_found)?;
    look(&state, &caller, &published.blueprint).await
}

async fn look(
    state: &AppState,
    caller: &Caller<ForBlueprints>,
    blueprint: &Blueprint,
) -> Result<JsonAnswer<PreflightBody>, Error> {
    let seen = state.engine.preflight(blueprint, &caller.sight).await?;
    Ok(JsonAnswer(StatusCode::OK, PreflightBody::from(seen)))
}

impl From<Preflight> for PreflightBody {
    fn from(seen: Preflight) -> Self {
        Self {
            ok: seen.is_good(),
            checks: seen.checks.into_iter().map(CheckBody::from).collect(),
            questions: seen.questions.into_iter().map(QuestionBody::from).collect(),
        }
    }
}

impl From<Check> for CheckBody {
    fn from(check: Check) -> Self {
        let Check { name, status, pointer, detail } = check;
        Self { name, status: status.name(), pointer, detail }
    }
}

impl From<Question> for QuestionBody {
    fn from(question: Question) -> Self {
        let Question { label, kind, required, help, options, .. } = question;
        Self { label, kind, required, help, options }
    }
}
