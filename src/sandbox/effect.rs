//! What a call did to the world, in a few words.

use std::convert::Infallible;
use std::fmt::{self, Display};

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponseParts, ResponseParts};
use serde::{Serialize, Serializer};

use super::request::{Answer, Refusal};

/// What a call did: `created account acme-42`. An endpoint says it beside its answer:
/// `Ok((Effect::of("created account", &id), answer))`. No value that somebody typed is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    what: &'static str,
    /// The id of what it was done to.
    object: Option<String>,
}

/// What an endpoint comes to that says what it did.
pub(super) type Done<T = Answer> = Result<(Effect, T), Refusal>;

impl Effect {
    pub(super) fn of(what: &'static str, object: &impl Display) -> Self {
        Self { what, object: Some(object.to_string()) }
    }

    pub(super) const fn nothing() -> Self {
        Self { what: "nothing", object: None }
    }

    /// For a call whose endpoint has not said it.
    pub(super) fn guess(method: &Method, status: StatusCode) -> Self {
        let what = match (status.is_success() || status.is_redirection(), method) {
            (false, _) => "refused",
            (true, &Method::GET | &Method::HEAD) => return Self::nothing(),
            (true, _) => "changed something",
        };
        Self { what, object: None }
    }
}

impl Display for Effect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.what)?;
        self.object.as_ref().map_or(Ok(()), |object| write!(out, " {object}"))
    }
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl IntoResponseParts for Effect {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}
