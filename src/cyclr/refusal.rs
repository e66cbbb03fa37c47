//! Reads a refusal: how long to wait, and Cyclr's words made fit for a log line.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;

use super::lenient::{self, Scalar};
use crate::secret::{ExposeSecret, Secret};

/// A wait is never longer than this, whatever the other side asks for.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
const MESSAGE_CHARACTERS: usize = 300;

/// The three spellings of a date that RFC 9110 tells a recipient to accept.
const HTTP_DATES: [&str; 3] =
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// Seconds or a date, clamped to one hour. Junk, negative numbers and dates gone by are `None`:
/// they say nothing about how long to wait.
pub fn parse_retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let date =
        HTTP_DATES.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
    let wait = (date.and_utc() - now).to_std().ok()?;
    Some(wait.min(LONGEST_WAIT))
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    message: Scalar,
    #[serde(default, rename = "exceptionmessage")]
    exception_message: Scalar,
    #[serde(default, rename = "messagedetail")]
    message_detail: Scalar,
    #[serde(default)]
    error_description: Scalar,
    #[serde(default)]
    error: Scalar,
}

/// The body's message in one line of at most 300 characters, without what was sent as `bearer`
/// or `credential`. Text that is not JSON might spell a credential in a way that masking does not
/// find, so it is not taken where one was sent.
pub fn words(body: &[u8], bearer: Option<&Secret>, credential: Option<&Secret>) -> String {
    let text = match lenient::decode::<Wire>(&mut body.to_vec()) {
        Ok(wire) => [
            wire.message,
            wire.exception_message,
            wire.message_detail,
            wire.error_description,
            wire.error,
        ]
        .into_iter()
        .find_map(Scalar::into_text)
        .unwrap_or_default(),
        Err(_) if credential.is_none() => String::from_utf8_lossy(body).into_owned(),
        Err(_) => String::new(),
    };
    if text.trim_start().starts_with('<') {
        return "(an HTML page)".to_owned();
    }
    let text = [bearer, credential].into_iter().flatten().fold(text, mask);
    one_line(&text)
}

fn mask(text: String, secret: &Secret) -> String {
    let secret = secret.expose_secret();
    let text = hide(text, secret);
    // Basic credentials travel as base64 of "user:password"; an echo may be of the plain text.
    let decoded = STANDARD.decode(secret).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((_, password)) => hide(text, password),
        None => text,
    }
}

fn hide(text: String, secret: &str) -> String {
    if secret.is_empty() || !text.contains(secret) {
        return text;
    }
    text.replace(secret, "***")
}

pub(super) fn one_line(text: &str) -> String {
    let visible = text.chars().map(|c| if is_unseen(c) { ' ' } else { c });
    let visible: String = visible.collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    words.join(" ").chars().take(MESSAGE_CHARACTERS).collect()
}

/// Control characters, and those that turn the direction of the text around them.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
