//! How an onboarding stands, in one sentence: why, since when, what happens next by itself and when, and
//! who must act. Times are absolute: the sentence changes when the state does, and not before.

use chrono::{DateTime, SecondsFormat, Utc};

use super::{Health, Onboarding, Status, StuckBecause};

impl Onboarding {
    /// For staff, with times as machines spell them. Never empty.
    pub fn explain(&self, now: DateTime<Utc>) -> String {
        self.explain_with(now, |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
    }

    /// The same with times as the reader is used to them.
    pub fn explain_with(&self, now: DateTime<Utc>, spell: fn(DateTime<Utc>) -> String) -> String {
        let (since, step) = (spell(self.since), self.step().name());
        let overdue = self.stuck_because(now) == Some(StuckBecause::Overdue);
        match &self.status {
            Status::Running if overdue => format!(
                "It should have gone on from the step {step} since {since} and has not: no process has \
                 taken it up, so whoever runs Gangway must look whether its processes are well."
            ),
            Status::Running => format!(
                "Gangway is at the step {step} since {since} and goes on by itself at once; nobody has \
                 to act."
            ),
            Status::Retrying { retry_at, problem } => {
                let (why, at) = (problem.code.in_short(), spell(*retry_at));
                let next = if overdue { "should have been" } else { "is" };
                let who = problem.code.blocker().in_words();
                format!(
                    "The step {step} does not go well since {since} ({why}); it {next} tried again by \
                     itself at {at}, and {who} must act if it stays like that."
                )
            }
            Status::Waiting { deadline, look_at } => {
                let next = look_at.map_or_else(
                    || "nothing happens by itself until they act".to_owned(),
                    |at| format!("it is looked by itself at {} whether they have acted", spell(at)),
                );
                let ends = if *deadline <= now { "ended" } else { "ends" };
                let due = self.requirements();
                let first = due.first().map_or("", |due| due.for_staff.trim_end_matches('.'));
                let more = match due.len() {
                    0 | 1 => String::new(),
                    count => format!(", and {} more", count - 1),
                };
                format!(
                    "It waits for the tenant's people at the step {step} since {since} ({first}{more}); \
                     {next}, and their time {ends} at {}.",
                    spell(*deadline)
                )
            }
            Status::Stuck { problem } => format!(
                "It is stuck at the step {step} since {since} ({}); {} must act, and nothing happens by \
                 itself until it is ordered to go on.",
                problem.code.in_short(),
                problem.code.blocker().in_words(),
            ),
            Status::Live => self.explain_live(&since, &spell(self.next_look_at_live())),
            Status::Cancelled if self.is_offboarded() => format!(
                "It is offboarded since {since}: what it had at Cyclr was taken away, and nothing happens any \
                 more."
            ),
            Status::Cancelled => {
                format!("It is cancelled since {since}, and nothing happens any more.")
            }
        }
    }
}

impl Onboarding {
    fn explain_live(&self, since: &str, look: &str) -> String {
        match (self.health(), self.problem()) {
            (Some(Health::Unhealthy), Some(problem)) => format!(
                "It is live and has not been well since {since} ({}); it is looked at by itself at {look}, and \
                 {} must act if it stays like that.",
                problem.code.in_short(),
                problem.code.blocker().in_words(),
            ),
            (Some(Health::Healthy), _) => format!(
                "It is live and well since {since}, and nobody has to act; it is looked at again at {look}."
            ),
            (Some(Health::Unproven | Health::Unhealthy) | None, _) => format!(
                "It is live since {since}, nothing has shown yet that it works, and nobody has to act; it is \
                 looked at by itself at {look}."
            ),
        }
    }
}
