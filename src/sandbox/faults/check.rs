//! What cannot be put on the wire is told at once, not when a call is struck.

use axum::http::HeaderValue;

use super::{Fault, FaultKind};

/// The most that is filled up; beyond it there is the answer that does not end.
const MOST_BYTES: u64 = 1 << 40;

impl Fault {
    /// Whether it can be played, and why not.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.chance.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
            return Err("The chance must be between 0 and 1.".to_owned());
        }
        if !self.path.starts_with('/') {
            return Err("The path must begin with a slash.".to_owned());
        }
        self.kind.check()
    }
}

impl FaultKind {
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::Refuse { status, retry_after, .. } => {
                check_status(*status)?;
                let given = retry_after.as_deref().unwrap_or_default();
                let fits = HeaderValue::from_str(given).is_ok();
                fits.then_some(()).ok_or("The retry_after does not fit into a header.".to_owned())
            }
            Self::Html { status } | Self::Empty { status } => check_status(*status),
            Self::StallBefore { seconds }
            | Self::StallAfter { seconds }
            | Self::Slow { seconds }
            | Self::CommitLate { seconds } => {
                let sane = seconds.is_finite() && *seconds >= 0.0;
                sane.then_some(()).ok_or("The seconds must not be negative.".to_owned())
            }
            Self::Oversized { bytes } => {
                let sane = *bytes <= MOST_BYTES;
                sane.then_some(()).ok_or(format!("At most {MOST_BYTES} bytes; see `huge`."))
            }
            Self::DropBefore
            | Self::LoseAnswer
            | Self::HoldBefore
            | Self::HoldAfter
            | Self::Truncated
            | Self::Reset
            | Self::WrongTypes
            | Self::Huge
            | Self::Drip
            | Self::TokenRevoked => Ok(()),
        }
    }
}

fn check_status(status: u16) -> Result<(), String> {
    let sane = (200..=599).contains(&status);
    sane.then_some(()).ok_or("The status must be between 200 and 599.".to_owned())
}
