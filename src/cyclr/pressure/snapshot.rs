//! How things stand, for metrics and readiness.

use std::time::Duration;

/// Where the breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PressureState {
    /// All is well.
    Closed,
    /// Nothing is sent: the host is away, or asked us to wait.
    Open,
    /// The next call, or the one under way, finds out whether the host is back.
    HalfOpen,
    /// Calls pass at a measured pace.
    Recovering,
}

impl PressureState {
    pub const ALL: [Self; 4] = [Self::Closed, Self::Open, Self::HalfOpen, Self::Recovering];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::Recovering => "recovering",
        }
    }
}

/// The pressure on the host at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Pressure {
    pub state: PressureState,
    /// For how long nothing will be sent.
    pub for_at_least: Option<Duration>,
    /// Calls that may be under way at once.
    pub limit: usize,
    pub under_way: usize,
    /// Calls that wait in place for their turn.
    pub waiting: usize,
    /// Calls per second, smoothed, while all was well.
    pub steady_rate: f64,
    /// Calls per second that are let through, while recovering.
    pub pace: Option<f64>,
}
