//! The words of the hosted pages, in every language that they speak. A leaf: it knows languages and
//! nothing of onboardings.
//!
//! What always holds:
//! - Every language has every message, with the same values in it; a test holds that.
//! - A page never fails for want of a word: English steps in, and the message's name after it.
//! - What people typed is put in as it is. Escaping is for the template, which knows where it stands.
//!
//! The messages are Fluent files (projectfluent.org): plurals and months are theirs, and a translator
//! needs nothing but the file.
//!
//! Decided against: a macro that makes a function of each message (names that nobody can search for);
//! bidirectional isolation marks (all five languages run left to right, and copied text carried them).

mod language;

use std::sync::LazyLock;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

pub use language::Language;

/// What stands in for the value while a sentence is taken apart.
const PLACE: &str = "\u{fffc}";

/// The words of one language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Words(Language);

type Bundle = FluentBundle<FluentResource>;

/// One for each of [`Language::ALL`], in that order.
static BUNDLES: LazyLock<Vec<Bundle>> =
    LazyLock::new(|| Language::ALL.into_iter().map(bundle).collect());

fn bundle(language: Language) -> Bundle {
    let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
    bundle.set_use_isolating(false);
    // What cannot be read is left out; a test sees to it that there is nothing of the kind.
    let resource = FluentResource::try_new(language.messages().to_owned());
    let (Ok(resource) | Err((resource, _))) = resource;
    drop(bundle.add_resource(resource));
    bundle
}

impl Words {
    pub const fn new(language: Language) -> Self {
        Self(language)
    }

    pub const fn language(self) -> Language {
        self.0
    }

    /// For the `lang` of a document.
    pub const fn code(self) -> &'static str {
        self.0.code()
    }

    pub fn say(self, message: &str) -> String {
        self.format(message, &FluentArgs::new())
    }

    /// With one value in it.
    pub fn fill(self, message: &str, name: &str, value: &str) -> String {
        self.with(message, &[(name, value)])
    }

    pub fn with(self, message: &str, values: &[(&str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, FluentValue::String((*value).into()));
        }
        self.format(message, &args)
    }

    /// With a number `count` in it, on which the wording depends.
    pub fn count(self, message: &str, count: usize) -> String {
        let mut args = FluentArgs::new();
        args.set("count", count);
        self.format(message, &args)
    }

    /// What stands before and after the one value of a sentence, for a link in its place.
    pub fn around(self, message: &str, name: &str) -> (String, String) {
        let whole = self.fill(message, name, PLACE);
        let (before, after) = whole.split_once(PLACE).unwrap_or((&whole, ""));
        (before.to_owned(), after.to_owned())
    }

    /// `A, B and C`.
    pub fn list(self, items: &[String]) -> String {
        let Some((last, rest)) = items.split_last() else { return String::new() };
        let Some((second_last, rest)) = rest.split_last() else { return last.clone() };
        let two = self.with("list-two", &[("first", second_last), ("second", last)]);
        rest.iter()
            .rev()
            .fold(two, |list, item| self.with("list-more", &[("first", item), ("second", &list)]))
    }

    /// To the minute. Which clock it is by stands in it.
    pub fn date(self, at: DateTime<Utc>) -> String {
        let month = self.month(at.month());
        let (day, year) = (at.day().to_string(), at.year().to_string());
        let time = at.format("%H:%M").to_string();
        self.with("date", &[("day", &day), ("month", &month), ("year", &year), ("time", &time)])
    }

    /// A day of the calendar.
    pub fn day(self, at: NaiveDate) -> String {
        let month = self.month(at.month());
        let (day, year) = (at.day().to_string(), at.year().to_string());
        self.with("day", &[("day", &day), ("month", &month), ("year", &year)])
    }

    fn month(self, number: u32) -> String {
        let mut args = FluentArgs::new();
        args.set("month", number);
        self.format("month", &args)
    }

    fn format(self, message: &str, args: &FluentArgs<'_>) -> String {
        let said = try_format(self.0, message, args);
        let said = said.or_else(|| try_format(Language::English, message, args));
        said.unwrap_or_else(|| message.to_owned())
    }
}

fn try_format(language: Language, message: &str, args: &FluentArgs<'_>) -> Option<String> {
    let bundle = BUNDLES.get(language as usize)?;
    let pattern = bundle.get_message(message)?.value()?;
    let mut mistakes = Vec::new();
    let said = bundle.format_pattern(pattern, Some(args), &mut mistakes).into_owned();
    mistakes.is_empty().then_some(said)
}

#[cfg(test)]
mod tests;
