//! One file per step. Each looks, decides, acts; the decision is pure where it is more than a line.
//!
//! A step translates between what Cyclr says and what an onboarding is, which do not know each other.
//! What follows from a failed call is decided here, once, from [`cyclr::Fault`].

mod activate;
mod connect;
mod create_account;
mod install;
mod live;
mod map;
mod offboard;
mod surplus;

use chrono::{DateTime, TimeDelta, Utc};

pub(super) use connect::{auth_kind, seen};
pub(super) use map::read_targets;

use super::ahead::Ahead;
use super::{Engine, Settings, ownership};
use crate::cyclr::{self, CallLog, Fault};
use crate::ids::CycleId;
use crate::onboarding::{
    Blueprint, Onboarding, Outcome, Problem, ProblemCode, Slot, StepKind, TemplatePlan, retry_delay,
};
use crate::store::{self, Leased, Store};

/// What a step may use.
pub(super) struct StepContext<'a> {
    engine: &'a Engine,
    onboarding: &'a Onboarding,
    blueprint: &'a Blueprint,
    /// Which template of the blueprint, where the step is about one.
    slot: usize,
    log: &'a CallLog,
    now: DateTime<Utc>,
    /// An earlier worker took this over and vanished.
    takeover: bool,
    leased: &'a Leased,
}

/// Why a step could not even come to a decision.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Cyclr(#[from] cyclr::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The lease is nearly over, and nothing was begun.
    #[error("the step took too long")]
    OutOfTime,
    /// The facts lack what an earlier step must have brought.
    #[error("the facts lack {0}")]
    Lacking(&'static str),
}

/// Runs the step that is next. `ahead` is what was read for it already.
pub(super) async fn run(context: &StepContext<'_>, ahead: Option<Ahead>) -> Outcome {
    let step = context.onboarding.step();
    let outcome = match step {
        // Each by itself on the heap: thousands wait at one step and need no room for the largest.
        StepKind::CreateAccount => Box::pin(create_account::run(context)).await,
        StepKind::Install => Box::pin(install::run(context)).await,
        StepKind::Connect => Box::pin(connect::run(context)).await,
        StepKind::Map => Box::pin(map::run(context, ahead)).await,
        StepKind::Activate => Box::pin(activate::run(context)).await,
        StepKind::Live => Box::pin(live::run(context)).await,
        StepKind::Offboard => Box::pin(offboard::run(context)).await,
    };
    outcome.unwrap_or_else(|trouble| context.outcome_of(step, trouble))
}

impl<'a> StepContext<'a> {
    pub(super) fn new(engine: &'a Engine, leased: &'a Leased, log: &'a CallLog) -> Self {
        let onboarding = leased.onboarding();
        Self {
            engine,
            onboarding,
            blueprint: leased.blueprint(),
            slot: onboarding.facts.position().1,
            log,
            now: engine.clock().now(),
            takeover: leased.is_takeover(),
            leased,
        }
    }

    fn settings(&self) -> &Settings {
        &self.engine.0.settings
    }

    fn store(&self) -> &Store {
        self.engine.store()
    }

    fn partner(&self) -> cyclr::Partner {
        self.engine.0.cyclr.partner(self.log)
    }

    /// The tenant's account at Cyclr.
    fn account(&self) -> Result<cyclr::Account, Trouble> {
        let account =
            self.onboarding.facts.account.as_ref().ok_or(Trouble::Lacking("an account"))?;
        Ok(self.engine.0.cyclr.in_account(&account.id, self.log))
    }

    fn mark(&self) -> String {
        ownership::mark(&self.settings().deployment, &self.onboarding.tenant)
    }

    fn slot(&self) -> Result<&Slot, Trouble> {
        self.onboarding.facts.slots.get(self.slot).ok_or(Trouble::Lacking("the template's place"))
    }

    fn template(&self) -> Result<&TemplatePlan, Trouble> {
        self.blueprint.templates.get(self.slot).ok_or(Trouble::Lacking("the template's plan"))
    }

    fn cycle(&self) -> Result<CycleId, Trouble> {
        self.slot()?.cycle.ok_or(Trouble::Lacking("a cycle"))
    }

    /// See [`Engine::last_call_of_lost_worker`].
    fn last_call_before(&self) -> DateTime<Utc> {
        self.engine.last_call_of_lost_worker(self.now)
    }

    fn runs_once(&self) -> bool {
        self.template().is_ok_and(|template| template.schedule.run_once)
    }

    fn has_time_for_a_call(&self) -> bool {
        self.engine.has_time_for_a_call(self.leased)
    }

    fn quiet_period(&self) -> TimeDelta {
        TimeDelta::from_std(self.settings().quiet_period).unwrap_or(TimeDelta::MAX)
    }

    /// How long nothing is done yet because a doubted call may still be under way. Bounded, should a
    /// clock have jumped.
    fn still_quiet(&self, doubted_at: DateTime<Utc>) -> TimeDelta {
        (doubted_at + self.quiet_period() - self.now).min(self.quiet_period())
    }

    fn backoff(&self, asked_for: Option<TimeDelta>) -> TimeDelta {
        retry_delay(self.onboarding.tries + 1, rand::random(), asked_for)
    }

    fn retry(&self, problem: Problem) -> Outcome {
        Outcome::Retry { after: self.backoff(None), problem, doubt: false }
    }

    /// The lease ended before the step did. What it had begun, nobody knows.
    pub(super) fn out_of_time(&self) -> Outcome {
        self.unclear(Problem::with(ProblemCode::CyclrAnswerUnclear, "the step took too long"))
    }

    /// A change may have taken effect. Installing waits until nothing can be under way any more;
    /// every other change can be repeated as it is.
    fn unclear(&self, problem: Problem) -> Outcome {
        let after = match self.onboarding.step() {
            StepKind::Install => self.quiet_period(),
            // What is to run a single time is not even looked for before that.
            StepKind::Activate if self.runs_once() => self.quiet_period(),
            StepKind::CreateAccount
            | StepKind::Connect
            | StepKind::Map
            | StepKind::Activate
            | StepKind::Live
            | StepKind::Offboard => self.backoff(None),
        };
        Outcome::Retry { after, problem, doubt: true }
    }

    fn outcome_of(&self, step: StepKind, trouble: Trouble) -> Outcome {
        match trouble {
            Trouble::Cyclr(error) => self.outcome_of_call(step, &error),
            Trouble::Store(error) => {
                self.retry(Problem::with(ProblemCode::InternalFault, error.to_string()))
            }
            Trouble::OutOfTime => {
                self.retry(Problem::with(ProblemCode::CyclrUnreachable, trouble.to_string()))
            }
            lacking @ Trouble::Lacking(_) => {
                Outcome::Stuck(Problem::with(ProblemCode::InternalFault, lacking.to_string()))
            }
        }
    }

    fn outcome_of_call(&self, step: StepKind, error: &cyclr::Error) -> Outcome {
        let problem = |code| Problem::with(code, error.to_string());
        match error.fault() {
            Fault::Transient => self.retry(problem(ProblemCode::CyclrUnreachable)),
            Fault::Throttled { retry_after } => Outcome::Retry {
                after: self.backoff(retry_after.and_then(|wait| TimeDelta::from_std(wait).ok())),
                problem: problem(ProblemCode::CyclrThrottled),
                doubt: false,
            },
            Fault::HeldBack { for_at_least } => Outcome::HeldBack {
                after: TimeDelta::from_std(for_at_least).unwrap_or(TimeDelta::hours(1)),
                problem: problem(ProblemCode::CyclrPaused),
            },
            Fault::Auth => Outcome::Stuck(problem(ProblemCode::CyclrRefusedCredentials)),
            Fault::Ambiguous => self.unclear(problem(ProblemCode::CyclrAnswerUnclear)),
            Fault::Permanent => Outcome::Stuck(problem(what_refusal_means(step, error.status()))),
            Fault::Bug => Outcome::Stuck(problem(ProblemCode::InternalFault)),
        }
    }
}

fn what_refusal_means(step: StepKind, status: Option<u16>) -> ProblemCode {
    match (step, status) {
        (StepKind::Install, Some(404)) => ProblemCode::TemplateMissing,
        (StepKind::Connect, Some(404)) => ProblemCode::ConnectorMissing,
        (StepKind::Map | StepKind::Activate, Some(404)) => ProblemCode::CycleMissing,
        (StepKind::Map | StepKind::Activate, Some(409)) => ProblemCode::CycleRunning,
        (
            StepKind::CreateAccount
            | StepKind::Install
            | StepKind::Connect
            | StepKind::Map
            | StepKind::Activate
            | StepKind::Live
            | StepKind::Offboard,
            _,
        ) => ProblemCode::CyclrRejected,
    }
}
