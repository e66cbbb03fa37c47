//! The end of a sign-in that went well: a redirect, or a message to the page that opened this one.

use std::fmt::Write as _;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::pages::{redirect, show_with_script};
use super::random;

/// What the caller gave for the return.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct WayBack {
    /// An http or https address.
    pub(in super::super) target_origin: String,
    /// Present means message mode (DOC).
    #[serde(default)]
    pub(in super::super) callback_message: Option<String>,
}

#[derive(Template)]
#[template(path = "sandbox/message.html")]
struct MessagePage<'a> {
    /// JavaScript literals.
    message: String,
    target_origin: String,
    nonce: &'a str,
}

/// Nothing is added to either: no query, no name of an event (OBS).
pub(super) fn finish(way_back: &WayBack) -> Response {
    let WayBack { target_origin, callback_message } = way_back;
    match callback_message {
        None => redirect(StatusCode::FOUND, target_origin),
        Some(message) => {
            let nonce = random();
            let (message, target_origin) = (literal(message), literal(target_origin));
            show_with_script(&MessagePage { message, target_origin, nonce: &nonce }, &nonce)
        }
    }
}

/// A string literal that no HTML parser can take for the end of the script.
fn literal(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let mut safe = String::with_capacity(quoted.len());
    for sign in quoted.chars() {
        if matches!(sign, '<' | '>' | '&' | '\'' | '\u{2028}' | '\u{2029}') {
            let _ = write!(safe, "\\u{:04x}", u32::from(sign)); // writing to a String cannot fail
        } else {
            safe.push(sign);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_says_the_same_and_cannot_leave_its_script() {
        for text in ["", "plain", "</script><!--", "a\"b\\c\r\n\0", "\u{2028}ü&amp;'`${x}"] {
            let literal = literal(text);
            assert_eq!(serde_json::from_str::<String>(&literal).unwrap(), text);
            assert!(!literal.contains(['<', '>', '&', '\u{2028}', '\n']), "{literal}");
        }
    }
}
