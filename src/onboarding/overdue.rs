//! What needs a look although its status does not say so: the one definition of "stuck".

use chrono::{DateTime, TimeDelta, Utc};

use super::{Onboarding, Status};

/// Why an onboarding counts as stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StuckBecause {
    /// Retries are used up, or a problem needs a person of the integrator.
    Problem,
    /// The tenant's people have let their time go by.
    DeadlinePassed,
    /// It should have gone on by itself, and has not.
    Overdue,
    /// Live, and something fails, was stopped or is gone.
    Unhealthy,
}

impl StuckBecause {
    /// How late an own action may be before somebody should look: longer than any lease and any
    /// pause of a process that restarts.
    pub const LATE: TimeDelta = TimeDelta::minutes(15);

    pub const fn name(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::DeadlinePassed => "deadline_passed",
            Self::Overdue => "overdue",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl Onboarding {
    /// The statement that lists use (`store/lists/check.sql`) says the same; a test holds both
    /// together.
    pub fn stuck_because(&self, now: DateTime<Utc>) -> Option<StuckBecause> {
        let late = now - StuckBecause::LATE;
        match &self.status {
            Status::Stuck { .. } => Some(StuckBecause::Problem),
            Status::Waiting { deadline, .. } => {
                (*deadline <= now).then_some(StuckBecause::DeadlinePassed)
            }
            Status::Retrying { retry_at, .. } => {
                (*retry_at <= late).then_some(StuckBecause::Overdue)
            }
            Status::Running => (self.since <= late).then_some(StuckBecause::Overdue),
            Status::Live => self.problem().map(|_| StuckBecause::Unhealthy),
            Status::Cancelled => None,
        }
    }
}
