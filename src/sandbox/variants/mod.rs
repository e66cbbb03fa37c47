//! Variants: where it is unknown what Cyclr answers, each answer that it might give.
//!
//! One question, one enum, one line in the table; endpoints ask through `hooks`. A variant never
//! contradicts what is documented or was observed, but for being the rarer reading of it.

/// One enum and one field for each question, and the table that lists them all.
macro_rules! questions {
    ($($name:ident $Answers:ident $question:literal {
        $First:ident $first_word:literal $first_means:literal,
        $($Other:ident $word:literal $means:literal,)+
    })+) => {
        $(
            #[doc = $question]
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
            pub enum $Answers {
                #[doc = $first_means]
                #[default]
                $First,
                $(#[doc = $means] $Other,)+
            }

            impl $Answers {
                const ALL: &[(Self, &str)] =
                    &[(Self::$First, $first_word), $((Self::$Other, $word),)+];

                fn word(self) -> &'static str {
                    match self {
                        Self::$First => $first_word,
                        $(Self::$Other => $word,)+
                    }
                }
            }
        )+

        /// The answers that the sandbox gives at present.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Variants {
            $(#[doc = $question] pub $name: $Answers,)+
        }

        /// Every question with its answers, the usual one first.
        pub(super) const QUESTIONS: &[Question] = &[$(Question {
            name: stringify!($name),
            question: $question,
            answers: &[($first_word, $first_means), $(($word, $means),)+],
        },)+];

        impl Variants {
            /// Sets one by its name and the word for its answer.
            pub fn set(&mut self, name: &str, word: &str) -> Result<(), String> {
                match name {
                    $(stringify!($name) => self.$name = pick(name, word, $Answers::ALL)?,)+
                    _ => return Err(format!("there is no variant `{name}`")),
                }
                Ok(())
            }

            /// The word for each present answer, in the order of the questions.
            pub(super) fn words(self) -> Vec<&'static str> {
                vec![$(self.$name.word(),)+]
            }
        }
    };
}

mod hooks;
mod limits;
mod questions;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Error;
use questions::QUESTIONS;

pub(super) use hooks::{Created, Paging};
pub use questions::*;

/// Something that nobody outside of Cyclr knows.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Question {
    pub name: &'static str,
    pub question: &'static str,
    /// Words, each with what it means; the usual answer is the first.
    pub answers: &'static [(&'static str, &'static str)],
}

impl Variants {
    /// Every question there is.
    pub fn questions() -> &'static [Question] {
        QUESTIONS
    }

    /// Reads a file of variants: names with words, as a JSON object or as TOML.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wanted: Map<String, Value> = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| Error::Variants(error.to_string()))?
        } else {
            toml::from_str(text).map_err(|error| Error::Variants(error.to_string()))?
        };
        let mut variants = Self::default();
        variants.set_all(&wanted).map_err(Error::Variants)?;
        Ok(variants)
    }

    /// All, or the first mistake.
    pub(super) fn set_all(&mut self, wanted: &Map<String, Value>) -> Result<(), String> {
        for (name, word) in wanted {
            let word = match word {
                Value::String(word) => word.clone(),
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                    return Err(format!("the answer to `{name}` is a word"));
                }
            };
            self.set(name, &word)?;
        }
        Ok(())
    }

    /// As the control surface lists them.
    pub(super) fn shown(self) -> Value {
        let rows = QUESTIONS.iter().zip(self.words()).map(|(question, present)| {
            let values = question.answers.iter();
            let values = values.map(|(word, means)| json!({ "value": word, "means": means }));
            json!({
                "name": question.name,
                "question": question.question,
                "values": values.collect::<Vec<_>>(),
                "default": question.answers.first().map(|(word, _)| word),
                "present": present,
            })
        });
        rows.collect()
    }
}

fn pick<T: Copy>(name: &str, word: &str, all: &[(T, &str)]) -> Result<T, String> {
    if let Some((answer, _)) = all.iter().find(|(_, known)| *known == word) {
        return Ok(*answer);
    }
    let known: Vec<_> = all.iter().map(|(_, known)| *known).collect();
    Err(format!("`{word}` is no answer to `{name}`; there are: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_can_be_set_by_its_word_and_is_shown() {
        for question in Variants::questions() {
            for (word, means) in question.answers {
                let mut variants = Variants::default();
                variants.set(question.name, word).unwrap();
                let shown = variants.shown();
                let row = shown.as_array().unwrap().iter();
                let row = row.clone().find(|row| row["name"] == question.name).unwrap().clone();
                assert_eq!(row["present"], *word);
                assert!(means.ends_with('.') && question.question.contains('?'));
            }
        }
    }

    #[test]
    fn a_file_is_read_in_both_forms_and_its_mistakes_are_told() {
        let json = r#"{ "second_create": "conflict", "default_page_size": 20 }"#;
        let toml = "second_create = 'conflict'\ndefault_page_size = 20\n";
        let read = Variants::parse(json).unwrap();
        assert_eq!(read, Variants::parse(toml).unwrap());
        assert_eq!(read.second_create, SecondCreate::Conflict);
        let told = |text: &str| Variants::parse(text).unwrap_err().to_string();
        assert!(told(r#"{"second_crate":"x"}"#).contains("no variant `second_crate`"));
        let text = told(r#"{"second_create":"x"}"#);
        assert!(text.contains("refused, conflict, existing, second_account"), "{text}");
    }
}
