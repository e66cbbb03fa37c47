//! Everything of an onboarding at Cyclr is taken away. Each call can be repeated: what is gone is passed by.
//!
//! What other onboardings of the tenant use stays, and an account that somebody else made is never deleted.
//! None of them is driven meanwhile, so what they have on record is what they use.

use std::collections::HashSet;

use chrono::TimeDelta;

use super::{StepContext, Trouble, surplus};
use crate::cyclr::{Account, CycleStatus};
use crate::ids::{AccountId, ConnectorId, CycleId};
use crate::onboarding::{Gain, Onboarding, Origin, Outcome, Problem, ProblemCode, Removed, Slot};

pub(super) async fn run(context: &StepContext<'_>) -> Result<Outcome, Trouble> {
    let onboarding = context.onboarding;
    if let Some(after) = still_under_way(context) {
        let detail = "what was asked of Cyclr last may still be under way";
        let problem = Problem::with(ProblemCode::CyclrAnswerUnclear, detail);
        return Ok(Outcome::Retry { after, problem, doubt: false });
    }
    let Some((id, is_ours)) = find_account(context).await? else {
        return Ok(Outcome::Done(Gain::Removed(Removed::default())));
    };
    let account = context.engine.0.cyclr.in_account(&id, context.log);
    let others = context.store().list_siblings(&onboarding.tenant, onboarding.id).await?;
    let mut removed = Removed::default();
    for cycle in cycles_to_remove(context, &account).await? {
        if !context.has_time_for_a_call() {
            return Err(Trouble::OutOfTime);
        }
        remove_cycle(&account, cycle).await?;
        removed.cycles.push(cycle);
    }
    for connector in connectors_to_give_up((onboarding, is_ours), &others) {
        if !context.has_time_for_a_call() {
            return Err(Trouble::OutOfTime);
        }
        account.deauthenticate(connector).await?;
        removed.connectors.push(connector);
    }
    if is_ours && others.is_empty() {
        context.partner().delete_account(&id).await?;
        removed.account = true;
    }
    Ok(Outcome::Done(Gain::Removed(removed)))
}

/// A call that may have been made just before it was ordered could still make something.
fn still_under_way(context: &StepContext<'_>) -> Option<TimeDelta> {
    let facts = &context.onboarding.facts;
    let of_slots = facts.slots.iter().filter_map(|slot| slot.install?.doubted_at);
    let doubted = of_slots.chain(facts.account_doubted_at).chain(facts.taken_over_at).max();
    // A worker that vanished while taking away has made nothing.
    let ordered_at = facts.offboarding.map(|offboarding| offboarding.ordered_at)?;
    let doubted = doubted?.min(ordered_at);
    Some(context.still_quiet(doubted)).filter(|wait| *wait > TimeDelta::zero())
}

/// The account that is there, and whether Gangway made it; `None` if there is none.
async fn find_account(context: &StepContext<'_>) -> Result<Option<(AccountId, bool)>, Trouble> {
    let facts = &context.onboarding.facts;
    let id = facts.account.as_ref().map(|account| account.id.clone());
    let Some(id) = id.or_else(|| facts.account_id.clone()) else { return Ok(None) };
    let named = context.onboarding.profile.named_account.is_some()
        || facts.account.as_ref().is_some_and(|account| account.origin == Origin::Named);
    let Some(found) = context.partner().find_account(&id).await? else { return Ok(None) };
    // Whatever stands under that id: without our mark it is somebody else's.
    let is_ours = !named && found.audit_info.as_deref() == Some(&context.mark());
    let is_known = facts.account.is_some() || is_ours;
    Ok(is_known.then_some((id, is_ours)))
}

/// Those on record, those of earlier versions, and what doubted installs may have left.
async fn cycles_to_remove(
    context: &StepContext<'_>,
    account: &Account,
) -> Result<Vec<CycleId>, Trouble> {
    let facts = &context.onboarding.facts;
    let own = facts.slots.iter().filter_map(|slot| slot.cycle);
    let former = facts.former.iter().filter(|former| !former.retired).map(|former| former.cycle);
    let mut cycles: Vec<_> = own.chain(former).collect();
    let is_doubted = facts.taken_over_at.is_some()
        || context.takeover
        || facts.slots.iter().any(Slot::install_doubted);
    if is_doubted {
        let claimed = surplus::claimed(context).await?;
        let listed = account.list_cycles().await?;
        for slot in &facts.slots {
            let Some(intent) = slot.install else { continue };
            let left = surplus::possible_cycles(&listed, slot.template, &claimed);
            let left = left.into_iter();
            let left = left.filter(|one| one.never_ran() && surplus::is_recent(one, intent));
            cycles.extend(left.map(|cycle| cycle.id));
        }
    }
    Ok(cycles)
}

async fn remove_cycle(account: &Account, id: CycleId) -> Result<(), Trouble> {
    let Some(cycle) = account.find_cycle(id).await? else { return Ok(()) };
    match cycle.status {
        CycleStatus::DeleteScheduled => return Ok(()),
        CycleStatus::Active | CycleStatus::Other(_) => account.deactivate(id).await?,
        CycleStatus::Paused | CycleStatus::Stopped => {}
    }
    Ok(account.delete_cycle(id).await?)
}

/// Those that no other onboarding uses. In an account that somebody else made, what was connected before Gangway
/// asked for it is theirs.
fn connectors_to_give_up(
    (onboarding, is_ours): (&Onboarding, bool),
    others: &[Onboarding],
) -> Vec<ConnectorId> {
    let of = |one: &Onboarding| {
        one.facts.connections.iter().map(|known| known.connector).collect::<Vec<_>>()
    };
    let used: HashSet<_> = others.iter().flat_map(of).collect();
    let own = onboarding.facts.connections.iter().filter(|known| known.authenticated.stands());
    let own = own.filter(|known| is_ours || !known.found_connected);
    own.map(|known| known.connector).filter(|connector| !used.contains(connector)).collect()
}
