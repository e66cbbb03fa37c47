//! What happened to an onboarding and what was said to Cyclr, as a tree: each change with its calls.

use chrono::{DateTime, Utc};

use super::words::Moment;
use crate::onboarding::Onboarding;
use crate::store::{JournalLine, KeptCall};

/// A change, with the calls that led to it.
pub(super) struct Entry {
    pub(super) at: Moment,
    pub(super) actor: String,
    pub(super) sentence: String,
    pub(super) step: String,
    /// Whether the step is another one than in the entry before.
    pub(super) begins_step: bool,
    pub(super) calls: Vec<Call>,
    pub(super) has_failures: bool,
}

pub(super) struct Call {
    pub(super) at: String,
    pub(super) name: String,
    pub(super) method: String,
    pub(super) path: String,
    /// Cyclr's status, or what came instead of one.
    pub(super) result: String,
    pub(super) is_failure: bool,
    pub(super) ms: u128,
    pub(super) message: Option<String>,
}

/// Oldest first, as it happened.
pub(super) fn tell(
    onboarding: &Onboarding,
    lines: Vec<JournalLine>,
    now: DateTime<Utc>,
) -> Vec<Entry> {
    let mut step = String::new();
    lines
        .into_iter()
        .map(|line| {
            let begins_step = line.step != step;
            step.clone_from(&line.step);
            let calls: Vec<_> = line.calls.into_iter().map(Call::from).collect();
            Entry {
                at: Moment::new(line.at, now),
                sentence: line.event.tell(&onboarding.facts),
                actor: line.actor,
                step: super::words::plain(&line.step),
                begins_step,
                has_failures: calls.iter().any(|call| call.is_failure),
                calls,
            }
        })
        .collect()
}

impl From<KeptCall> for Call {
    fn from(call: KeptCall) -> Self {
        let went_well = call.outcome == "ok";
        Self {
            at: call.at.format("%H:%M:%S%.3f").to_string(),
            name: call.name,
            method: call.method,
            path: call.path,
            result: match call.status {
                Some(status) if went_well => status.to_string(),
                Some(status) => format!("{status} {}", super::words::plain(&call.outcome)),
                None => super::words::plain(&call.outcome),
            },
            is_failure: !went_well,
            ms: call.duration.as_millis(),
            message: call.message,
        }
    }
}
