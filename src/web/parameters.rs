//! Query parameters, refused like any other field.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::{Error, FieldMistake};

/// Longest complaint that is repeated, in characters: it may quote what was sent.
const LONGEST_REASON: usize = 200;

/// A query string that was read and fits.
#[derive(Debug, Clone)]
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|refusal| refuse(&refusal.body_text()))
    }
}

/// axum's words are `Failed to …: limit: invalid digit …`, or without a name where it is about all.
pub fn refuse(words: &str) -> Error {
    let words = words.strip_prefix("Failed to deserialize query string: ").unwrap_or(words);
    let (pointer, reason) = match words.split_once(": ") {
        Some((name, reason)) if !name.contains(' ') => (name, reason),
        Some(_) | None => (words.split('`').nth(1).unwrap_or_default(), words),
    };
    Error::invalid(vec![FieldMistake { pointer: bounded(pointer), reason: bounded(reason) }])
}

fn bounded(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_REASON).collect()
}
