//! The cycle starts to run. Never twice for one that runs a single time.

use chrono::TimeDelta;

use super::map::{Lost, lost_connections, skipped};
use super::{StepContext, Trouble, surplus};
use crate::cyclr::{self, Account, Activation, CycleStatus, Fault, Prerequisite};
use crate::ids::CycleId;
use crate::onboarding::{Gain, Outcome, Problem, ProblemCode, Schedule};

/// A cycle that Cyclr has shown as paused so recently is not read again before its first activation.
const FRESH: TimeDelta = TimeDelta::minutes(1);

pub(super) async fn run(context: &StepContext<'_>) -> Result<Outcome, Trouble> {
    let account = context.account()?;
    let retired = surplus::retire(context, &account).await?;
    Ok(match activate(context, &account).await? {
        Activated::Yes => {
            let former = Box::pin(retire_former(context, &account)).await?;
            let retired = retired.into_iter().chain(former).collect();
            let once = context.runs_once();
            Outcome::Done(Gain::Activated { slot: context.slot, once, retired })
        }
        Activated::No(outcome) => outcome,
    })
}

/// Whether the cycle is active now, or what comes instead.
enum Activated {
    Yes,
    No(Outcome),
}

async fn activate(context: &StepContext<'_>, account: &Account) -> Result<Activated, Trouble> {
    let cycle = context.cycle()?;
    let schedule = context.template()?.schedule;
    if let Some(after) = quiet_before_a_single_run(context)? {
        let problem = Problem::with(
            ProblemCode::CyclrAnswerUnclear,
            "whether its single run has begun is not known yet",
        );
        return Ok(Activated::No(Outcome::Retry { after, problem, doubt: false }));
    }
    if must_read_first(context, schedule)?
        && let Some(seen) = read_first(context, account, cycle, schedule).await?
    {
        return Ok(seen);
    }
    if context.slot()?.mapping_skipped.stands() {
        // Otherwise mapping has asked.
        let missing = account.list_prerequisites(cycle).await?;
        if !missing.is_empty() {
            return Box::pin(back_to_what_lacks(context, account, &missing)).await;
        }
    }
    // Begun later than this it could outlast the lease, and whoever takes over would not wait for it.
    if !context.has_time_for_a_call() {
        return Err(Trouble::OutOfTime);
    }
    Box::pin(stop_former(context, account)).await?;
    let activation = Activation {
        start_at: None,
        interval_minutes: (!schedule.run_once).then_some(schedule.interval_minutes),
        run_once: schedule.run_once,
    };
    match account.activate(cycle, &activation).await {
        Ok(()) => match confirm(context, account, cycle, schedule).await {
            // It has begun; what we could not see of it must not make it begin again.
            Err(trouble) => Ok(Activated::No(begun(context, trouble.to_string()))),
            seen => seen,
        },
        // Rare, and so not part of what every activation takes up.
        Err(error) if is_refusal(&error) => {
            Box::pin(why_refused(context, account, cycle, error)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Always, but for a cycle that was just now seen paused and has to run again and again: there the
/// install's own answer was the reading.
fn must_read_first(context: &StepContext<'_>, schedule: Schedule) -> Result<bool, Trouble> {
    let slot = context.slot()?;
    let fresh = slot.seen_paused_at.is_some_and(|at| context.now - at <= FRESH);
    // A worker that vanished while mapping may have gone on to this, see `Transition::can_wait_for_next`.
    let taken_over = context.onboarding.facts.taken_over_at.is_some();
    Ok(schedule.run_once || !fresh || taken_over || in_doubt(context)?)
}

/// A doubted call may still be under way, and what it would begin cannot be seen before it arrives.
fn quiet_before_a_single_run(context: &StepContext<'_>) -> Result<Option<TimeDelta>, Trouble> {
    if !context.runs_once() || !in_doubt(context)? {
        return Ok(None);
    }
    let before_us = context.takeover.then(|| context.last_call_before());
    let doubted_at = context.slot()?.activation_doubted_at.max(before_us);
    let still_quiet = doubted_at.map(|at| context.still_quiet(at));
    Ok(still_quiet.filter(|wait| *wait > TimeDelta::zero()))
}

/// An earlier run may have activated it without our knowing; and what was active once is not activated again
/// without a look.
fn in_doubt(context: &StepContext<'_>) -> Result<bool, Trouble> {
    let slot = context.slot()?;
    let was_active = !slot.active.is_untouched();
    Ok(context.takeover || slot.activation_doubted.stands() || was_active)
}

/// Cycles of an earlier version of the blueprint that are still there.
fn former(context: &StepContext<'_>) -> impl Iterator<Item = CycleId> {
    let former = context.onboarding.facts.former.iter();
    former.filter(|former| !former.retired).map(|former| former.cycle)
}

/// What the new cycles take the place of must not run beside them.
async fn stop_former(context: &StepContext<'_>, account: &Account) -> Result<(), Trouble> {
    for id in former(context) {
        if let Some(cycle) = account.find_cycle(id).await?
            && cycle.status == CycleStatus::Active
        {
            account.deactivate(id).await?;
        }
    }
    Ok(())
}

/// Once the last of the new ones is active. What is gone already is deleted.
async fn retire_former(
    context: &StepContext<'_>,
    account: &Account,
) -> Result<Vec<CycleId>, Trouble> {
    let slots = context.onboarding.facts.slots.iter().enumerate();
    let is_last = slots.filter(|(place, _)| *place != context.slot).all(|(_, s)| s.active.stands());
    let mut retired = Vec::new();
    for id in former(context).filter(|_| is_last) {
        if !context.has_time_for_a_call() {
            return Err(Trouble::OutOfTime);
        }
        // One that was left out has not been stopped yet.
        if let Some(cycle) = account.find_cycle(id).await?
            && cycle.status == CycleStatus::Active
        {
            account.deactivate(id).await?;
        }
        account.delete_cycle(id).await?;
        retired.push(id);
    }
    Ok(retired)
}

/// What an earlier run, or somebody at Cyclr, may have left behind; `None` when it is to be activated.
async fn read_first(
    context: &StepContext<'_>,
    account: &Account,
    id: CycleId,
    schedule: Schedule,
) -> Result<Option<Activated>, Trouble> {
    let Some(cycle) = account.find_cycle(id).await? else { return Ok(Some(missing(id))) };
    Ok(match cycle.status {
        CycleStatus::Active => Some(Activated::Yes),
        CycleStatus::DeleteScheduled => Some(missing(id)),
        CycleStatus::Paused | CycleStatus::Stopped | CycleStatus::Other(_) => {
            let has_run = cycle.last_success_at.is_some() || cycle.error_count > 0;
            match (schedule.run_once, has_run, in_doubt(context)?) {
                (true, true, _) => Some(Activated::Yes),
                (true, false, true) => {
                    let unclear = Problem::new(ProblemCode::ActivationUnclear);
                    Some(Activated::No(Outcome::Stuck(unclear)))
                }
                (true, false, false) | (false, _, _) => None,
            }
        }
    })
}

/// Reads what became of it. A cycle that runs a single time pauses itself afterwards (DOC).
async fn confirm(
    context: &StepContext<'_>,
    account: &Account,
    id: CycleId,
    schedule: Schedule,
) -> Result<Activated, Trouble> {
    let Some(cycle) = account.find_cycle(id).await? else { return Ok(missing(id)) };
    Ok(match cycle.status {
        CycleStatus::Active => Activated::Yes,
        CycleStatus::Paused if schedule.run_once => Activated::Yes,
        CycleStatus::DeleteScheduled => missing(id),
        CycleStatus::Paused | CycleStatus::Stopped | CycleStatus::Other(_) => {
            // Taken, and nothing comes of it, as long as something is missing (UNK). A single run may
            // have begun all the same.
            let missing =
                if schedule.run_once { Vec::new() } else { account.list_prerequisites(id).await? };
            if !missing.is_empty() {
                return Box::pin(back_to_what_lacks(context, account, &missing)).await;
            }
            Activated::No(begun(context, format!("status {}", cycle.status.word())))
        }
    })
}

/// Cyclr took the order and does not show the cycle as active. Whatever comes next reads first.
fn begun(context: &StepContext<'_>, detail: String) -> Outcome {
    context.unclear(Problem::with(ProblemCode::NotActiveYet, detail))
}

/// Any refusal but "unknown": the cycle and its prerequisites tell why.
fn is_refusal(error: &cyclr::Error) -> bool {
    error.fault() == Fault::Permanent && error.status() != Some(404)
}

/// What Cyclr answers for a cycle that is active already, or that lacks something, is not known (UNK):
/// the one is no failure, the other is cured first, whatever the status.
async fn why_refused(
    context: &StepContext<'_>,
    account: &Account,
    id: CycleId,
    refusal: cyclr::Error,
) -> Result<Activated, Trouble> {
    let (cycle, missing) =
        tokio::try_join!(account.find_cycle(id), account.list_prerequisites(id))?;
    if cycle.is_some_and(|cycle| cycle.status == CycleStatus::Active) {
        return Ok(Activated::Yes);
    }
    if !missing.is_empty() {
        return back_to_what_lacks(context, account, &missing).await;
    }
    if refusal.status() == Some(409) {
        return Err(refusal.into());
    }
    let problem = Problem::with(ProblemCode::ActivationRefused, refusal.to_string());
    Ok(Activated::No(Outcome::Stuck(problem)))
}

async fn back_to_what_lacks(
    context: &StepContext<'_>,
    account: &Account,
    missing: &[Prerequisite],
) -> Result<Activated, Trouble> {
    Ok(Activated::No(match lost_connections(context, account, missing).await? {
        Lost::Nothing if context.slot()?.mapping_skipped.stands() => {
            Outcome::Stuck(skipped(missing))
        }
        Lost::Nothing => Outcome::Done(Gain::Unmapped { slot: context.slot }),
        Lost::Skipped => Outcome::Stuck(skipped(missing)),
        Lost::Connections(lost) => Outcome::Done(Gain::Connections(lost)),
        Lost::Contradiction(problem) => context.retry(problem),
    }))
}

fn missing(id: CycleId) -> Activated {
    let problem = Problem::with(ProblemCode::CycleMissing, format!("cycle {id}"));
    Activated::No(Outcome::Stuck(problem))
}
