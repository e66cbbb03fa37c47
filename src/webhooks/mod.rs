//! The doorbell: tells the integrator of changes, by Standard Webhooks 1.0.
//!
//! Uses `clock`, `ids`, `secret`, `telemetry`, `onboarding` and `store`.
//!
//! What always holds:
//! - What is told was written with the change it tells of, and is spread to the endpoints in one
//!   transaction: once for each, whoever dies. It is sent at least once, always under the same id.
//! - No database connection is held while a receiver is waited for: lease, send, keep.
//! - Each endpoint has its own places. One that hangs takes up its own and nobody else's.
//! - An address is judged when it is given and again when it is dialled, in the form that the network
//!   stack sees; that very address is dialled. No redirects, no proxies.
//! - Secrets and whatever shows one are sealed before they are written; links are put in when a
//!   message is sent.
//! - Messages of one onboarding are sent in order until one of them fails; from then on the sequence
//!   number tells.
//!
//! Decided against: a queue per onboarding (one message that a receiver cannot take would hold all
//! later ones back), deliveries by the process that made the change (it may be gone), a client crate
//! for the signatures (it is one HMAC; the tests ask a foreign verifier).

mod address;
mod deliverer;
mod dial;
mod endpoints;
mod schedule;
mod send;
mod signature;

use std::time::Duration;

use chrono::TimeDelta;

pub use address::{Refusal, check_address, is_public};
pub use deliverer::{Deliverer, Linked, Spelled, Words};
pub use dial::{DialError, dial};
pub use endpoints::{Endpoints, Once, Ordered, Resealed};
pub use schedule::{DELAYS, parse_retry_after};
pub use signature::{sign, spell_secret};

/// What an endpoint may ask for, and what each of it tells.
pub const EVENT_KINDS: [(&str, &str); 14] = [
    ("onboarding.started", "An onboarding was started."),
    ("onboarding.running", "It goes on: Gangway does the next step."),
    ("onboarding.retrying", "Something passing went wrong; it is tried again by itself."),
    ("onboarding.waiting", "The tenant's people have to do something; requirements say what."),
    ("onboarding.stuck", "Somebody has to look: the problem says who and what to do."),
    ("onboarding.live", "All of it is done and the integration is active."),
    ("onboarding.healthy", "It is live, and something has shown that it works, or works again."),
    ("onboarding.unhealthy", "It is live, and something fails, was stopped or is gone."),
    ("onboarding.cancelled", "It was given up, or taken away."),
    ("onboarding.offboarded", "What it had at Cyclr was taken away."),
    ("onboarding.link_requested", "Somebody holds a link that has ended, and asks for a new one."),
    ("connection.succeeded", "Somebody has connected an account; connections say which are there."),
    (
        "connection.failed",
        "A credential was not taken, a sign-in was not finished in time, or a connection is lost.",
    ),
    (DISABLED, "Another endpoint was disabled because it took nothing."),
];
/// Tells the other endpoints that one was disabled without anybody's order.
pub const DISABLED: &str = "webhook_endpoint.disabled";
/// Whether an endpoint may ask for this.
pub fn is_event_kind(kind: &str) -> bool {
    EVENT_KINDS.iter().any(|(known, _)| *known == kind)
}

/// Sent to one endpoint on request, whatever it asked for.
pub const TEST: &str = "webhook_endpoint.test";

#[derive(Debug, Clone)]
pub struct Settings {
    /// Total time of one attempt.
    pub timeout: Duration,
    /// Attempts under way at once to one endpoint, by one process.
    pub at_once: u16,
    /// How often the tables are looked at when nobody says that something is due.
    pub poll: Duration,
    /// How long an endpoint may fail without a success before it is disabled.
    pub give_up_after: TimeDelta,
    /// How long messages and their deliveries are kept.
    pub keep: TimeDelta,
    /// Plain http, and addresses of private networks. For development.
    pub insecure: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            at_once: 16,
            poll: Duration::from_secs(1),
            give_up_after: TimeDelta::days(5),
            keep: TimeDelta::days(30),
            insecure: false,
        }
    }
}

impl Settings {
    /// How long an attempt belongs to the process that makes it.
    fn lease(&self) -> Duration {
        self.timeout * 2 + Duration::from_secs(20)
    }
}
