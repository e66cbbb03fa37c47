//! What a step's run adds to the figures that operators watch.

use std::time::Duration;

use crate::onboarding::{Event, Onboarding, Origin, Outcome, ProblemCode, StepKind, Transition};
use crate::telemetry::meters;

pub(super) const fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done(_) => "done",
        Outcome::Retry { .. } => "retry",
        Outcome::HeldBack { .. } => "held_back",
        Outcome::Ambiguous(_) => "ambiguous",
        Outcome::Stuck(_) => "stuck",
    }
}

/// `before`: as the step found it.
pub(super) fn step_run(
    before: &Onboarding,
    outcome: &'static str,
    transition: &Transition,
    took: Duration,
) {
    let step = before.step();
    meters::step_run(step.name(), outcome, took);
    step_change(step, transition);
    match &transition.event {
        Some(Event::RetryPlanned { doubted: true, .. }) => meters::doubt(step.name()),
        Some(Event::AccountReady { origin: Origin::Adopted, .. }) => settled(step, "adopted"),
        Some(Event::Installed { after_doubt: true, origin, .. }) => match origin {
            Origin::Made => settled(step, "made"),
            Origin::Adopted | Origin::Named => settled(step, "adopted"),
        },
        Some(Event::Mapped { retired, .. }) => meters::cycles_retired(retired.len()),
        Some(Event::Activated { after_doubt, retired, .. }) => {
            meters::cycles_retired(retired.len());
            if *after_doubt {
                settled(step, "seen");
            }
        }
        Some(Event::BecameStuck { problem, .. }) if asks_a_person(problem) => {
            settled(step, "asked");
        }
        Some(_) | None => {}
    }
}

/// The step that it was at, and where it is now.
pub(super) fn step_change(before: StepKind, transition: &Transition) {
    let step = transition.to.step();
    if step != before {
        meters::step_change(Some(before.name()), step.name());
    }
}

fn settled(step: StepKind, how: &'static str) {
    meters::doubt_settled(step.name(), how);
}

fn asks_a_person(problem: &str) -> bool {
    let asking = [ProblemCode::AmbiguousInstall, ProblemCode::ActivationUnclear];
    asking.iter().any(|code| code.name() == problem)
}
