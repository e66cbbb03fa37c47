//! What the end of an exchange says about the host.

use std::time::Duration;

use super::super::error::{Error, NotSent};
use super::super::lenient::CUT_OR_FOREIGN;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// The host answers for itself, also where it refuses.
    Alive,
    /// The host is away or overwhelmed.
    Failed,
    /// Nobody asked it, or nobody waited for the answer.
    Nothing,
}

/// What an outcome is to the limit, the breaker and the hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cyclr) struct Verdict {
    pub(super) sign: Sign,
    pub(super) overload: bool,
    pub(super) hold: Option<Duration>,
}

impl Verdict {
    pub(super) const NOTHING: Self = Self { sign: Sign::Nothing, overload: false, hold: None };
    pub(super) const ALIVE: Self = Self { sign: Sign::Alive, overload: false, hold: None };
    const AWAY: Self = Self { sign: Sign::Failed, overload: true, hold: None };

    pub(in crate::cyclr) fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Err(
                Error::Unsent { reason: NotSent::NoConnection(_), .. } | Error::NoAnswer { .. },
            ) => Self::AWAY,
            Err(Error::Unsent { .. }) => Self::NOTHING,
            Err(Error::Refused { status, retry_after, .. }) => {
                Self::of_status(*status, *retry_after)
            }
            // A proxy's page. JSON of another shape is an answer, if a strange one.
            Err(Error::Unreadable { reason, .. }) if CUT_OR_FOREIGN.contains(reason) => {
                Self { overload: false, ..Self::AWAY }
            }
            Ok(_) | Err(Error::Unreadable { .. } | Error::Credentials { .. }) => Self::ALIVE,
        }
    }

    fn of_status(status: u16, retry_after: Option<Duration>) -> Self {
        match status {
            429 => Self { overload: true, hold: retry_after, ..Self::ALIVE },
            503 => Self { hold: retry_after, ..Self::AWAY },
            408 | 502 | 504 => Self::AWAY,
            // A mistake of the host's, perhaps of one call only: the share of such answers decides.
            500.. => Self { overload: false, ..Self::AWAY },
            _ => Self::ALIVE,
        }
    }

    pub(in crate::cyclr) fn is_failure(self) -> bool {
        self.sign == Sign::Failed
    }
}
