//! The times and rates by which the pressure is controlled.

use std::time::Duration;

/// The defaults suit a host on the internet; tests use shorter ones.
#[derive(Debug, Clone, PartialEq)]
pub struct PressureSettings {
    /// How long nothing is sent after the breaker opened; doubled each time that it did not help.
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// What one call is told by `Retry-After` holds for all the others for no longer than this.
    pub longest_hold: Duration,
    /// How long a call waits in place for its turn; whoever would wait longer is to come back.
    pub patience: Duration,
    /// Calls per second that are let through after an outage however quiet it was before it.
    pub least_rate: f64,
    /// Recovery is over once nobody had to wait for a turn for as long.
    pub calm: Duration,
    /// After so much recovery without a failure, more than twice the rate from before is risked.
    pub trust_after: Duration,
    /// How often the most that is risked doubles from then on.
    pub doubling: Duration,
    /// A few failures in a row open the breaker when they spread over as long: few calls are made at
    /// night, and those few must not use up their tries.
    pub lull: Duration,
}

impl Default for PressureSettings {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_mins(1),
            // As far as the header is believed at all.
            longest_hold: Duration::from_hours(1),
            patience: Duration::from_secs(1),
            least_rate: 10.0,
            calm: Duration::from_secs(5),
            trust_after: Duration::from_mins(1),
            doubling: Duration::from_secs(30),
            lull: Duration::from_secs(5),
        }
    }
}
