//! What was asked, answered again. The document has the newest answers alone.

use std::collections::BTreeMap;

use super::Error;
use super::document::{History, Line};
use super::people::refused;
use super::stage::Stage;
use crate::onboarding::{Command, Event, Question, QuestionKey, QuestionKind};

/// Answers all that is asked here. What was put right later is answered otherwise at first.
pub(super) async fn give(
    stage: &Stage,
    history: &History,
    place: usize,
) -> Result<Option<String>, Error> {
    let Some(line) = history.timeline.get(place) else { return Ok(None) };
    let later: Vec<&str> = history.timeline.iter().skip(place + 1).flat_map(answered).collect();
    let onboarding = stage.read().await?;
    let mut given = BTreeMap::new();
    for slot in &onboarding.facts.slots {
        let theirs = history.templates.iter().find(|asked| asked.template_id == slot.template);
        let theirs = theirs.map(|asked| asked.questions.as_slice()).unwrap_or_default();
        for question in &slot.questions {
            if let Some((key, answer)) = answer(history, theirs, question) {
                let is_put_right = later.contains(&key);
                let answer = if is_put_right { other(question, answer) } else { answer.to_owned() };
                given.insert(question.key.clone(), answer);
            }
        }
    }
    let listed = stage.engine.look_up_changed(&onboarding, &given).await?;
    let checked = match onboarding.check_answers(&given, &listed) {
        Ok(checked) => checked,
        Err(wrong) => {
            let told = wrong.iter().map(|(key, why)| format!("{}: {why}", key.0));
            return Ok(Some(told.collect::<Vec<_>>().join("; ")));
        }
    };
    let by_visitor = line.actor == "visitor";
    let command = if by_visitor { Command::Answer(checked) } else { Command::Correct(checked) };
    refused(stage.engine.order(stage.id()?, command, &line.actor).await)
}

/// The keys of what was answered in a line.
fn answered(line: &Line) -> Vec<&str> {
    if let Event::Answered { questions } = &line.event {
        questions.iter().map(String::as_str).collect()
    } else {
        Vec::new()
    }
}

/// With its key there: the same where a blueprint has it; else it is found by its words, for its key is made
/// of ids.
fn answer<'a>(
    history: &'a History,
    theirs: &[Question],
    question: &Question,
) -> Option<(&'a str, &'a str)> {
    let same = |theirs: &&Question| theirs.label == question.label;
    let by_words = || theirs.iter().find(same).map(|theirs| &theirs.key);
    let found = |key: &QuestionKey| history.answers.get_key_value(key);
    let (key, answer) = found(&question.key).or_else(|| found(by_words()?))?;
    Some((&key.0, answer))
}

/// A good answer that is another one, as far as there is any.
fn other(question: &Question, newest: &str) -> String {
    let another = || question.options.iter().find(|option| option.trim() != newest.trim());
    match question.kind {
        QuestionKind::Text => "an earlier answer".to_owned(),
        QuestionKind::Number => if newest == "0" { "1" } else { "0" }.to_owned(),
        QuestionKind::Boolean => if newest == "true" { "false" } else { "true" }.to_owned(),
        QuestionKind::Email => "earlier@example.com".to_owned(),
        QuestionKind::Url => "https://earlier.example.com/".to_owned(),
        QuestionKind::Date => "2000-01-01".to_owned(),
        QuestionKind::DateTime => "2000-01-01T00:00".to_owned(),
        QuestionKind::OneOf => another().map_or_else(|| newest.to_owned(), Clone::clone),
    }
}
