//! What a handler may fail with, in terms that the caller can act on.

use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::Kind;
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
    /// In how many seconds it may go better.
    pub retry_after: Option<u64>,
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

/// When what does not go right now is worth another try, in seconds.
const SOON: u64 = 3;

impl Error {
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let soon = matches!(kind, Kind::Unavailable | Kind::InFlight);
        let retry_after = soon.then_some(SOON);
        let (fields, detail) = (Vec::new(), detail.into());
        Self { kind, detail, fields, about: None, retry_after, cause: None }
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
            engine::Error::MovedOn => {
                Self::new(Kind::Conflict, "It has moved on since it was looked at.")
            }
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
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
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
