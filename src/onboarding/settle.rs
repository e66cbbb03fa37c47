//! What follows from the facts and from a failure: who is next, until when, and when to look again.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Event, InstallIntent, Limits, Onboarding, Problem, ProblemCode, Status, StepKind};

impl Onboarding {
    /// Derives the status from the facts: who is next, and until when.
    pub(super) fn settle(&mut self, limits: &Limits, now: DateTime<Utc>) {
        let (step, slot) = self.facts.position();
        if step == StepKind::Install {
            // Durable with this change, so that whoever installs finds when it was first meant to.
            self.facts.slots[slot]
                .install
                .get_or_insert(InstallIntent { at: now, doubted_at: None });
        }
        let person_is_next = match step {
            StepKind::Connect => {
                let mut open = self.facts.connections.iter().filter(|c| c.is_to_connect());
                open.all(|connection| connection.waits_for_person() && !connection.to_renew)
            }
            StepKind::Map => self.facts.open_questions().next().is_some(),
            StepKind::CreateAccount
            | StepKind::Install
            | StepKind::Activate
            | StepKind::Live
            | StepKind::Offboard => false,
        };
        let removed =
            self.facts.offboarding.is_some_and(|offboarding| offboarding.done_at.is_some());
        self.status = if step == StepKind::Live {
            Status::Live
        } else if removed {
            Status::Cancelled
        } else if person_is_next {
            Status::Waiting {
                deadline: self.status.deadline().unwrap_or(now + limits.waiting()),
                look_at: self.next_look(now),
            }
        } else {
            Status::Running
        };
    }

    pub(super) fn put_off(
        &mut self,
        after: TimeDelta,
        problem: Problem,
        doubt: bool,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Option<Event> {
        if let Status::Waiting { deadline, .. } = self.status {
            // A look that failed changes nothing for the person who is asked. We look again in the
            // attempt's own rhythm, and no longer than it is open.
            let look_at = self.next_look(now).map(|at| at.max(now + after));
            self.status = Status::Waiting { deadline, look_at };
            return None;
        }
        if doubt {
            self.doubt(now);
        }
        self.tries = self.tries.saturating_add(1);
        let step = self.step();
        // While it is retrying, `since` is when that began. Holding back does not count as trying.
        let tried = |known: &Problem| known.code != ProblemCode::CyclrPaused;
        let too_long = matches!(&self.status, Status::Retrying { problem, .. } if tried(problem))
            && now - self.since >= limits.retrying(step);
        if self.tries >= limits.tries(step) || too_long {
            return Some(self.get_stuck(problem));
        }
        let event = Event::RetryPlanned {
            problem: problem.code.name().to_owned(),
            detail: problem.detail.clone(),
            tries: self.tries,
            after_seconds: after.num_seconds(),
            doubted: doubt,
        };
        self.status = Status::Retrying { problem, retry_at: now + after };
        Some(event)
    }

    /// Like [`Self::put_off`] without a try: nobody was asked. Told once, however often it goes on.
    pub(super) fn hold_back(
        &mut self,
        after: TimeDelta,
        problem: Problem,
        now: DateTime<Utc>,
    ) -> Option<Event> {
        if let Status::Waiting { deadline, .. } = self.status {
            let look_at = self.next_look(now).map(|at| at.max(now + after));
            self.status = Status::Waiting { deadline, look_at };
            return None;
        }
        let told = self.status.problem().is_some_and(|known| known.code == problem.code);
        let event = (!told).then(|| Event::HeldBack {
            problem: problem.code.name().to_owned(),
            detail: problem.detail.clone(),
            after_seconds: after.num_seconds(),
        });
        self.status = Status::Retrying { problem, retry_at: now + after };
        event
    }

    /// Notes that the change which is next may have taken effect already.
    pub(super) fn doubt(&mut self, now: DateTime<Utc>) {
        let (step, slot) = self.facts.position();
        let Some(slot) = self.facts.slots.get_mut(slot) else { return };
        match step {
            StepKind::CreateAccount => {
                self.facts.account_doubted_at = self.facts.account_doubted_at.max(Some(now));
            }
            StepKind::Install => {
                if let Some(intent) = &mut slot.install {
                    intent.doubted_at = intent.doubted_at.max(Some(now));
                }
            }
            StepKind::Activate => {
                slot.activation_doubted.note(true);
                slot.activation_doubted_at = slot.activation_doubted_at.max(Some(now));
            }
            // Repeating these changes nothing.
            StepKind::Connect | StepKind::Map | StepKind::Live | StepKind::Offboard => {}
        }
    }

    /// When to look next whether somebody came through; `None` while nobody is on the way.
    pub(super) fn next_look(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let attempts = self.facts.connections.iter().filter(|c| c.is_open());
        attempts.filter_map(|c| c.attempt.and_then(|attempt| attempt.next_look(now))).min()
    }

    pub(super) fn get_stuck(&mut self, problem: Problem) -> Event {
        let event = Event::BecameStuck {
            problem: problem.code.name().to_owned(),
            detail: problem.detail.clone(),
        };
        self.status = Status::Stuck { problem };
        event
    }
}
