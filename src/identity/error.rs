//! Why nobody was proven.

use openidconnect::{ClaimsVerificationError, DiscoveryError, RequestTokenError, UserInfoError};

use super::http::HttpError;

/// For the log; people are told by whoever asked.
type Cause = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the identity provider did not answer")]
    Away(#[source] Cause),
    #[error("the identity provider said something else than was asked")]
    Unreadable(#[source] Cause),
    /// The code is used or old, or we are not registered as we think.
    #[error("the identity provider did not take the code")]
    Refused(#[source] Cause),
    #[error("the identity token does not hold")]
    Untrue(#[source] Cause),
    /// Wanted was a sign-in of just now.
    #[error("the identity token tells of no fresh sign-in")]
    Stale(#[source] Cause),
}

impl From<DiscoveryError<HttpError>> for Error {
    fn from(error: DiscoveryError<HttpError>) -> Self {
        if matches!(error, DiscoveryError::Request(_) | DiscoveryError::Response(..)) {
            Self::Away(error.into())
        } else {
            Self::Unreadable(error.into())
        }
    }
}

impl<T: openidconnect::ErrorResponse + 'static> From<RequestTokenError<HttpError, T>> for Error
where
    RequestTokenError<HttpError, T>: Send + Sync,
{
    fn from(error: RequestTokenError<HttpError, T>) -> Self {
        match error {
            RequestTokenError::ServerResponse(_) => Self::Refused(error.into()),
            RequestTokenError::Request(HttpError::Http(_)) => Self::Away(error.into()),
            // The answer itself is not for the log, and neither is what of it does not fit.
            RequestTokenError::Parse(error, _) => {
                Self::Unreadable(format!("it cannot be read at {}", error.path()).into())
            }
            RequestTokenError::Request(HttpError::TooLarge) | RequestTokenError::Other(_) => {
                Self::Unreadable(error.into())
            }
        }
    }
}

impl From<UserInfoError<HttpError>> for Error {
    fn from(error: UserInfoError<HttpError>) -> Self {
        if matches!(error, UserInfoError::Request(_)) {
            Self::Away(error.into())
        } else {
            Self::Unreadable(error.into())
        }
    }
}

impl From<ClaimsVerificationError> for Error {
    fn from(error: ClaimsVerificationError) -> Self {
        if matches!(error, ClaimsVerificationError::InvalidAuthTime(_)) {
            Self::Stale(error.into())
        } else {
            Self::Untrue(error.into())
        }
    }
}
