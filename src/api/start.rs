//! Starting an onboarding: checked whole, kept once, answered the same way each time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;
use utoipa::ToSchema;

use super::caller::{Caller, Write};
use super::repeatable::{Repeatable, find_earlier, send, spell, with_link};
use super::shapes::{ContactBody, OnboardingBody};
use crate::engine::StartRequest;
use crate::ids::{AccountId, BlueprintKey, TenantId};
use crate::onboarding::{Contact, Onboarding, Profile, ReturnUrls};
use crate::store::Published;
use crate::web::fields::{
    Mistakes, is_email, is_line, is_locale, is_tag, is_timezone, is_within_bounds, parse_address,
};
use crate::web::narrow::TAG_RULE;
use crate::web::parameters::Parameters;
use crate::web::{AppState, Error, FieldMistake};

const ADDRESS_RULE: &str = "a whole web address, letter by letter as the blueprint lists it";
/// Most tags of one onboarding.
const MOST_TAGS: usize = 20;
/// Most seconds for which an answer is held back.
const LONGEST_WAIT: u64 = 25;

/// What it takes to bring a tenant aboard.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOnboarding {
    /// Your own name for your customer: 1 to 128 characters.
    tenant_id: String,
    /// The key of a published blueprint.
    blueprint: String,
    /// The newest one if left out.
    #[schema(minimum = 1)]
    blueprint_version: Option<i32>,
    /// The customer's name as its people know it.
    name: String,
    /// An IANA name, like `Europe/London`.
    timezone: Option<String>,
    /// A language tag, like `en` or `de-AT`.
    locale: Option<String>,
    contact: Option<ContactBody>,
    /// A Cyclr account that exists already. Left out, one is made.
    account_id: Option<String>,
    /// Free data for the blueprint's mapping rules: at most 50 names and 16 KiB.
    #[schema(value_type = Option<Object>)]
    data: Option<Map<String, Value>>,
    return_urls: Option<ReturnUrlsBody>,
    /// Words by which you find onboardings together: at most 20, each 1 to 50 of lower-case letters,
    /// digits, `_`, `:` and `-`.
    #[serde(default)]
    tags: Vec<String>,
    /// Your own notes, shown as they came: at most 50 names and 16 KiB.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
}

/// Where the customer's people go afterwards. Each must stand in the blueprint's list.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReturnUrls)]
pub(super) struct ReturnUrlsBody {
    success: Option<String>,
    failure: Option<String>,
    incomplete: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StartQuery {
    /// Seconds to hold the answer until a person or a problem is next, or all is done.
    #[serde(default)]
    #[param(minimum = 0, maximum = 25)]
    wait: u64,
}

/// Start an onboarding, or find the one that is meant.
///
/// The onboarding is durable when the answer comes, and work on it has begun. If the tenant has an
/// open onboarding of the blueprint already, that one is the answer, with status 200; a live one is
/// open in this sense. With `wait` the onboarding is shown as it stands after waiting, while the answer
/// that is remembered under an `Idempotency-Key` stays the one from the start.
#[utoipa::path(post, path = "/v1/onboardings", operation_id = "start_onboarding", tag = "onboardings",
    params(StartQuery), request_body = NewOnboarding,
    responses(
        (status = CREATED, body = OnboardingBody, headers(("Location" = String))),
        (status = OK, description = "It was open already.", body = OnboardingBody)))]
pub(super) async fn start(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Parameters(query): Parameters<StartQuery>,
    asked: Repeatable<NewOnboarding>,
) -> Result<Response, Error> {
    let patience = check_wait(query.wait)?;
    let key = asked.idempotency(&caller);
    let shown_by = state.clone();
    let render =
        Arc::new(move |onboarding: &Onboarding, fresh| render(&shown_by, onboarding, fresh));
    let answer = match prepare(&state, &caller, asked).await {
        Ok(request) => state.engine.start(request, render).await?,
        Err(refusal) => find_earlier(&state, key.as_ref(), refusal).await?,
    };
    let body = match patience.zip(answer.shows) {
        None => with_link(&state, &answer),
        Some((patience, shown)) => {
            let onboarding = state.engine.settled(shown.onboarding, patience).await?;
            spell(StatusCode::OK, &OnboardingBody::show(&onboarding, &state)).1
        }
    };
    send(&answer, body, Some("/v1/onboardings"))
}

fn check_wait(seconds: u64) -> Result<Option<Duration>, Error> {
    let mut mistakes = Mistakes::default();
    mistakes.require("wait", seconds <= LONGEST_WAIT, "0 to 25");
    mistakes.or_value(Some((seconds > 0).then(|| Duration::from_secs(seconds))))
}

fn render(state: &AppState, onboarding: &Onboarding, fresh: bool) -> (u16, String) {
    let status = if fresh { StatusCode::CREATED } else { StatusCode::OK };
    spell(status, &OnboardingBody::to_keep(onboarding, state))
}

/// From what was sent to what the engine takes.
async fn prepare(
    state: &AppState,
    caller: &Caller<Write>,
    asked: Repeatable<NewOnboarding>,
) -> Result<StartRequest, Error> {
    let idempotency = asked.idempotency(caller);
    let (tenant, key, version, profile) = parse(asked.body)?;
    let published = if caller.sight.covers(&key) {
        state.store().find_blueprint(&key, version).await?
    } else {
        None
    };
    let Published { id, blueprint, .. } = published.ok_or_else(|| unknown_blueprint(version))?;
    let mut mistakes = Mistakes::default();
    for (name, url) in profile.return_urls.iter() {
        let listed = blueprint.allows_return_to(url);
        mistakes.require(&format!("/return_urls/{name}"), listed, "listed in the blueprint");
    }
    mistakes.or_value(Some(StartRequest {
        tenant,
        profile,
        blueprint_id: id,
        blueprint,
        idempotency,
        actor: caller.actor.clone(),
    }))
}

fn unknown_blueprint(version: Option<i32>) -> Error {
    let reason = match version {
        None => "names no published blueprint".to_owned(),
        Some(version) => format!("names no blueprint that was published in version {version}"),
    };
    Error::invalid(vec![FieldMistake { pointer: "/blueprint".to_owned(), reason }])
}

type Parsed = (TenantId, BlueprintKey, Option<i32>, Profile);

fn parse(body: NewOnboarding) -> Result<Parsed, Error> {
    let mut mistakes = Mistakes::default();
    let tenant = mistakes.parsed("/tenant_id", TenantId::parse(body.tenant_id));
    let key = mistakes.parsed("/blueprint", BlueprintKey::parse(body.blueprint));
    let version = body.blueprint_version;
    mistakes.require("/blueprint_version", version.is_none_or(|v| v >= 1), "1 or more");
    let account = body.account_id.map(AccountId::parse);
    let named_account = account.and_then(|account| mistakes.parsed("/account_id", account));
    mistakes.require("/name", is_line(&body.name), "1 to 200 characters on one line");
    let timezone = body.timezone.as_deref();
    let rule = "the IANA name of a time zone, like Europe/London";
    mistakes.require("/timezone", timezone.is_none_or(is_timezone), rule);
    let locale = body.locale.as_deref();
    mistakes.require("/locale", locale.is_none_or(is_locale), "a language tag, like en or de-AT");
    let data = bounded("/data", body.data, &mut mistakes);
    let metadata = bounded("/metadata", body.metadata, &mut mistakes);
    let profile = Profile {
        contact: body.contact.map(|contact| parse_contact(contact, &mut mistakes)),
        return_urls: parse_return_urls(&body.return_urls.unwrap_or_default(), &mut mistakes),
        name: body.name,
        timezone: body.timezone,
        locale: body.locale,
        named_account,
        data,
        tags: parse_tags(body.tags, &mut mistakes),
        metadata,
        pages_url: None,
        retention_days: None,
        erased: None,
    };
    let parsed = tenant.zip(key).map(|(tenant, key)| (tenant, key, version, profile));
    mistakes.or_value(parsed)
}

/// Each once, in the order of the alphabet.
fn parse_tags(tags: Vec<String>, mistakes: &mut Mistakes) -> Vec<String> {
    mistakes.require("/tags", tags.len() <= MOST_TAGS, "at most 20");
    for (n, tag) in tags.iter().take(MOST_TAGS).enumerate() {
        mistakes.require(&format!("/tags/{n}"), is_tag(tag), TAG_RULE);
    }
    let tags: BTreeSet<_> = tags.into_iter().collect();
    tags.into_iter().collect()
}

fn bounded(
    pointer: &str,
    map: Option<Map<String, Value>>,
    mistakes: &mut Mistakes,
) -> Map<String, Value> {
    let map = map.unwrap_or_default();
    mistakes.require(pointer, is_within_bounds(&map), "at most 50 names and 16 KiB");
    map
}

fn parse_contact(contact: ContactBody, mistakes: &mut Mistakes) -> Contact {
    let (name, email) = (contact.name.as_deref(), contact.email.as_deref());
    let rule = "1 to 200 characters on one line";
    mistakes.require("/contact/name", name.is_none_or(is_line), rule);
    mistakes.require("/contact/email", email.is_none_or(is_email), "an e-mail address");
    Contact { name: contact.name, email: contact.email }
}

fn parse_return_urls(urls: &ReturnUrlsBody, mistakes: &mut Mistakes) -> ReturnUrls {
    let mut parse = |name: &str, text: &Option<String>| -> Option<Url> {
        let url = parse_address(text.as_deref()?);
        mistakes.require(&format!("/return_urls/{name}"), url.is_some(), ADDRESS_RULE);
        url
    };
    ReturnUrls {
        success: parse("success", &urls.success),
        failure: parse("failure", &urls.failure),
        incomplete: parse("incomplete", &urls.incomplete),
    }
}
