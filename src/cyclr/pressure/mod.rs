//! How much this process asks of one Cyclr host, and when it asks nothing.
//!
//! One gate for everything that the process runs: it stands in front of each exchange.
//! - **Limit.** Calls under way at once: more while all is well, half after a sign of overload.
//! - **Breaker.** After a run of failures of the host nothing is sent for a while; then one probe.
//! - **Hold.** What one call is told by `Retry-After` holds for all.
//! - **Pace.** After an outage calls pass one by one, at no more than twice the rate from before.
//!
//! What always holds: every decision is a pure function of what was seen, the time and a number drawn
//! by chance (`governor` and what it is made of); `gate` waits and counts and decides nothing. A permit
//! is given back on every path, also when its future is dropped, and a drop says nothing about the
//! host. Those who wait pass in the order in which they came, but what goes on with something, or has a
//! person waiting, before what only begins (for a while: see `line`). Whoever is not let through is told when
//! to come back, each one later than the one before.
//!
//! Decided against: a breaker per account or per call (it is the host that is away), and probing with
//! a caller's own call (what is in doubt after a failed probe would be an onboarding).

mod breaker;
mod gate;
mod governor;
mod limit;
mod line;
mod pacer;
mod settings;
mod snapshot;
mod verdict;

#[cfg(test)]
mod tests;

pub use settings::PressureSettings;
pub use snapshot::{Pressure, PressureState};

pub(super) use gate::{Caller, Gate, Permit};
pub(super) use verdict::Verdict;
