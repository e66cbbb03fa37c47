//! What a tenant's person is asked, and whether an answer will do.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::ids::{ConnectorId, CycleStepId};

/// Names a question within an onboarding: the blueprint's own key, or one made from the place at
/// Cyclr that asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QuestionKey(pub String);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    #[default]
    Text,
    Number,
    Boolean,
    Email,
    Url,
    Date,
    DateTime,
    OneOf,
}

/// A value to choose, and how people know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

/// What the connected accounts have to choose from, as far as they could be asked just now.
pub type Listed = BTreeMap<QuestionKey, Vec<Choice>>;

/// Where Cyclr can be asked what there is to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    pub step: CycleStepId,
    /// Of a parameter; the account connector is asked instead where it is of a field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<ConnectorId>,
    /// Cyclr's id of what looks it up.
    pub trigger: i64,
}

/// Answers that will do, with the words by which they were chosen where those are others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckedAnswers {
    /// `None`: left empty, which is allowed.
    pub answers: BTreeMap<QuestionKey, Option<String>>,
    pub labels: BTreeMap<QuestionKey, String>,
}

impl From<BTreeMap<QuestionKey, Option<String>>> for CheckedAnswers {
    fn from(answers: BTreeMap<QuestionKey, Option<String>>) -> Self {
        Self { answers, labels: BTreeMap::new() }
    }
}

/// One question. Blueprints write them; mapping makes them for what no rule covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub key: QuestionKey,
    pub label: String,
    #[serde(default)]
    pub kind: QuestionKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// For [`QuestionKind::OneOf`]. Left empty, the values that Cyclr lists are offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    #[serde(default = "yes")]
    pub required: bool,
    /// Where to ask what there is to choose from. Found out by mapping, never published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup: Option<Lookup>,
}

const fn yes() -> bool {
    true
}

/// Why an answer will not do, in words for the person who gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerMistake {
    #[error("Enter an answer")]
    Missing,
    #[error("Enter no more than {} characters", Question::LONGEST_ANSWER)]
    TooLong,
    #[error("Use plain text on one line")]
    ControlCharacters,
    #[error("Leave out the characters {{{{: they have a special meaning for the integration")]
    MergeField,
    #[error("Enter a number, like 12 or 3.5")]
    NotANumber,
    #[error("Choose yes or no")]
    NotYesOrNo,
    #[error("Enter an e-mail address, like name@example.com")]
    NotAnEmail,
    #[error("Enter a web address that starts with https://")]
    NotAUrl,
    #[error("Choose one of the listed answers")]
    NotListed,
    #[error("Enter a date, like 2026-11-30")]
    NotADate,
    #[error("Enter a date and a time, like 2026-11-30 09:00")]
    NotADateAndTime,
    #[error(
        "The list cannot be loaded just now, so your choice cannot be checked. Load the list again"
    )]
    ListMissing,
}

impl AnswerMistake {
    pub const ALL: [Self; 12] = [
        Self::Missing,
        Self::TooLong,
        Self::ControlCharacters,
        Self::MergeField,
        Self::NotANumber,
        Self::NotYesOrNo,
        Self::NotAnEmail,
        Self::NotAUrl,
        Self::NotListed,
        Self::NotADate,
        Self::NotADateAndTime,
        Self::ListMissing,
    ];

    /// The message of the hosted pages that says it in every language.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Missing => "answer-missing",
            Self::TooLong => "answer-too-long",
            Self::ControlCharacters => "answer-control-characters",
            Self::MergeField => "answer-merge-field",
            Self::NotANumber => "answer-not-a-number",
            Self::NotYesOrNo => "answer-not-yes-or-no",
            Self::NotAnEmail => "answer-not-an-email",
            Self::NotAUrl => "answer-not-a-url",
            Self::NotListed => "answer-not-listed",
            Self::NotADate => "answer-not-a-date",
            Self::NotADateAndTime => "answer-not-a-date-and-time",
            Self::ListMissing => "answer-list-missing",
        }
    }
}

impl Question {
    /// Longest answer, in characters. Cyclr's own limit is unknown; this one is ours.
    pub const LONGEST_ANSWER: usize = 500;

    /// Whether it is no choice, or one between something.
    pub fn has_choice(&self) -> bool {
        self.kind != QuestionKind::OneOf || !self.options.is_empty() || self.lookup.is_some()
    }

    /// The answer as it is kept: trimmed, in one form for all; `None` when left empty and that is allowed.
    /// `listed` is what there is to choose from where Cyclr has to be asked, and `known` the answer that was
    /// good before: it stays good while nobody can be asked.
    ///
    /// `{{` is refused whatever the kind: Cyclr would read it as a merge field, and a merge field can
    /// put a stored credential of a connector into somebody's record.
    pub fn check(
        &self,
        given: &str,
        listed: Option<&Vec<Choice>>,
        known: Option<&str>,
    ) -> Result<Option<String>, AnswerMistake> {
        let answer = given.trim();
        if answer.is_empty() {
            return if self.required { Err(AnswerMistake::Missing) } else { Ok(None) };
        }
        if answer.chars().count() > Self::LONGEST_ANSWER {
            return Err(AnswerMistake::TooLong);
        }
        if answer.chars().any(char::is_control) {
            return Err(AnswerMistake::ControlCharacters);
        }
        if answer.contains("{{") {
            return Err(AnswerMistake::MergeField);
        }
        if self.lookup.is_some() {
            return check_choice(answer, listed, known).map(Some);
        }
        self.check_kind(answer).map(Some)
    }

    fn check_kind(&self, answer: &str) -> Result<String, AnswerMistake> {
        let (fits, mistake) = match self.kind {
            QuestionKind::Text => (true, AnswerMistake::Missing),
            QuestionKind::Number => {
                (answer.parse::<f64>().is_ok_and(f64::is_finite), AnswerMistake::NotANumber)
            }
            QuestionKind::Boolean => {
                (answer == "true" || answer == "false", AnswerMistake::NotYesOrNo)
            }
            QuestionKind::Email => (looks_like_email(answer), AnswerMistake::NotAnEmail),
            QuestionKind::Url => (
                Url::parse(answer).is_ok_and(|url| {
                    matches!(url.scheme(), "https" | "http") && url.host().is_some()
                }),
                AnswerMistake::NotAUrl,
            ),
            QuestionKind::Date => {
                (NaiveDate::parse_from_str(answer, "%Y-%m-%d").is_ok(), AnswerMistake::NotADate)
            }
            QuestionKind::DateTime => return read_date_and_time(answer),
            QuestionKind::OneOf => (
                self.options.iter().any(|option| option.trim() == answer),
                AnswerMistake::NotListed,
            ),
        };
        if fits { Ok(answer.to_owned()) } else { Err(mistake) }
    }
}

fn check_choice(
    answer: &str,
    listed: Option<&Vec<Choice>>,
    known: Option<&str>,
) -> Result<String, AnswerMistake> {
    match listed {
        Some(choices) => {
            let chosen = choices.iter().find(|choice| choice.value.trim() == answer);
            chosen.map(|choice| choice.value.clone()).ok_or(AnswerMistake::NotListed)
        }
        None if known == Some(answer) => Ok(answer.to_owned()),
        None => Err(AnswerMistake::ListMissing),
    }
}

/// Browsers send a `T` in the middle and may leave out the seconds; people type a blank.
fn read_date_and_time(answer: &str) -> Result<String, AnswerMistake> {
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"];
    let read = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(answer, form).ok());
    let at = read.ok_or(AnswerMistake::NotADateAndTime)?;
    Ok(at.format("%Y-%m-%dT%H:%M:%S").to_string())
}

/// One `@` with something before it and a dotted name after it. Whether mail arrives there is not
/// for a form to know.
pub(super) fn looks_like_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    !local.is_empty()
        && !text.contains(char::is_whitespace)
        && !domain.contains('@')
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(kind: QuestionKind) -> Question {
        Question {
            key: QuestionKey("q".into()),
            label: "Q".into(),
            kind,
            help: None,
            example: None,
            default: None,
            options: vec!["Sales".into(), "Partners".into()],
            required: true,
            lookup: None,
        }
    }

    #[test]
    fn answers_are_checked_by_kind() {
        use AnswerMistake as M;
        use QuestionKind as K;
        type Case<'a> = (K, &'a str, Result<Option<&'a str>, M>);
        let cases: &[Case<'_>] = &[
            (K::Text, "  Acme ", Ok(Some("Acme"))),
            (K::Text, "", Err(M::Missing)),
            (K::Text, "a\u{0}b", Err(M::ControlCharacters)),
            (K::Text, "{{Cyclr_Auth_ApiKey}}", Err(M::MergeField)),
            (K::Number, "3.5", Ok(Some("3.5"))),
            (K::Number, "NaN", Err(M::NotANumber)),
            (K::Number, "twelve", Err(M::NotANumber)),
            (K::Boolean, "true", Ok(Some("true"))),
            (K::Boolean, "yes", Err(M::NotYesOrNo)),
            (K::Email, "ada@example.com", Ok(Some("ada@example.com"))),
            (K::Email, "ada@@example.com", Err(M::NotAnEmail)),
            (K::Email, "ada@example", Err(M::NotAnEmail)),
            (K::Url, "https://example.com/x", Ok(Some("https://example.com/x"))),
            (K::Url, "javascript:alert(1)", Err(M::NotAUrl)),
            (K::OneOf, "Sales", Ok(Some("Sales"))),
            (K::OneOf, "sales", Err(M::NotListed)),
            (K::Date, "2026-11-30", Ok(Some("2026-11-30"))),
            (K::Date, "2026-02-30", Err(M::NotADate)),
            (K::Date, "30.11.2026", Err(M::NotADate)),
            (K::DateTime, "2026-11-30T09:00", Ok(Some("2026-11-30T09:00:00"))),
            (K::DateTime, "2026-11-30 09:00:30", Ok(Some("2026-11-30T09:00:30"))),
            (K::DateTime, "2026-11-30", Err(M::NotADateAndTime)),
        ];
        for (kind, given, expected) in cases {
            let expected = expected.map(|answer| answer.map(str::to_owned));
            assert_eq!(question(*kind).check(given, None, None), expected, "{kind:?} {given:?}");
        }
        assert_eq!(question(K::Text).check(&"é".repeat(501), None, None), Err(M::TooLong));
        let optional = Question { required: false, ..question(K::Number) };
        assert_eq!(optional.check("  ", None, None), Ok(None));
    }
    #[test]
    fn a_choice_of_the_connected_account_is_held_against_what_is_there_now() {
        use AnswerMistake as M;
        let lookup = Lookup {
            step: CycleStepId(uuid::Uuid::nil()),
            parameter: Some(7),
            connector: None,
            trigger: 9,
        };
        let asked =
            Question { lookup: Some(lookup), options: vec![], ..question(QuestionKind::OneOf) };
        let choices = vec![Choice { value: "board-1".into(), label: "New business".into() }];
        let chosen = |given: &str, listed, known| asked.check(given, listed, known);
        assert_eq!(chosen("board-1", Some(&choices), None), Ok(Some("board-1".into())));
        assert_eq!(chosen("New business", Some(&choices), None), Err(M::NotListed));
        assert_eq!(chosen("board-2", Some(&choices), Some("board-2")), Err(M::NotListed));
        // While nobody can be asked, only what was good before is.
        assert_eq!(chosen("board-2", None, Some("board-2")), Ok(Some("board-2".into())));
        assert_eq!(chosen("board-1", None, Some("board-2")), Err(M::ListMissing));
    }
}
