//! What can go wrong in a call, and the one place that says what follows from it.

use std::time::Duration;

/// A call that did not bring what was asked for. Holds no secret and is safe to show to staff.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Certainly not performed.
    #[error("{call}: not sent: {reason}")]
    Unsent { call: &'static str, reason: NotSent },
    /// Sent, and no complete answer came: performed or not, nobody here knows.
    #[error("{call}: no answer: {cause}")]
    NoAnswer { call: &'static str, mutating: bool, cause: String },
    /// Answered with a status other than success (a redirect included: none is followed).
    #[error("{call}: refused with {status}: {message}")]
    Refused {
        call: &'static str,
        status: u16,
        /// Cyclr's words: at most 300 characters, one line, secrets masked. May be empty.
        message: String,
        /// At most one hour; `None` when absent or not understood.
        retry_after: Option<Duration>,
        mutating: bool,
    },
    /// Answered with success and a body that is not what was asked for.
    #[error("{call}: unreadable answer: {reason}")]
    Unreadable { call: &'static str, mutating: bool, reason: &'static str },
    /// Our own credentials are not accepted: by the token endpoint, or a fresh token by the API.
    #[error("{call}: credentials refused with {status}: {message}")]
    Credentials { call: &'static str, status: u16, message: String },
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    #[error("its turn did not come in time")]
    NoSlot,
    /// Nothing is sent to Cyclr just now, or not more than is sent already.
    #[error("Cyclr is away or overloaded, so calls are held back")]
    HeldBack { for_at_least: Duration },
    #[error("no connection: {0}")]
    NoConnection(String),
    #[error("no access token: {0}")]
    NoToken(String),
    /// A mistake of ours: the request cannot be spelled.
    #[error("the request cannot be built")]
    Unbuildable,
}

/// What follows from a failure. Every retry is decided from this and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Try again after a while.
    Transient,
    /// Try again not before this; not performed.
    Throttled { retry_after: Option<Duration> },
    /// Cyclr was not asked, and nobody is to ask it before this time is over. No failure of the call's.
    HeldBack { for_at_least: Duration },
    /// Our credentials are wrong: a person has to mend them.
    Auth,
    /// Perhaps performed: look before trying again.
    Ambiguous,
    /// The same request would be refused again.
    Permanent,
    /// A mistake of ours.
    Bug,
}

impl Error {
    /// What follows from this failure. A 429 is taken as "not performed"; any other failure on
    /// Cyclr's side of a mutating call may come after the effect.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Unsent { reason: NotSent::Unbuildable, .. } => Fault::Bug,
            Self::Unsent { reason: NotSent::HeldBack { for_at_least }, .. } => {
                Fault::HeldBack { for_at_least: *for_at_least }
            }
            Self::Unsent { .. } => Fault::Transient,
            Self::NoAnswer { mutating, .. } | Self::Unreadable { mutating, .. } => doubt(*mutating),
            Self::Refused { status, retry_after, mutating, .. } => {
                refusal(*status, *retry_after, *mutating)
            }
            Self::Credentials { .. } => Fault::Auth,
        }
    }

    /// The HTTP status, where an answer came that was not a success.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::Credentials { status, .. } => Some(*status),
            Self::Unsent { .. } | Self::NoAnswer { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// Cyclr's own words, where it had any.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Refused { message, .. } | Self::Credentials { message, .. } => {
                (!message.is_empty()).then_some(message)
            }
            Self::Unsent { .. } | Self::NoAnswer { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// Whether an account of this id is there already: 400 with this text was seen (OBS); a 409
    /// is what others would answer (INF). Whose account it is remains to be checked.
    pub fn is_id_in_use(&self) -> bool {
        match self {
            Self::Refused { status: 400 | 409, message, .. } => {
                message.to_ascii_lowercase().contains("id already in use")
            }
            Self::Refused { .. }
            | Self::Unsent { .. }
            | Self::NoAnswer { .. }
            | Self::Unreadable { .. }
            | Self::Credentials { .. } => false,
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        self.status() == Some(404)
    }

    /// What the call log keeps of it.
    pub(super) fn detail(&self) -> Option<String> {
        match self {
            Self::Unsent { reason, .. } => Some(reason.to_string()),
            Self::NoAnswer { cause, .. } => Some(cause.clone()),
            Self::Unreadable { reason, .. } => Some((*reason).to_owned()),
            Self::Refused { .. } | Self::Credentials { .. } => self.message().map(str::to_owned),
        }
    }
}

fn doubt(mutating: bool) -> Fault {
    if mutating { Fault::Ambiguous } else { Fault::Transient }
}

fn refusal(status: u16, retry_after: Option<Duration>, mutating: bool) -> Fault {
    match status {
        429 => Fault::Throttled { retry_after },
        503 if retry_after.is_some() && !mutating => Fault::Throttled { retry_after },
        // 408 is a proxy or server that gave up waiting: what it had done by then is not said.
        408 | 500.. => doubt(mutating),
        _ => Fault::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, seconds: Option<u64>, mutating: bool) -> Fault {
        Error::Refused {
            call: "test",
            status,
            message: String::new(),
            retry_after: seconds.map(Duration::from_secs),
            mutating,
        }
        .fault()
    }

    #[test]
    fn every_refusal_has_one_consequence() {
        let wait = Fault::Throttled { retry_after: Some(Duration::from_secs(7)) };
        for (status, seconds, read, mutation) in [
            (302, None, Fault::Permanent, Fault::Permanent),
            (400, None, Fault::Permanent, Fault::Permanent),
            (403, Some(7), Fault::Permanent, Fault::Permanent),
            (404, None, Fault::Permanent, Fault::Permanent),
            (408, None, Fault::Transient, Fault::Ambiguous),
            (409, None, Fault::Permanent, Fault::Permanent),
            (429, Some(7), wait, wait),
            (500, None, Fault::Transient, Fault::Ambiguous),
            (503, None, Fault::Transient, Fault::Ambiguous),
            (503, Some(7), wait, Fault::Ambiguous),
            (599, None, Fault::Transient, Fault::Ambiguous),
        ] {
            assert_eq!(refused(status, seconds, false), read, "read, {status}");
            assert_eq!(refused(status, seconds, true), mutation, "mutation, {status}");
        }
    }
}
