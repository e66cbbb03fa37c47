//! Cycles that doubted installs may have left behind: found by looking, deleted if they never ran.
//!
//! Only where there was a doubt; the clean way asks nothing here. Whatever slips through arrives too
//! late to be seen and stays paused: only the recorded cycle is ever mapped and activated.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{StepContext, Trouble};
use crate::cyclr::{Account, Cycle, CycleStatus};
use crate::ids::{CycleId, TemplateId};
use crate::onboarding::InstallIntent;

/// How far Cyclr's clock may be behind ours.
const CLOCK_MARGIN: TimeDelta = TimeDelta::minutes(2);

/// Cycles that are spoken for or were given up: by this onboarding and by the tenant's others.
pub(super) async fn claimed(context: &StepContext<'_>) -> Result<HashSet<CycleId>, Trouble> {
    let onboarding = context.onboarding;
    let siblings =
        context.store().list_cycles_of_siblings(&onboarding.tenant, onboarding.id).await?;
    let slots = onboarding.facts.slots.iter();
    let own = slots.flat_map(|slot| slot.cycle.iter().chain(&slot.disowned)).copied();
    Ok(siblings.into_iter().chain(own).collect())
}

/// Cycles of the template that are there and nobody's.
pub(super) fn possible_cycles<'a>(
    cycles: &'a [Cycle],
    template: TemplateId,
    claimed: &HashSet<CycleId>,
) -> Vec<&'a Cycle> {
    let possible = cycles.iter().filter(|cycle| {
        cycle.template == Some(template)
            && cycle.status != CycleStatus::DeleteScheduled
            && !claimed.contains(&cycle.id)
    });
    possible.collect()
}

/// Made after the intent, as far as clocks can tell.
pub(super) fn is_recent(cycle: &Cycle, intent: InstallIntent) -> bool {
    cycle.created_at.is_none_or(|at| at >= intent.at - CLOCK_MARGIN)
}

/// Made no later than this, as far as clocks can tell.
pub(super) fn is_from_before(cycle: &Cycle, until: DateTime<Utc>) -> bool {
    cycle.created_at.is_none_or(|at| at <= until + CLOCK_MARGIN)
}

/// Deletes what doubted installs of this template have made besides the recorded cycle, and says
/// what that was. Asks nothing where there was no doubt.
///
/// Left alone: what runs or has run, what is older than the intent, and what staff were shown as a
/// candidate and did not choose, for they know whose it is.
pub(super) async fn retire(
    context: &StepContext<'_>,
    account: &Account,
) -> Result<Vec<CycleId>, Trouble> {
    let slot = context.slot()?;
    let taken_over = context.takeover || context.onboarding.facts.taken_over_at.is_some();
    let Some(intent) = slot.install.filter(|_| taken_over || slot.install_doubted()) else {
        return Ok(Vec::new());
    };
    let mut claimed = claimed(context).await?;
    claimed.extend(slot.candidates.iter().map(|candidate| candidate.cycle));
    // What was disowned is to go, even if the one who disowned it could not see to it.
    for cycle in &slot.disowned {
        claimed.remove(cycle);
    }
    let cycles = account.list_cycles().await?;
    let mut retired = Vec::new();
    for cycle in possible_cycles(&cycles, slot.template, &claimed) {
        if cycle.never_ran() && is_recent(cycle, intent) {
            // Frozen since the look, somebody else may have taken it for theirs.
            if !context.has_time_for_a_call() {
                return Err(Trouble::OutOfTime);
            }
            account.delete_cycle(cycle.id).await?;
            retired.push(cycle.id);
        }
    }
    Ok(retired)
}
