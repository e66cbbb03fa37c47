//! The questions that no mapping rule could answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::journey::{StartNote, start_note};
use super::options::{LiveOptions, Options, listed};
use super::progress::watch;
use super::visit::{Visit, WholeVisit};
use crate::onboarding::{
    AnswerMistake, Choice as Listed, Onboarding, Question, QuestionKey, QuestionKind, Status,
    StepKind,
};
use crate::web::{self, AppState, Frame, Page, Protected};

/// More options than this are shown as a list to open.
const MOST_RADIOS: usize = 5;
/// From so many on, a list can be searched.
const LONG_LIST: usize = 12;
/// Longest text of one answer that is kept while it is not confirmed, in characters. More than any
/// answer may have, so that nothing is lost that somebody has to shorten.
const LONGEST_DRAFT: usize = 4 * Question::LONGEST_ANSWER;
/// Pressed by whoever wants to go on another time.
const LATER: &str = "later-button";

pub(super) type Given = BTreeMap<QuestionKey, String>;

/// What was sent, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Refused {
    given: Given,
    mistakes: BTreeMap<QuestionKey, AnswerMistake>,
}

#[derive(Template)]
#[template(path = "hosted/questions.html")]
pub(super) struct Questions {
    frame: Frame,
    fields: Vec<Field>,
    start_note: Option<StartNote>,
    form_token: String,
    action: String,
    draft: String,
    load_again: String,
}

/// One question as it is drawn.
#[derive(Debug)]
struct Field {
    /// Of the element that an error leads to.
    id: String,
    /// Under which the answer is sent.
    name: String,
    label: String,
    /// "optional" or "required", whichever is rarer on the page.
    note: Option<String>,
    required: bool,
    help: Option<String>,
    example: Option<String>,
    mistake: Option<String>,
    value: String,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    Line {
        kind: &'static str,
        keyboard: &'static str,
    },
    Radios(Vec<Choice>),
    /// `search`: how many there are, in words, where it is long.
    List {
        choices: Vec<Choice>,
        search: Option<String>,
    },
    /// A list that is not there yet, or could not be had. What was chosen before stays.
    Missing {
        is_loading: bool,
        note: String,
        kept: Option<Choice>,
    },
}

#[derive(Debug)]
struct Choice {
    value: String,
    label: String,
    is_chosen: bool,
}

impl Field {
    /// The ids of what describes the input.
    fn described_by(&self) -> String {
        let parts = [
            (self.mistake.is_some(), "mistake"),
            (self.help.is_some(), "help"),
            (self.example.is_some(), "example"),
        ];
        let ids = parts.iter().filter(|(is_there, _)| *is_there);
        ids.map(|(_, part)| format!("{}-{part}", self.id)).collect::<Vec<_>>().join(" ")
    }
}

/// The form with what was typed or answered before, or with what was just sent and why it will not do.
pub(super) async fn page(
    visit: &Visit,
    (state, options): (&AppState, &Arc<LiveOptions>),
    refused: Option<&Refused>,
    again: bool,
) -> Result<Page<Questions>, web::Error> {
    let questions = asked(&visit.onboarding);
    let lists = if visit.is_preview {
        // Nothing is asked of the customer's accounts for somebody who only looks.
        questions.iter().map(|question| (question.key.clone(), Options::Loading)).collect()
    } else {
        options.get(state, &visit.onboarding, &questions, again).await
    };
    let draft = match refused {
        Some(refused) => refused.given.clone(),
        // What somebody has typed and not sent is theirs.
        None if visit.is_preview => Given::default(),
        None => state.store().find_draft(visit.onboarding.id).await?,
    };
    let required = questions.iter().filter(|question| question.required).count();
    let mark_optional = questions.len() - required <= required;
    let fields = questions.iter().enumerate().map(|(place, question)| {
        let note = match (mark_optional, question.required) {
            (true, false) => Some("optional"),
            (false, true) => Some("required"),
            (true, true) | (false, false) => None,
        };
        let value = match refused {
            Some(_) => draft.get(&question.key).cloned().unwrap_or_default(),
            None => current(visit, question, &draft),
        };
        let mistake = refused.and_then(|refused| refused.mistakes.get(&question.key));
        Field {
            id: format!("answer-{}", place + 1),
            name: question.key.0.clone(),
            label: question.label.clone(),
            note: note.map(|note| visit.say(note)),
            required: question.required,
            help: question.help.clone(),
            example: question
                .example
                .as_ref()
                .map(|example| visit.words.fill("question-example", "example", example)),
            mistake: mistake.map(|mistake| in_words(visit, *mistake)),
            shape: shape_of(visit, question, &value, lists.get(&question.key)),
            value,
        }
    });
    let address = visit.address();
    let frame = visit.frame(visit.say("questions"));
    let refresh = (refused.is_none()).then(|| watch(visit, 0));
    Ok(Page(Questions {
        fields: fields.collect(),
        // The form has a button for that, which takes along what was typed.
        frame: Frame { has_mistakes: refused.is_some(), refresh, leave: None, ..frame },
        start_note: start_note(visit),
        form_token: visit.form_token.clone(),
        action: format!("{address}/answers"),
        draft: format!("{address}/draft"),
        load_again: format!("{address}?again=yes"),
    }))
}

fn in_words(visit: &Visit, mistake: AnswerMistake) -> String {
    let most = Question::LONGEST_ANSWER.to_string();
    visit.words.fill(mistake.message(), "most", &most)
}

/// Each question once, though several templates may ask it.
pub(super) fn asked(onboarding: &Onboarding) -> Vec<&Question> {
    let mut asked: Vec<&Question> = Vec::new();
    for question in onboarding.facts.questions() {
        if !asked.iter().any(|known| known.key == question.key) {
            asked.push(question);
        }
    }
    asked
}

/// What stands in the field: what was typed, else what was answered, else what is suggested.
pub(super) fn current(visit: &Visit, question: &Question, draft: &Given) -> String {
    let answers = &visit.onboarding.facts.answers;
    if let Some(typed) = draft.get(&question.key) {
        return typed.clone();
    }
    let known = answers.get(&question.key).or(question.default.as_ref()).cloned();
    let known = known.unwrap_or_default();
    match question.kind {
        QuestionKind::Number => visit.words.language().write_number(&known),
        QuestionKind::Text
        | QuestionKind::Boolean
        | QuestionKind::Email
        | QuestionKind::Url
        | QuestionKind::Date
        | QuestionKind::DateTime
        | QuestionKind::OneOf => known,
    }
}

fn shape_of(visit: &Visit, question: &Question, value: &str, list: Option<&Options>) -> Shape {
    let line = |kind, keyboard| Shape::Line { kind, keyboard };
    let choice = |given: &str, label: &str| Choice {
        value: given.to_owned(),
        label: label.to_owned(),
        is_chosen: given == value,
    };
    // What was chosen by mistake must be possible to take back, without a script.
    let none = (!question.required).then(|| choice("", &visit.say("question-none")));
    match question.kind {
        QuestionKind::Text => line("text", "text"),
        QuestionKind::Number => line("text", "decimal"),
        QuestionKind::Email => line("email", "email"),
        QuestionKind::Url => line("url", "url"),
        QuestionKind::Date => line("date", "text"),
        QuestionKind::DateTime => line("datetime-local", "text"),
        QuestionKind::Boolean => {
            let choices = [choice("true", &visit.say("yes")), choice("false", &visit.say("no"))];
            Shape::Radios(choices.into_iter().chain(none).collect())
        }
        QuestionKind::OneOf if question.lookup.is_some() => {
            live_shape(visit, question, value, list)
        }
        QuestionKind::OneOf => {
            let choices = question.options.iter().map(|option| choice(option, option));
            if question.options.len() <= MOST_RADIOS {
                Shape::Radios(choices.chain(none).collect())
            } else {
                list_of(visit, question, choices.collect())
            }
        }
    }
}

fn list_of(visit: &Visit, question: &Question, choices: Vec<Choice>) -> Shape {
    let first = if question.required { "question-choose" } else { "question-none" };
    let is_chosen = !choices.iter().any(|choice| choice.is_chosen);
    let first = Choice { value: String::new(), label: visit.say(first), is_chosen };
    let search =
        (choices.len() >= LONG_LIST).then(|| visit.words.count("question-found", choices.len()));
    Shape::List { choices: std::iter::once(first).chain(choices).collect(), search }
}

/// A list of the connected account. A choice that it has no more is not shown as if it had.
fn live_shape(visit: &Visit, question: &Question, value: &str, list: Option<&Options>) -> Shape {
    match list {
        Some(Options::There(choices)) if !choices.is_empty() => {
            let choices = choices.iter().map(|Listed { value: given, label }| Choice {
                value: given.clone(),
                label: label.clone(),
                is_chosen: given == value,
            });
            list_of(visit, question, choices.collect())
        }
        Some(Options::There(_)) => {
            Shape::Missing { is_loading: false, note: visit.say("options-empty"), kept: None }
        }
        Some(Options::Loading | Options::Failed) | None => {
            let is_loading = matches!(list, Some(Options::Loading));
            let kept = (!value.is_empty()).then(|| Choice {
                value: value.to_owned(),
                label: label_of(visit, question, value),
                is_chosen: true,
            });
            let note = if is_loading { "options-loading" } else { "options-failed" };
            Shape::Missing { is_loading, note: visit.say(note), kept }
        }
    }
}

/// How people know a value that was chosen once.
pub(super) fn label_of(visit: &Visit, question: &Question, value: &str) -> String {
    let facts = &visit.onboarding.facts;
    let known = facts.answers.get(&question.key).is_some_and(|known| known == value);
    let label = known.then(|| facts.labels.get(&question.key)).flatten();
    label.cloned().unwrap_or_else(|| value.to_owned())
}

pub(super) fn is_asked(onboarding: &Onboarding) -> bool {
    matches!(onboarding.status, Status::Waiting { .. }) && onboarding.step() == StepKind::Map
}

/// What was sent of what is asked, within bounds.
fn sort_out(visit: &Visit, sent: BTreeMap<String, String>) -> Given {
    let asked = asked(&visit.onboarding);
    let sent = sent.into_iter().map(|(key, text)| (QuestionKey(key), text));
    let known = sent.filter(|(key, _)| asked.iter().any(|question| question.key == *key));
    known.map(|(key, text)| (key, text.chars().take(LONGEST_DRAFT).collect())).collect()
}

/// Numbers as everybody writes them; everything else as it is.
pub(super) fn as_answers(visit: &Visit, given: &Given) -> Given {
    let numbers: Vec<_> = asked(&visit.onboarding)
        .into_iter()
        .filter(|question| question.kind == QuestionKind::Number)
        .map(|question| &question.key)
        .collect();
    let language = visit.words.language();
    let read = |(key, text): (&QuestionKey, &String)| {
        let text = if numbers.contains(&key) { language.read_number(text) } else { text.clone() };
        (key.clone(), text)
    };
    given.iter().map(read).collect()
}

/// Keeps what was sent; leads on to the review if all of it will do.
pub(super) async fn submit(
    WholeVisit(visit): WholeVisit,
    State(state): State<AppState>,
    State(options): State<Arc<LiveOptions>>,
    Protected(mut sent): Protected<BTreeMap<String, String>>,
) -> Result<Response, web::Error> {
    if !is_asked(&visit.onboarding) {
        // Answered in another window meanwhile: the page shows what is so.
        return Ok(visit.see_next());
    }
    let later = sent.remove(LATER).is_some();
    let given = sort_out(&visit, sent);
    state.engine.save_draft(visit.onboarding.id, &given).await?;
    if later {
        return Ok(Redirect::to(&format!("{}/leave", visit.address())).into_response());
    }
    let lists = lists(&visit, &state, &options, &given).await;
    match visit.onboarding.check_answers(&as_answers(&visit, &given), &listed(&lists)) {
        Ok(_) => Ok(Redirect::to(&format!("{}/review", visit.address())).into_response()),
        Err(mistakes) => {
            let refused = Refused { given, mistakes };
            let page = page(&visit, (&state, &options), Some(&refused), false).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// The lists that these answers are held against.
pub(super) async fn lists(
    visit: &Visit,
    state: &AppState,
    options: &Arc<LiveOptions>,
    given: &Given,
) -> HashMap<QuestionKey, Options> {
    let questions = asked(&visit.onboarding);
    let chosen: Vec<_> = questions
        .into_iter()
        .filter(|question| given.get(&question.key).is_some_and(|text| !text.trim().is_empty()))
        .collect();
    options.get(state, &visit.onboarding, &chosen, false).await
}

/// Keeps what somebody has typed so far; a script sends it while they type.
pub(super) async fn save_draft(
    WholeVisit(visit): WholeVisit,
    State(state): State<AppState>,
    Protected(sent): Protected<BTreeMap<String, String>>,
) -> Result<StatusCode, web::Error> {
    if is_asked(&visit.onboarding) {
        let given = sort_out(&visit, sent);
        state.engine.save_draft(visit.onboarding.id, &given).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
