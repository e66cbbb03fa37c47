//! All answers on one page, before anything runs.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{NaiveDate, NaiveDateTime};
use serde::Deserialize;

use super::journey::{AccountLine, account_lines};
use super::options::{LiveOptions, listed};
use super::progress::watch;
use super::questions::{Given, as_answers, asked, current, is_asked, label_of, lists};
use super::visit::{Visit, WholeVisit};
use crate::onboarding::{CheckedAnswers, Command, Question, QuestionKind};
use crate::secret::digest;
use crate::web::{self, AppState, Frame, Page, Protected};

#[derive(Template)]
#[template(path = "hosted/review.html")]
struct Review {
    frame: Frame,
    lines: Vec<Line>,
    accounts: Vec<AccountLine>,
    form_token: String,
    action: String,
    /// Names what is shown here: what was changed since is not confirmed with it.
    shown: String,
}

#[derive(Debug)]
struct Line {
    label: String,
    answer: String,
    change: String,
    change_what: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Confirmed {
    shown: String,
}

/// What would be answered, if all of it will do.
struct Answers {
    checked: CheckedAnswers,
    shown: String,
}

pub(super) async fn show(
    WholeVisit(visit): WholeVisit,
    State(state): State<AppState>,
    State(options): State<Arc<LiveOptions>>,
) -> Result<Response, web::Error> {
    let Some(answers) = gather(&visit, &state, &options).await? else {
        return Ok(visit.see_next());
    };
    Ok(Page(page(&visit, &answers)).into_response())
}

pub(super) async fn confirm(
    WholeVisit(visit): WholeVisit,
    State(state): State<AppState>,
    State(options): State<Arc<LiveOptions>>,
    Protected(Confirmed { shown }): Protected<Confirmed>,
) -> Result<Response, web::Error> {
    let Some(answers) = gather(&visit, &state, &options).await? else {
        return Ok(visit.see_next());
    };
    if answers.shown != shown {
        return Ok(Page(page(&visit, &answers)).into_response());
    }
    visit.order(&state, Command::Answer(answers.checked)).await?;
    // Also where it was answered in another window meanwhile.
    state.engine.drop_draft(visit.onboarding.id).await?;
    Ok(visit.see_next())
}

/// `None` where nothing is asked, or where something has to be put right first.
async fn gather(
    visit: &Visit,
    state: &AppState,
    options: &Arc<LiveOptions>,
) -> Result<Option<Answers>, web::Error> {
    if !is_asked(&visit.onboarding) {
        return Ok(None);
    }
    let draft = state.store().find_draft(visit.onboarding.id).await?;
    let questions = asked(&visit.onboarding).into_iter();
    let given: Given = questions
        .map(|question| (question.key.clone(), current(visit, question, &draft)))
        .collect();
    let lists = lists(visit, state, options, &given).await;
    let given = as_answers(visit, &given);
    let checked = visit.onboarding.check_answers(&given, &listed(&lists));
    let shown = serde_json::to_string(&given).unwrap_or_default();
    let shown = URL_SAFE_NO_PAD.encode(&digest(&shown)[..12]);
    Ok(checked.ok().map(|checked| Answers { checked, shown }))
}

fn page(visit: &Visit, answers: &Answers) -> Review {
    let address = visit.address();
    let questions = asked(&visit.onboarding).into_iter().enumerate();
    let lines = questions.map(|(place, question)| {
        let answer = answers.checked.answers.get(&question.key).and_then(Option::as_deref);
        Line {
            label: question.label.clone(),
            answer: answer.map_or_else(
                || visit.say("review-none"),
                |answer| in_words(visit, question, answer, &answers.checked),
            ),
            change: format!("{address}#answer-{}", place + 1),
            change_what: visit.words.fill("review-change-what", "label", &question.label),
        }
    });
    let frame = visit.frame(visit.say("review"));
    Review {
        frame: Frame { refresh: Some(watch(visit, 0)), ..frame },
        lines: lines.collect(),
        accounts: account_lines(visit),
        form_token: visit.form_token.clone(),
        action: format!("{address}/review"),
        shown: answers.shown.clone(),
    }
}

/// An answer as its people write it.
fn in_words(visit: &Visit, question: &Question, answer: &str, checked: &CheckedAnswers) -> String {
    let words = visit.words;
    match question.kind {
        QuestionKind::Boolean => words.say(if answer == "true" { "yes" } else { "no" }),
        QuestionKind::Number => words.language().write_number(answer),
        QuestionKind::Date => NaiveDate::parse_from_str(answer, "%Y-%m-%d")
            .map_or_else(|_| answer.to_owned(), |day| words.day(day)),
        QuestionKind::DateTime => NaiveDateTime::parse_from_str(answer, "%Y-%m-%dT%H:%M:%S")
            .map_or_else(
                |_| answer.to_owned(),
                |at| format!("{}, {}", words.day(at.date()), at.format("%H:%M")),
            ),
        QuestionKind::OneOf => {
            let label = checked.labels.get(&question.key).cloned();
            label.unwrap_or_else(|| label_of(visit, question, answer))
        }
        QuestionKind::Text | QuestionKind::Email | QuestionKind::Url => answer.to_owned(),
    }
}
