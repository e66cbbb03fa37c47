//! What a handler may fail with, in terms that the caller can act on.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::{engine, store};

/// A failure without a body; the router it stands in dresses it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind:?}: {detail}")]
pub struct Error {
    pub kind: Kind,
    /// What happened and what to do, for whoever sent the request.
    pub detail: String,
    /// Which fields are wrong, where it is about fields.
    pub fields: Vec<FieldMistake>,
    /// The onboarding that it is about, as far as whoever asked may see it.
    pub about: Option<Arc<AboutOnboarding>>,
    /// For the log only.
    pub cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// Which onboarding a failure is about, and how it stands now.
#[derive(Debug, Clone)]
pub struct AboutOnboarding {
    /// The short code that people read out.
    pub reference: String,
    /// As the door shows it.
    pub shown: serde_json::Value,
}

/// One field of a request that will not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldMistake {
    /// A JSON pointer, or the name of a query parameter or form field.
    pub pointer: String,
    pub reason: String,
}

/// What kind of failure it is. Codes are stable: added, never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Malformed,
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    WrongMethod,
    Conflict,
    KeyReused,
    /// The same request is being carried out right now.
    InFlight,
    TooLarge,
    WrongMediaType,
    TimedOut,
    Unavailable,
    Upstream,
    Internal,
    /// A page's form that was not sent by one of our pages.
    NotFromHere,
}

impl Kind {
    pub const ALL: [Self; 16] = [
        Self::Malformed,
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::WrongMethod,
        Self::Conflict,
        Self::KeyReused,
        Self::InFlight,
        Self::TooLarge,
        Self::WrongMediaType,
        Self::TimedOut,
        Self::Unavailable,
        Self::Upstream,
        Self::Internal,
        Self::NotFromHere,
    ];

    /// Status, stable code, and a title in words.
    const fn entry(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => {
                (StatusCode::BAD_REQUEST, "malformed", "The request could not be read")
            }
            Self::Invalid => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request has invalid fields")
            }
            Self::Unauthenticated => {
                (StatusCode::UNAUTHORIZED, "unauthenticated", "A valid API key is needed")
            }
            Self::Forbidden => {
                (StatusCode::FORBIDDEN, "forbidden", "The API key is not good for this")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is nothing here"),
            Self::WrongMethod => {
                (StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "This method is not offered here")
            }
            Self::Conflict => {
                (StatusCode::CONFLICT, "conflict", "The present state does not allow this")
            }
            Self::KeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "The idempotency key was used for another request",
            ),
            Self::InFlight => (
                StatusCode::CONFLICT,
                "idempotency_in_flight",
                "The same request is being carried out",
            ),
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too large")
            }
            Self::WrongMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "wrong_media_type",
                "The request has the wrong content type",
            ),
            Self::TimedOut => {
                (StatusCode::REQUEST_TIMEOUT, "timed_out", "The request took too long")
            }
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The service cannot answer right now",
            ),
            Self::Upstream => {
                (StatusCode::BAD_GATEWAY, "upstream", "The integration service did not answer")
            }
            Self::Internal => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something failed on our side")
            }
            Self::NotFromHere => {
                (StatusCode::FORBIDDEN, "not_from_here", "This form was not sent from our page")
            }
        }
    }

    pub const fn status(self) -> StatusCode {
        self.entry().0
    }

    pub const fn code(self) -> &'static str {
        self.entry().1
    }

    pub const fn title(self) -> &'static str {
        self.entry().2
    }
}

impl Error {
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), fields: Vec::new(), about: None, cause: None }
    }

    /// The same answer for what does not exist and for what is somebody else's.
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "It does not exist, or it is not yours to see.")
    }

    pub fn invalid(fields: Vec<FieldMistake>) -> Self {
        let detail = "Correct the fields that are listed and send the request again.";
        Self { fields, ..Self::new(Kind::Invalid, detail) }
    }

    /// Nothing of the cause is shown; it is logged once, under the request's id.
    pub fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        let detail = "Nothing was lost. Try again; if it stays, tell support the request id.";
        Self { cause: Some(Arc::new(cause)), ..Self::new(Kind::Internal, detail) }
    }

    fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        let detail = "The database did not answer. What was confirmed before is safe; whether this \
                      request was carried out is not known. Send it again in a few seconds, or look.";
        Self { cause: Some(Arc::new(cause)), ..Self::new(Kind::Unavailable, detail) }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict => Self::new(
                Kind::Conflict,
                "It was changed by somebody else at the same moment. Read it again and decide anew.",
            ),
            store::Error::Inconsistent { .. } => Self::internal(error),
            store::Error::Database(_) => Self::unavailable(error),
        }
    }
}

impl From<store::OnceError> for Error {
    fn from(error: store::OnceError) -> Self {
        match error {
            store::OnceError::KeyReused => Self::new(
                Kind::KeyReused,
                "Use a fresh Idempotency-Key for a request with another body.",
            ),
            store::OnceError::InFlight => Self::new(
                Kind::InFlight,
                "A request with this Idempotency-Key is under way. Send it again in a moment for its \
                 answer.",
            ),
            store::OnceError::Store(error) => error.into(),
        }
    }
}

impl From<store::StartError> for Error {
    fn from(error: store::StartError) -> Self {
        match error {
            store::StartError::Once(error) => error.into(),
            store::StartError::Raced | store::StartError::ReferenceTaken => {
                store::Error::Conflict.into()
            }
            store::StartError::AccountDiffers | store::StartError::AccountOfAnother => {
                Self::new(Kind::Conflict, format!("It cannot be started: {error}."))
            }
            store::StartError::Store(error) => error.into(),
        }
    }
}

impl From<engine::Error> for Error {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::Unknown => Self::not_found(),
            engine::Error::Invalid(why) => Self::new(Kind::Conflict, why.reason),
            engine::Error::Start(error) => error.into(),
            engine::Error::Once(error) => error.into(),
            engine::Error::Store(error) => error.into(),
            engine::Error::Cyclr(_) => {
                let detail = "The integration service did not do what was asked. Nothing was lost; \
                              try again in a moment.";
                Self { cause: Some(Arc::new(error)), ..Self::new(Kind::Upstream, detail) }
            }
        }
    }
}

impl IntoResponse for Error {
    /// Without a body: the failure itself travels in the extensions to the layer that dresses it.
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        if matches!(self.kind, Kind::Unavailable | Kind::InFlight) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("3"));
        }
        if self.kind == Kind::Unauthenticated {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
