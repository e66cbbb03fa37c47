//! What may be ordered of an onboarding.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::TimeDelta;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::{Caller, Write};
use super::fields::Mistakes;
use super::onboardings::parse_id;
use super::repeatable::{BodyOptional, Nothing, Repeatable, find_earlier, send, spell, with_link};
use super::shapes::OnboardingBody;
use crate::engine;
use crate::ids::{CycleId, OnboardingId};
use crate::onboarding::{Command, InvalidTransition, Onboarding, QuestionKey};
use crate::store::Sight;
use crate::web::{AboutOnboarding, AppState, Error, Kind};

/// What is to happen to the link.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkOrder {
    #[serde(default)]
    action: LinkAction,
    /// How long from now on it is good: 1 to 2,160 hours (90 days). For `rotate`, which takes the
    /// usual time otherwise, and for `extend`, which needs it.
    #[schema(minimum = 1, maximum = 2160)]
    expires_in_hours: Option<u32>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LinkAction {
    /// A new address; every earlier one and every visit that began with it ends.
    #[default]
    Rotate,
    /// Every address and every visit ends at once, and there is no other one until it is rotated.
    Revoke,
    /// The address stays and is good for longer.
    Extend,
}

/// Something to remember.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoteOrder {
    /// 1 to 2,000 characters, for the timeline.
    text: String,
}

/// What the tenant's people would have entered on the page.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerOrder {
    /// By the keys of the questions, as in `requirements`. All that are required, none that is not
    /// asked.
    answers: BTreeMap<String, String>,
}

/// Longest life of a link, in hours.
const LONGEST_LINK: u32 = 90 * 24;

/// Why an onboarding is given up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelOrder {
    /// 1 to 500 characters, for the timeline.
    reason: String,
}

/// Which of the candidates is the onboarding's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdoptOrder {
    /// One of `problem.candidates`.
    cycle_id: Uuid,
    /// 1 to 500 characters, for the timeline: how you know.
    reason: String,
}

/// Give the onboarding another link, end it, or let it be good for longer.
///
/// Without a body there will be another link, which lives as long as the first one did. What is over is
/// not extended.
#[utoipa::path(post, path = "/v1/onboardings/{id}/link", operation_id = "change_link", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = Option<LinkOrder>,
    responses((status = OK, body = OnboardingBody)))]
pub(super) async fn change_link(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    BodyOptional(asked): BodyOptional<LinkOrder>,
) -> Result<Response, Error> {
    let command = link_command(&asked.body, &state)?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

/// Try again now.
///
/// For an onboarding that is stuck or retrying; refused for any other.
#[utoipa::path(post, path = "/v1/onboardings/{id}/retry", operation_id = "retry_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), responses((status = OK, body = OnboardingBody)))]
pub(super) async fn retry(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    BodyOptional(asked): BodyOptional<Nothing>,
) -> Result<Response, Error> {
    order_and_show(&state, &id, Command::Retry, &caller, &asked).await
}

/// Give an onboarding up.
///
/// What was made at Cyclr stays there. Refused once it is live.
#[utoipa::path(post, path = "/v1/onboardings/{id}/cancel", operation_id = "cancel_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = CancelOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(super) async fn cancel(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<CancelOrder>,
) -> Result<Response, Error> {
    let command = Command::Cancel { reason: check_reason(&asked.body.reason)? };
    order_and_show(&state, &id, command, &caller, &asked).await
}

/// Say which cycle is the onboarding's.
///
/// For one that is stuck with `ambiguous_install`. The other candidates are left as they are at
/// Cyclr; delete those that nobody needs there.
#[utoipa::path(post, path = "/v1/onboardings/{id}/adopt", operation_id = "adopt_cycle", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = AdoptOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(super) async fn adopt(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<AdoptOrder>,
) -> Result<Response, Error> {
    let reason = check_reason(&asked.body.reason)?;
    let command = Command::ChooseCandidate { cycle: CycleId(asked.body.cycle_id), reason };
    order_and_show(&state, &id, command, &caller, &asked).await
}

/// Write something down about an onboarding.
///
/// It stands in the timeline and changes nothing. Taken in every state.
#[utoipa::path(post, path = "/v1/onboardings/{id}/note", operation_id = "note_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = NoteOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(super) async fn note(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<NoteOrder>,
) -> Result<Response, Error> {
    let text = check_text("/text", &asked.body.text, 2000)?;
    order_and_show(&state, &id, Command::Note { text }, &caller, &asked).await
}

/// Answer the questions that are open.
///
/// As the tenant's people would on the page, with the same checks; refused while nothing is asked.
#[utoipa::path(post, path = "/v1/onboardings/{id}/answer", operation_id = "answer_questions", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = AnswerOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(super) async fn answer(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<AnswerOrder>,
) -> Result<Response, Error> {
    let key = asked.idempotency(&caller);
    let found = state.store().find_in_sight(parse_id(&id)?, &caller.sight).await?;
    let onboarding = found.ok_or_else(Error::not_found)?;
    let command = match check_answers(&onboarding, &asked.body.answers) {
        Ok(answers) => Command::Answer(answers),
        // What was taken once may be asked no longer, because it was.
        Err(refusal) => {
            let answer = find_earlier(&state, key.as_ref(), refusal).await?;
            return send(&answer, with_link(&state, &answer), None);
        }
    };
    order_and_show(&state, &id, command, &caller, &asked).await
}

type Answers = BTreeMap<QuestionKey, Option<String>>;

fn check_answers(
    onboarding: &Onboarding,
    given: &BTreeMap<String, String>,
) -> Result<Answers, Error> {
    let mut mistakes = Mistakes::default();
    let asked: BTreeSet<_> = onboarding
        .facts
        .slots
        .iter()
        .flat_map(|slot| &slot.questions)
        .map(|question| question.key.0.as_str())
        .collect();
    let pointer = |key: &str| format!("/answers/{}", key.replace('~', "~0").replace('/', "~1"));
    if asked.is_empty() {
        // Whether something may be answered at all is for the state to say.
        return Ok(Answers::new());
    }
    for key in given.keys().filter(|key| !asked.contains(key.as_str())) {
        mistakes.add(pointer(key), "is not asked");
    }
    let given = given.iter().map(|(key, text)| (QuestionKey(key.clone()), text.clone())).collect();
    match onboarding.check_answers(&given) {
        Ok(answers) => mistakes.or_value(Some(answers)),
        Err(wrong) => {
            for (key, mistake) in wrong {
                mistakes.add(pointer(&key.0), mistake.to_string());
            }
            mistakes.or_value(None)
        }
    }
}

fn link_command(order: &LinkOrder, state: &AppState) -> Result<Command, Error> {
    let hours = order.expires_in_hours;
    let mut mistakes = Mistakes::default();
    let fits = hours.is_none_or(|hours| (1..=LONGEST_LINK).contains(&hours));
    mistakes.require("/expires_in_hours", fits, "1 to 2160");
    let (needed, taken) = match order.action {
        LinkAction::Rotate => (false, true),
        LinkAction::Revoke => (false, false),
        LinkAction::Extend => (true, true),
    };
    mistakes.require("/expires_in_hours", !needed || hours.is_some(), "given, to extend a link");
    mistakes.require("/expires_in_hours", taken || hours.is_none(), "left out, to revoke a link");
    let life =
        hours.map_or_else(|| state.engine.link_life(), |hours| TimeDelta::hours(hours.into()));
    let expires_at = state.clock().now() + life;
    mistakes.or_value(Some(match order.action {
        LinkAction::Rotate => Command::RotateLink { expires_at },
        LinkAction::Revoke => Command::RevokeLink,
        LinkAction::Extend => Command::ExtendLink { expires_at },
    }))
}

fn check_reason(reason: &str) -> Result<String, Error> {
    check_text("/reason", reason, 500)
}

fn check_text(pointer: &str, text: &str, most: usize) -> Result<String, Error> {
    let mut mistakes = Mistakes::default();
    let fits = !text.trim().is_empty()
        && text.chars().count() <= most
        && !text.chars().any(|c| c.is_control() && c != '\n');
    mistakes.require(pointer, fits, &format!("1 to {most} characters"));
    mistakes.or_value(Some(text.to_owned()))
}

async fn order_and_show<T>(
    state: &AppState,
    id: &str,
    command: Command,
    caller: &Caller<Write>,
    asked: &Repeatable<T>,
) -> Result<Response, Error> {
    let id = (parse_id(id)?, &caller.sight);
    let key = asked.idempotency(caller);
    let render = |onboarding: &Onboarding| {
        spell(StatusCode::OK, &OnboardingBody::to_keep(onboarding, state))
    };
    let order = state.engine.order_once(id, command, &caller.actor, key.as_ref(), &render);
    match order.await {
        Ok(answer) => send(&answer, with_link(state, &answer), None),
        Err(engine::Error::Invalid(why)) => Err(refused(state, id, &why).await?),
        Err(error) => Err(error.into()),
    }
}

/// Whoever ordered what the state does not allow sees which state that is.
async fn refused(
    state: &AppState,
    (id, sight): (OnboardingId, &Sight),
    why: &InvalidTransition,
) -> Result<Error, Error> {
    let found = state.store().find_in_sight(id, sight).await?;
    let about = found.map(|onboarding| {
        Arc::new(AboutOnboarding {
            reference: onboarding.reference.to_string(),
            shown: serde_json::to_value(OnboardingBody::show(&onboarding, state))
                .unwrap_or_default(),
        })
    });
    Ok(Error { about, ..Error::new(Kind::Conflict, why.reason) })
}
