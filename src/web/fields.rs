//! Checks of single fields that collect what is wrong instead of stopping at the first mistake.

use serde_json::{Map, Value};
use url::Url;

use super::{Error, FieldMistake};
use crate::ids::Malformed;

/// Everything that was found to be wrong with a request.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<FieldMistake>);

impl Mistakes {
    pub fn add(&mut self, pointer: impl Into<String>, reason: impl Into<String>) {
        self.0.push(FieldMistake { pointer: pointer.into(), reason: reason.into() });
    }

    /// The value, if it parsed. A mistake is noted under the pointer.
    pub fn parsed<T>(&mut self, pointer: &str, value: Result<T, Malformed>) -> Option<T> {
        value.map_err(|mistake| self.add(pointer, mistake.to_string())).ok()
    }

    pub fn require(&mut self, pointer: &str, fits: bool, rule: &str) {
        if !fits {
            self.add(pointer, format!("must be {rule}"));
        }
    }

    /// The value that all checks were about, unless one of them failed.
    pub fn or_value<T>(self, value: Option<T>) -> Result<T, Error> {
        match value.filter(|_| self.0.is_empty()) {
            Some(value) => Ok(value),
            None => Err(Error::invalid(self.0)),
        }
    }
}

/// One line for people: 1 to 200 characters that are not all blank.
pub fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 200 && !text.chars().any(char::is_control)
}

/// Longest reason of an order and longest note, in characters.
pub const LONGEST_REASON: usize = 500;
pub const LONGEST_NOTE: usize = 2000;
/// Longest life of a link, in hours.
pub const LONGEST_LINK: u32 = 90 * 24;

/// One or more lines for people, not all blank.
pub fn is_text(text: &str, most: usize) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= most
        && !text.chars().any(|c| c.is_control() && c != '\n')
}

/// Whether it has the form of an IANA name. Whether there is such a zone is for Cyclr to say.
pub fn is_timezone(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
    };
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.split('/').count() <= 3
        && text.split('/').all(part)
}

/// Whether it has the form of a language tag (BCP 47).
pub fn is_locale(text: &str) -> bool {
    let part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let language = text.split('-').next().unwrap_or_default();
    text.len() <= 35
        && text.split('-').all(part)
        && language.len() >= 2
        && language.bytes().all(|b| b.is_ascii_alphabetic())
}

/// One `@` with something before it and a dotted name after it, within the length that mail allows.
pub fn is_email(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    let parts = text.split_once('@');
    plain
        && text.len() <= 254
        && parts.is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len())
                && !domain.contains('@')
                && domain.contains('.')
                && domain.split('.').all(|label| !label.is_empty())
        })
}

/// What [`is_assignee`] asks for.
pub const ASSIGNEE_RULE: &str = "1 to 100 characters on one line";

/// Somebody's name or e-mail address, for people to read.
pub fn is_assignee(text: &str) -> bool {
    is_line(text) && text.chars().count() <= 100
}

/// A word by which onboardings are found together.
pub fn is_tag(text: &str) -> bool {
    (1..=50).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_:-".contains(&b))
}

/// Bounds for the integrator's own data: at most 50 names at the top, 16 KiB when spelled out.
pub fn is_within_bounds(map: &Map<String, Value>) -> bool {
    map.len() <= 50 && serde_json::to_string(map).is_ok_and(|text| text.len() <= 16 * 1024)
}

/// A whole address of bounded length, written as it would be written again. What a parser would have
/// to mend first (blanks, other slashes, a default port, dots) is not the address that it looks like.
/// The slash after a bare host may be left out.
pub fn parse_address(text: &str) -> Option<Url> {
    let url = (text.len() <= 2000).then(|| Url::parse(text).ok())??;
    let bare_host = url.as_str().strip_suffix('/').filter(|_| url.path() == "/");
    let exact = url.as_str() == text || bare_host == Some(text);
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (exact && plain).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_right_and_what_does_not() {
        for (check, good, bad) in [
            (
                is_timezone as fn(&str) -> bool,
                &["UTC", "Europe/London", "America/Argentina/Buenos_Aires", "Etc/GMT+5"][..],
                &["", "/", "Europe/", "../etc/passwd", "1/2", "Europe/Lon don", "a/b/c/d"][..],
            ),
            (is_locale, &["en", "de-AT", "zh-Hant-TW"], &["", "e", "en_GB", "en-", "1a", "en-\n"]),
            (
                is_email,
                &["ada@example.com", "a+b@x.co"],
                &["", "ada", "a@b", "@x.co", "a@.co", "a@x.", "a@b@c.d", "a b@x.co", "a@x.co\r\n"],
            ),
            (is_tag, &["eu", "plan:pro", "a_b-1"], &["", "A", "a b", "é", "a,b"]),
            (is_line, &["Acme & Söhne"], &["", "  ", "a\nb", "a\u{0}b"]),
        ] {
            for text in good {
                assert!(check(text), "{text:?}");
            }
            for text in bad {
                assert!(!check(text), "{text:?}");
            }
        }
        assert!(!is_email(&format!("{}@x.co", "a".repeat(300))));
        assert!(!is_line(&"a".repeat(201)));
    }
}
