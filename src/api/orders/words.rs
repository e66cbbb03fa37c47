//! What is said about an onboarding: notes, and answers in the customer's place.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{check_text, order_and_show};
use crate::api::caller::{Caller, Write};
use crate::api::onboardings::parse_id;
use crate::api::repeatable::{Repeatable, find_earlier, send, with_link};
use crate::api::shapes::OnboardingBody;
use crate::onboarding::{CheckedAnswers, Command, Listed, Onboarding, QuestionKey};
use crate::web::fields::{LONGEST_NOTE, Mistakes};
use crate::web::{AppState, Error};

/// Something to remember.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NoteOrder {
    /// 1 to 2,000 characters, for the timeline.
    text: String,
}

/// What the tenant's people would have entered on the page.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct AnswerOrder {
    /// By the keys of the questions, as in `requirements`. All that are required, none that is not
    /// asked.
    answers: BTreeMap<String, String>,
}

/// Write something down about an onboarding.
///
/// It stands in the timeline and changes nothing. Taken in every state.
#[utoipa::path(post, path = "/v1/onboardings/{id}/note", operation_id = "note_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = NoteOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn note(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<NoteOrder>,
) -> Result<Response, Error> {
    let command = asked.body.command()?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

impl NoteOrder {
    pub(in crate::api) fn command(&self) -> Result<Command, Error> {
        Ok(Command::Note { text: check_text("/text", &self.text, LONGEST_NOTE)? })
    }
}

/// Answer the questions that are open.
///
/// As the tenant's people would on the page, with the same checks. Also once they have answered and
/// until it is live, to put an answer right; what it changes is mapped again. Refused while nothing has
/// been asked.
#[utoipa::path(post, path = "/v1/onboardings/{id}/answer", operation_id = "answer_questions", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = AnswerOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn answer(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<AnswerOrder>,
) -> Result<Response, Error> {
    let key = asked.idempotency(&caller);
    let found = state.store().find_in_sight(parse_id(&id)?, &caller.sight).await?;
    let onboarding = found.ok_or_else(Error::not_found)?;
    let answers = asked.body.answers.iter();
    let given = answers.map(|(key, text)| (QuestionKey(key.clone()), text.clone())).collect();
    let listed = state.engine.look_up_changed(&onboarding, &given).await?;
    let command = match check_answers(&onboarding, &given, &listed) {
        Ok(answers) => Command::Correct(answers),
        // What was taken once may be asked no longer, because it was.
        Err(refusal) => {
            let answer = find_earlier(&state, key.as_ref(), refusal).await?;
            return send(&answer, with_link(&state, &answer), None);
        }
    };
    order_and_show(&state, &id, command, &caller, &asked).await
}

fn check_answers(
    onboarding: &Onboarding,
    given: &BTreeMap<QuestionKey, String>,
    listed: &Listed,
) -> Result<CheckedAnswers, Error> {
    let mut mistakes = Mistakes::default();
    let questions = onboarding.facts.questions();
    let asked: BTreeSet<_> = questions.map(|question| question.key.0.as_str()).collect();
    let pointer = |key: &str| format!("/answers/{}", key.replace('~', "~0").replace('/', "~1"));
    if asked.is_empty() {
        // Whether something may be answered at all is for the state to say.
        return Ok(CheckedAnswers::default());
    }
    for key in given.keys().filter(|key| !asked.contains(key.0.as_str())) {
        mistakes.add(pointer(&key.0), "is not asked");
    }
    match onboarding.check_answers(given, listed) {
        Ok(answers) => mistakes.or_value(Some(answers)),
        Err(wrong) => {
            for (key, mistake) in wrong {
                mistakes.add(pointer(&key.0), mistake.to_string());
            }
            mistakes.or_value(None)
        }
    }
}
