//! What a tenant's person is asked, and whether an answer will do.

use serde::{Deserialize, Serialize};
use url::Url;

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
    OneOf,
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
}

impl Question {
    /// Longest answer, in characters. Cyclr's own limit is unknown; this one is ours.
    pub const LONGEST_ANSWER: usize = 500;

    /// The answer as it is kept: trimmed, `None` when left empty and that is allowed.
    ///
    /// `{{` is refused whatever the kind: Cyclr would read it as a merge field, and a merge field can
    /// put a stored credential of a connector into somebody's record.
    /// Whether it is no choice, or one between something.
    pub fn has_choice(&self) -> bool {
        self.kind != QuestionKind::OneOf || !self.options.is_empty()
    }

    pub fn check(&self, given: &str) -> Result<Option<String>, AnswerMistake> {
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
        self.check_kind(answer).map(|()| Some(answer.to_owned()))
    }

    fn check_kind(&self, answer: &str) -> Result<(), AnswerMistake> {
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
            QuestionKind::OneOf => (
                self.options.iter().any(|option| option.trim() == answer),
                AnswerMistake::NotListed,
            ),
        };
        if fits { Ok(()) } else { Err(mistake) }
    }
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
        ];
        for (kind, given, expected) in cases {
            let expected = expected.map(|answer| answer.map(str::to_owned));
            assert_eq!(question(*kind).check(given), expected, "{kind:?} {given:?}");
        }
        assert_eq!(question(K::Text).check(&"é".repeat(501)), Err(M::TooLong));
        let optional = Question { required: false, ..question(K::Number) };
        assert_eq!(optional.check("  "), Ok(None));
    }
}
