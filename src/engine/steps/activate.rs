//! The cycle starts to run. Never twice for one that runs a single time.

use super::map::{Lost, lost_connections};
use super::{StepContext, Trouble};
use crate::cyclr::{self, Account, Activation, CycleStatus, Fault};
use crate::ids::CycleId;
use crate::onboarding::{Gain, Outcome, Problem, ProblemCode, Schedule};

pub(super) async fn run(context: &StepContext<'_>) -> Result<Outcome, Trouble> {
    let account = context.account()?;
    let cycle = context.cycle()?;
    let schedule = context.template()?.schedule;
    if (context.takeover || context.slot()?.activation_doubted.stands())
        && let Some(outcome) = look_first(context, &account, cycle, schedule).await?
    {
        return Ok(outcome);
    }
    let activation = Activation {
        start_at: None,
        interval_minutes: (!schedule.run_once).then_some(schedule.interval_minutes),
        run_once: schedule.run_once,
    };
    match account.activate(cycle, &activation).await {
        Ok(()) => confirm(context, &account, cycle, schedule).await,
        Err(error) if is_not_ready(&error) => not_ready(context, &account, cycle, &error).await,
        Err(error) => Err(error.into()),
    }
}

/// What an earlier run may have left behind; `None` when the cycle is clearly not activated.
async fn look_first(
    context: &StepContext<'_>,
    account: &Account,
    id: CycleId,
    schedule: Schedule,
) -> Result<Option<Outcome>, Trouble> {
    let Some(cycle) = account.find_cycle(id).await? else { return Ok(Some(missing(id))) };
    Ok(match cycle.status {
        CycleStatus::Active => Some(activated(context)),
        CycleStatus::DeleteScheduled => Some(missing(id)),
        CycleStatus::Paused | CycleStatus::Stopped | CycleStatus::Other(_) => {
            let has_run = cycle.last_success_at.is_some() || cycle.error_count > 0;
            match (schedule.run_once, has_run) {
                (true, true) => Some(activated(context)),
                (true, false) => Some(Outcome::Stuck(Problem::new(ProblemCode::ActivationUnclear))),
                (false, _) => None,
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
) -> Result<Outcome, Trouble> {
    let Some(cycle) = account.find_cycle(id).await? else { return Ok(missing(id)) };
    Ok(match cycle.status {
        CycleStatus::Active => activated(context),
        CycleStatus::Paused if schedule.run_once => activated(context),
        CycleStatus::DeleteScheduled => missing(id),
        CycleStatus::Paused | CycleStatus::Stopped | CycleStatus::Other(_) => context
            .retry(Problem::with(ProblemCode::NotActiveYet, format!("status {:?}", cycle.status))),
    })
}

/// Any refusal but "unknown" and "running": the prerequisites tell why.
fn is_not_ready(error: &cyclr::Error) -> bool {
    error.fault() == Fault::Permanent && !matches!(error.status(), Some(404 | 409))
}

async fn not_ready(
    context: &StepContext<'_>,
    account: &Account,
    cycle: CycleId,
    refusal: &cyclr::Error,
) -> Result<Outcome, Trouble> {
    let missing = account.list_prerequisites(cycle).await?;
    if missing.is_empty() {
        let problem = Problem::with(ProblemCode::ActivationRefused, refusal.to_string());
        return Ok(Outcome::Stuck(problem));
    }
    match lost_connections(context, account, &missing).await? {
        Lost::Nothing => Ok(Outcome::Done(Gain::Unmapped { slot: context.slot })),
        Lost::Connections(lost) => Ok(Outcome::Done(Gain::Connections(lost))),
        Lost::Contradiction(problem) => Ok(context.retry(problem)),
    }
}

fn activated(context: &StepContext<'_>) -> Outcome {
    Outcome::Done(Gain::Activated { slot: context.slot })
}

fn missing(id: CycleId) -> Outcome {
    Outcome::Stuck(Problem::with(ProblemCode::CycleMissing, format!("cycle {id}")))
}
