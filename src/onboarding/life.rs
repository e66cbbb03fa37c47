//! What becomes of an onboarding after it went live: how its cycles fare, and where Cyclr differs from what is
//! on record here.
//!
//! Nothing is put right by itself but a lost sign-in, which is asked for again: whoever stopped or deleted
//! something at Cyclr may have meant it, so a person decides.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Difference, DriftCode, Event, Gain, Limits, Onboarding, Outcome, Problem, ProblemCode,
    SeenConnector, Slot, Status,
};
use crate::ids::{ConnectorId, CycleId};

/// How soon it is looked for the first time whether something has run.
const FIRST_LOOK: TimeDelta = TimeDelta::minutes(10);
/// After so long without a failure it counts as proven, even if Cyclr shows no run: a cycle that waits for
/// something to happen may have had nothing to do.
const PROOF: TimeDelta = TimeDelta::hours(48);
/// How often a failure is heard of while it is known already.
const HEARD_AGAIN: TimeDelta = TimeDelta::hours(1);
/// A failure that was just heard of is being looked at.
const HEARD_JUST_NOW: TimeDelta = TimeDelta::minutes(1);

/// How a live onboarding fares. Names are added, never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Active, and nothing has shown yet that it works.
    Unproven,
    Healthy,
    /// Something fails, was stopped or is gone; the problem says what.
    Unhealthy,
}

/// What is known of it since it went live. Absent until it was looked at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Life {
    /// When it first went live.
    pub since: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<DateTime<Utc>>,
    /// When everything on record was last compared, mappings and account included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared_at: Option<DateTime<Utc>>,
    pub look_at: DateTime<Utc>,
    /// The next look compares everything: somebody asked for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compare_next: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
}

/// How a cycle has run, as far as it was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// Cyclr's count of errors at the last look.
    #[serde(default)]
    pub errors: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failing: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<HeardError>,
}

/// A failed run that Cyclr told of. A hint: what holds is what a look finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeardError {
    /// Tells one failure from another.
    pub key: String,
    pub at: DateTime<Utc>,
    /// Cyclr's message, in one bounded line.
    pub message: String,
    /// It was looked at since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub looked: bool,
}

/// What a look at a live onboarding has shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    pub account_is_gone: bool,
    /// The cycles on record that were looked at.
    pub cycles: Vec<SeenCycle>,
    pub connectors: Vec<SeenConnector>,
    pub missing_connectors: Vec<ConnectorId>,
    /// Inputs that do not stand as they were written, by template; absent where they were not compared.
    pub mappings: Option<Vec<(usize, Vec<String>)>>,
    pub look_at: DateTime<Utc>,
}

/// A cycle as a look found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenCycle {
    pub slot: usize,
    pub state: CycleState,
    pub last_success_at: Option<DateTime<Utc>>,
    pub errors: i64,
    /// Cyclr's words for the newest failure, where it was asked and has any.
    pub incident: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CycleState {
    /// Active, or done with its single run.
    Fine,
    /// With Cyclr's word for it.
    Stopped(String),
    Gone,
}

impl Health {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unproven => "unproven",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl Life {
    fn begin(since: DateTime<Utc>) -> Self {
        Self {
            since,
            proven_at: None,
            looked_at: None,
            compared_at: None,
            look_at: since + FIRST_LOOK,
            compare_next: false,
            problem: None,
            differences: Vec::new(),
        }
    }
}

/// When a live onboarding is looked at after this look: soon while it is new, rarely once it is proven. The
/// `chance` in 0..1 spreads those that went live together.
pub fn next_look(
    (health, live_for): (Health, TimeDelta),
    usual: TimeDelta,
    chance: f64,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let wait = match health {
        Health::Unproven => (live_for / 2).clamp(FIRST_LOOK, usual),
        Health::Healthy => usual,
        Health::Unhealthy => TimeDelta::hours(1).min(usual),
    };
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a bounded wait")]
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a bounded wait")]
    let spread = (wait.num_milliseconds() as f64 * (0.9 + chance / 5.0)) as i64;
    now + TimeDelta::milliseconds(spread)
}

impl Onboarding {
    /// What a look at a live one comes to: a look that fails changes nothing but when the next one is.
    pub(super) fn live_on(
        &mut self,
        outcome: Outcome,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Option<Event> {
        match outcome {
            Outcome::Done(Gain::Looked(look)) => {
                let event = self.take_look(&look, now);
                self.settle(limits, now);
                if let Some(deadline) = self.status.deadline() {
                    // Reopened: whoever is asked needs a link that is good as long as they have time.
                    self.link.expires_at = self.link.expires_at.max(deadline);
                }
                event
            }
            Outcome::Done(_) => {
                let detail = "a step reported what is no look at a live onboarding";
                self.ail(Problem::with(ProblemCode::InternalFault, detail), now)
            }
            Outcome::Retry { after, .. } | Outcome::HeldBack { after, .. } => {
                self.put_off_look(after, now);
                None
            }
            // Says nothing of this onboarding, and is told of by all that want to go on.
            Outcome::Stuck(Problem { code: ProblemCode::CyclrRefusedCredentials, .. }) => {
                self.put_off_look(TimeDelta::hours(1), now);
                None
            }
            Outcome::Stuck(problem) => self.ail(problem, now),
            Outcome::Ambiguous(_) => {
                let detail = "a look at a live onboarding found several cycles";
                self.ail(Problem::with(ProblemCode::InternalFault, detail), now)
            }
        }
    }

    /// `None` before it is live, and after it was cancelled.
    pub fn health(&self) -> Option<Health> {
        (self.status == Status::Live).then_some(match &self.facts.life {
            Some(Life { problem: Some(_), .. }) => Health::Unhealthy,
            Some(Life { proven_at: Some(_), .. }) => Health::Healthy,
            Some(_) | None => Health::Unproven,
        })
    }

    /// Why it is retrying, stuck, or live and unhealthy.
    pub fn problem(&self) -> Option<&Problem> {
        let of_live = || self.facts.life.as_ref().filter(|_| self.status == Status::Live);
        self.status.problem().or_else(|| of_live()?.problem.as_ref())
    }

    /// When a live onboarding is looked at next.
    pub fn next_look_at_live(&self) -> DateTime<Utc> {
        self.facts.life.as_ref().map_or(self.since + FIRST_LOOK, |life| life.look_at)
    }

    /// Whether it went live at some time.
    pub fn was_live(&self) -> bool {
        self.facts.life.is_some() || self.status == Status::Live
    }

    pub(super) fn life(&mut self) -> &mut Life {
        let since = self.since;
        self.facts.life.get_or_insert_with(|| Life::begin(since))
    }

    /// Takes in what a look at a live onboarding has shown. A lost sign-in reopens it.
    pub(super) fn take_look(&mut self, look: &Look, now: DateTime<Utc>) -> Option<Event> {
        let before =
            (self.health(), self.facts.life.as_ref().and_then(|life| life.problem.clone()));
        self.life();
        let seen = self.see(look.connectors.clone(), now);
        if let Some(Event::ConnectionsSeen { lost, .. }) = &seen
            && !lost.is_empty()
        {
            let connectors = lost.clone();
            self.reopen(now);
            return Some(Event::ReauthorizationRequired { connectors, reason: None });
        }
        self.note_runs(look, now);
        self.note_differences(look);
        let problem = self.what_ails_it(look);
        let ran = self.facts.slots.iter().any(Slot::has_succeeded);
        let life = self.life();
        life.problem = problem;
        life.looked_at = Some(now);
        life.look_at = look.look_at;
        if look.mappings.is_some() {
            (life.compared_at, life.compare_next) = (Some(now), false);
        }
        if life.problem.is_none() && (ran || now - life.since >= PROOF) {
            life.proven_at.get_or_insert(now);
        }
        let after = life.problem.clone();
        let health = self.health()?;
        if (Some(health), &after) == (before.0, &before.1) {
            return None;
        }
        if after.is_some() != before.1.is_some() {
            // How long it has been like this is what people want to know now.
            self.since = now;
        }
        let (problem, detail) = after.map_or((None, None), |p| (Some(p.code.name()), p.detail));
        Some(Event::HealthChanged {
            health: health.name().to_owned(),
            problem: problem.map(str::to_owned),
            detail,
        })
    }

    /// A sign-in is needed again, under the same ids and with a new link. What Cyclr stopped for the want of it
    /// is looked at, and started again, before it counts as live.
    pub(super) fn reopen(&mut self, now: DateTime<Utc>) {
        for slot in self.facts.slots.iter_mut().filter(|slot| !slot.is_done_with()) {
            slot.active.note(false);
        }
        let life = self.life();
        life.problem = None;
        life.differences.clear();
        life.look_at = now + FIRST_LOOK;
        self.link.generation = self.link.generation.saturating_add(1);
        self.tries = 0;
        self.status = Status::Running;
    }

    /// A look that could not be made, or made no sense: the next one is later, and nothing else changes.
    pub(super) fn put_off_look(&mut self, after: TimeDelta, now: DateTime<Utc>) {
        self.life().look_at = now + after.max(TimeDelta::minutes(1));
    }

    /// Something that only a person can mend keeps it from being looked at.
    pub(super) fn ail(&mut self, problem: Problem, now: DateTime<Utc>) -> Option<Event> {
        let known = self.problem() == Some(&problem);
        let was_well = self.problem().is_none();
        let life = self.life();
        life.problem = Some(problem.clone());
        life.look_at = now + TimeDelta::hours(1);
        if known {
            return None;
        }
        if was_well {
            self.since = now;
        }
        Some(Event::HealthChanged {
            health: Health::Unhealthy.name().to_owned(),
            problem: Some(problem.code.name().to_owned()),
            detail: problem.detail,
        })
    }

    /// Cyclr tells of a failed run. `None`: it is known, or being looked at already.
    pub(super) fn hear_of_error(
        &mut self,
        cycle: CycleId,
        error: HeardError,
        now: DateTime<Utc>,
    ) -> Option<Event> {
        let is_failing = self.health() == Some(Health::Unhealthy);
        let places = self.facts.slots.iter_mut().enumerate();
        let (template, slot) = places.into_iter().find(|(_, slot)| slot.cycle == Some(cycle))?;
        let runs = slot.runs.get_or_insert_default();
        if let Some(heard) = &runs.heard {
            let pause = if is_failing { HEARD_AGAIN } else { HEARD_JUST_NOW };
            if heard.key == error.key || now - heard.at < pause {
                return None;
            }
        }
        let message = error.message.clone();
        runs.heard = Some(error);
        let life = self.life();
        life.look_at = life.look_at.min(now);
        Some(Event::RunFailed { template, message })
    }

    fn note_runs(&mut self, look: &Look, now: DateTime<Utc>) {
        for seen in &look.cycles {
            let Some(slot) = self.facts.slots.get_mut(seen.slot) else { continue };
            let runs = slot.runs.get_or_insert_default();
            let heard = runs.heard.as_ref().is_some_and(|heard| !heard.looked);
            let grew = seen.errors > runs.errors;
            let succeeded = seen.last_success_at > runs.last_success_at;
            runs.failing = if grew || (heard && seen.incident.is_some()) {
                true
            } else {
                runs.failing && !succeeded
            };
            // Cleared at Cyclr, it begins anew.
            runs.errors = seen.errors;
            // A clock of theirs that runs ahead of ours must not hide every later run.
            runs.last_success_at =
                seen.last_success_at.map(|at| at.min(now)).max(runs.last_success_at);
            if let Some(heard) = &mut runs.heard {
                heard.looked = true;
            }
        }
    }

    fn note_differences(&mut self, look: &Look) {
        let found = self.find_differences(look);
        let known = std::mem::take(&mut self.life().differences);
        let compared = look.mappings.is_some();
        let kept = known.iter().filter(|known| {
            // What this look did not compare stands as it was.
            !compared && known.code == DriftCode::MappingChanged
        });
        let mut differences: Vec<_> = kept.cloned().collect();
        differences.extend(found.into_iter().map(|mut difference| {
            difference.ignored =
                known.iter().any(|known| known.ignored && known.is_same(&difference));
            difference
        }));
        self.life().differences = differences;
    }

    /// The first thing that somebody has to look at.
    fn what_ails_it(&self, look: &Look) -> Option<Problem> {
        let life = self.facts.life.as_ref()?;
        if let Some(difference) = life.differences.iter().find(|difference| !difference.ignored) {
            return Some(Problem::with(difference.code.problem(), difference.tell()));
        }
        let (place, slot) =
            self.facts.slots.iter().enumerate().find(|(_, slot)| slot.is_failing())?;
        let incident = look.cycles.iter().find(|seen| seen.slot == place)?.incident.clone();
        let heard = slot.runs.as_ref().and_then(|runs| Some(runs.heard.as_ref()?.message.clone()));
        let words = incident.or(heard).or_else(|| life.problem.as_ref()?.detail.clone());
        Some(Problem { code: ProblemCode::RunsFailing, detail: words })
    }
}
