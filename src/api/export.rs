//! Everything that is known of one onboarding as one document: to keep, to hand to whoever looks into it, and
//! to play again with `gangway replay`.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::caller::{Caller, Read};
use super::events::CallBody;
use super::onboardings::parse_id;
use super::shapes::{ContactBody, OnboardingBody, PublishedBody, kept};
use crate::onboarding::{AuthKind, Blueprint, Connection, Event, Onboarding, RuleValue, Slot};
use crate::store::{JournalLine, KeptCall, Published, Sight};
use crate::web::{AppState, Error, JsonAnswer, Kind};

/// Names the form of the document. Fields are added under the same name; a change of what is there gets
/// another number.
const FORMAT: &str = "gangway-history/1";
/// Lines of a timeline that fit into one document.
const MOST_LINES: usize = 5_000;
/// Lines that are read in one go.
const PAGE: u16 = 1_000;
/// Rules that read these are the only reason to tell whom to ask at the tenant.
const CONTACT_PATHS: [&str; 2] = ["tenant.contact_name", "tenant.contact_email"];

/// One onboarding with all that led to where it stands. It holds what the integrator told of its tenant and
/// what the tenant's people answered; no credential, no token, no body of a call and no link.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = History)]
pub(super) struct HistoryBody {
    /// `gangway-history/1`.
    format: &'static str,
    exported_at: DateTime<Utc>,
    /// As it is shown, without the link's address; the contact only where a mapping rule reads it.
    onboarding: OnboardingBody,
    tenant: TenantBody,
    /// The version that it follows, and those that it followed before; oldest first.
    blueprints: Vec<PublishedBody>,
    /// What Cyclr asks for each connection; no value is kept of any.
    connections: Vec<ConnectionNeedsBody>,
    /// In the blueprint's order.
    templates: Vec<QuestionsBody>,
    /// What was answered, by the keys of the questions. An empty text was left empty.
    answers: BTreeMap<String, String>,
    /// Oldest first.
    timeline: Vec<HistoryLineBody>,
}

/// What the integrator told of its tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
struct TenantBody {
    id: String,
    name: String,
    /// An IANA name.
    #[schema(required)]
    timezone: Option<String>,
    #[schema(required)]
    locale: Option<String>,
    /// Only where a mapping rule reads it.
    #[schema(required)]
    contact: Option<ContactBody>,
    /// The Cyclr account that was named at the start.
    #[schema(required)]
    account_id: Option<String>,
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    tags: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionNeeds)]
struct ConnectionNeedsBody {
    connector_id: String,
    name: String,
    #[schema(required)]
    auth: Option<&'static str>,
    /// Inputs beside the credential: name, label, whether they are secret or optional, options.
    #[schema(value_type = Vec<Object>)]
    inputs: Value,
    /// The ways to choose from; empty where there is one.
    #[schema(value_type = Vec<Object>)]
    ways: Value,
}

/// What people were asked for one template.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TemplateQuestions)]
struct QuestionsBody {
    template_id: uuid::Uuid,
    /// As in a blueprint, and with where Cyclr was asked what there is to choose from.
    #[schema(value_type = Vec<Object>)]
    questions: Value,
}

/// One change, as it is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryLine)]
struct HistoryLineBody {
    version: i64,
    at: DateTime<Utc>,
    actor: String,
    /// Where it stood afterwards.
    status: String,
    step: String,
    /// Its `kind`, and what belongs to that kind.
    #[schema(value_type = Object)]
    event: Event,
    /// The calls to Cyclr that led to it.
    calls: Vec<CallBody>,
}

/// Export all that is known of an onboarding as one document.
///
/// How it stands, the versions of its blueprint, what you told of the tenant, what was asked and answered,
/// and the whole timeline with the calls to Cyclr. `gangway replay` plays it again against a sandbox. It is
/// refused with 409 where the timeline has more than 5,000 lines: read that by `events`, in pages.
#[utoipa::path(get, path = "/v1/onboardings/{id}/export", operation_id = "export_onboarding",
    tag = "onboardings", params(("id" = Uuid, Path)), responses((status = OK, body = HistoryBody)))]
pub(super) async fn export(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<JsonAnswer<HistoryBody>, Error> {
    let found = state.store().find_in_sight(parse_id(&id)?, &caller.sight).await?;
    let onboarding = found.ok_or_else(Error::not_found)?;
    let lines = read_timeline(&state, &onboarding, &caller.sight).await?;
    let blueprints = read_blueprints(&state, &onboarding, &lines).await?;
    let body = HistoryBody::of(&onboarding, &blueprints, lines, &state);
    Ok(JsonAnswer(StatusCode::OK, body))
}

/// Up to the version that is shown: what happens meanwhile belongs to the next export.
async fn read_timeline(
    state: &AppState,
    onboarding: &Onboarding,
    sight: &Sight,
) -> Result<Vec<JournalLine>, Error> {
    let mut lines: Vec<JournalLine> = Vec::new();
    loop {
        let after = lines.last().map_or(0, |last| last.version);
        let page = state.store().list_journal_after(onboarding.id, sight, after, PAGE).await?;
        let is_last = page.len() < usize::from(PAGE);
        lines.extend(page.into_iter().filter(|line| line.version <= onboarding.version));
        if lines.len() > MOST_LINES {
            let detail = format!(
                "Its timeline has more than {MOST_LINES} lines, which is too long for one document. Read \
                 it by /v1/onboardings/{}/events?include=calls, in pages.",
                onboarding.id
            );
            return Err(Error::new(Kind::Conflict, detail));
        }
        if is_last || lines.last().is_some_and(|last| last.version == onboarding.version) {
            return Ok(lines);
        }
    }
}

async fn read_blueprints(
    state: &AppState,
    onboarding: &Onboarding,
    lines: &[JournalLine],
) -> Result<Vec<Published>, Error> {
    let mut versions = BTreeSet::from([onboarding.blueprint.version]);
    for line in lines {
        if let Event::UpgradeOrdered { from, to, .. } = line.event {
            versions.extend([from, to]);
        }
    }
    let mut published = Vec::new();
    for version in versions {
        let found = state.store().find_blueprint(&onboarding.blueprint.key, Some(version)).await?;
        published.extend(found);
    }
    Ok(published)
}

fn reads_contact(blueprint: &Blueprint) -> bool {
    let mut rules = blueprint.templates.iter().flat_map(|template| &template.mapping);
    rules.any(|rule| match &rule.value {
        RuleValue::From { path, .. } => CONTACT_PATHS.contains(&path.as_str()),
        RuleValue::Constant(_) | RuleValue::Ask(_) | RuleValue::Ignore => false,
    })
}

impl HistoryBody {
    fn of(
        onboarding: &Onboarding,
        blueprints: &[Published],
        lines: Vec<JournalLine>,
        state: &AppState,
    ) -> Self {
        let mut shown = OnboardingBody::show(onboarding, state);
        shown.link.url = None;
        if !blueprints.iter().any(|published| reads_contact(&published.blueprint)) {
            shown.contact = None;
        }
        let (profile, facts) = (&onboarding.profile, &onboarding.facts);
        let answers = facts.answers.iter().map(|(key, text)| (key.0.clone(), text.clone()));
        Self {
            format: FORMAT,
            exported_at: kept(state.clock().now()),
            tenant: TenantBody {
                id: onboarding.tenant.to_string(),
                name: profile.name.clone(),
                timezone: profile.timezone.clone(),
                locale: profile.locale.clone(),
                contact: shown.contact.clone(),
                account_id: profile.named_account.as_ref().map(ToString::to_string),
                data: profile.data.clone(),
                tags: profile.tags.clone(),
            },
            onboarding: shown,
            blueprints: blueprints.iter().map(PublishedBody::from).collect(),
            connections: facts.connections.iter().map(ConnectionNeedsBody::from).collect(),
            templates: facts.slots.iter().map(QuestionsBody::from).collect(),
            answers: answers.collect(),
            timeline: lines.into_iter().map(HistoryLineBody::from).collect(),
        }
    }
}

impl From<&Connection> for ConnectionNeedsBody {
    fn from(connection: &Connection) -> Self {
        Self {
            connector_id: connection.connector.to_string(),
            name: connection.name.clone(),
            auth: connection.auth.map(AuthKind::name),
            // Plain data: this cannot fail.
            inputs: serde_json::to_value(&connection.inputs).unwrap_or_default(),
            ways: serde_json::to_value(&connection.ways).unwrap_or_default(),
        }
    }
}

impl From<&Slot> for QuestionsBody {
    fn from(slot: &Slot) -> Self {
        let questions = serde_json::to_value(&slot.questions).unwrap_or_default();
        Self { template_id: slot.template.0, questions }
    }
}

impl From<JournalLine> for HistoryLineBody {
    fn from(line: JournalLine) -> Self {
        let JournalLine { version, at, actor, status, step, event, calls } = line;
        let calls = calls.into_iter().map(|call: KeptCall| CallBody::from(call)).collect();
        Self { version, at: kept(at), actor, status, step, event, calls }
    }
}
