//! The questions that no mapping rule could answer.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::journey::{StartNote, start_note};
use super::progress::see_next;
use super::visit::Visit;
use crate::engine;
use crate::onboarding::{AnswerMistake, Command, Onboarding, Question, QuestionKey, QuestionKind};
use crate::web::{self, AppState, Frame, Page, Protected};

/// More options than this are shown as a list to open.
const MOST_RADIOS: usize = 5;

/// What was sent, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Refused {
    given: BTreeMap<QuestionKey, String>,
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
    note: Option<&'static str>,
    required: bool,
    help: Option<String>,
    example: Option<String>,
    mistake: Option<String>,
    value: String,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    Line { kind: &'static str, keyboard: &'static str },
    Radios(Vec<Choice>),
    List(Vec<Choice>),
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

/// The form with what was answered before, or with what was just sent and why it will not do.
pub(super) fn page(visit: &Visit, refused: Option<&Refused>) -> Page<Questions> {
    let questions = asked(&visit.onboarding);
    let required = questions.iter().filter(|question| question.required).count();
    let mark_optional = questions.len() - required <= required;
    let fields = questions.iter().enumerate().map(|(place, question)| {
        let note = match (mark_optional, question.required) {
            (true, false) => Some("optional"),
            (false, true) => Some("required"),
            (true, true) | (false, false) => None,
        };
        let value = value_of(question, &visit.onboarding, refused);
        let mistake = refused.and_then(|refused| refused.mistakes.get(&question.key));
        Field {
            id: format!("answer-{}", place + 1),
            name: question.key.0.clone(),
            label: question.label.clone(),
            note,
            required: question.required,
            help: question.help.clone(),
            example: question.example.clone(),
            mistake: mistake.map(ToString::to_string),
            shape: shape_of(question, &value),
            value,
        }
    });
    Page(Questions {
        fields: fields.collect(),
        frame: Frame { has_mistakes: refused.is_some(), ..visit.frame("Answer a few questions") },
        start_note: start_note(&visit.onboarding, &visit.blueprint),
        form_token: visit.form_token.clone(),
        action: format!("{}/answers", visit.address()),
    })
}

/// Each question once, though several templates may ask it.
fn asked(onboarding: &Onboarding) -> Vec<&Question> {
    let mut asked: Vec<&Question> = Vec::new();
    for question in onboarding.facts.slots.iter().flat_map(|slot| &slot.questions) {
        if !asked.iter().any(|known| known.key == question.key) {
            asked.push(question);
        }
    }
    asked
}

fn value_of(question: &Question, onboarding: &Onboarding, refused: Option<&Refused>) -> String {
    let kept = match refused {
        Some(refused) => return refused.given.get(&question.key).cloned().unwrap_or_default(),
        None => onboarding.facts.answers.get(&question.key),
    };
    kept.or(question.default.as_ref()).cloned().unwrap_or_default()
}

fn shape_of(question: &Question, value: &str) -> Shape {
    let line = |kind, keyboard| Shape::Line { kind, keyboard };
    let choice = |given: &str, label: &str| Choice {
        value: given.to_owned(),
        label: label.to_owned(),
        is_chosen: given == value,
    };
    // What was chosen by mistake must be possible to take back, without a script.
    let none = (!question.required).then(|| choice("", "No answer"));
    match question.kind {
        QuestionKind::Text => line("text", "text"),
        QuestionKind::Number => line("text", "decimal"),
        QuestionKind::Email => line("email", "email"),
        QuestionKind::Url => line("url", "url"),
        QuestionKind::Boolean => {
            let choices = [choice("true", "Yes"), choice("false", "No")];
            Shape::Radios(choices.into_iter().chain(none).collect())
        }
        QuestionKind::OneOf => {
            let choices = question.options.iter().map(|option| choice(option, option));
            if question.options.len() <= MOST_RADIOS {
                Shape::Radios(choices.chain(none).collect())
            } else {
                let first = none.unwrap_or_else(|| choice("", "Choose one"));
                Shape::List(std::iter::once(first).chain(choices).collect())
            }
        }
    }
}

pub(super) async fn submit(
    visit: Visit,
    State(state): State<AppState>,
    Protected(given): Protected<BTreeMap<String, String>>,
) -> Result<Response, web::Error> {
    let given = given.into_iter().map(|(key, answer)| (QuestionKey(key), answer)).collect();
    let answers = match visit.onboarding.check_answers(&given) {
        Ok(answers) => answers,
        Err(mistakes) => {
            let page = page(&visit, Some(&Refused { given, mistakes }));
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    match state.engine.order(visit.onboarding.id, Command::Answer(answers), "visitor").await {
        // Answered in another window meanwhile: the page shows what is so.
        Ok(_) | Err(engine::Error::Invalid(_)) => Ok(see_next(&visit)),
        Err(error) => Err(error.into()),
    }
}
