//! A look at what is live. As little as will do: one call for each cycle, more where that shows something,
//! everything where it was asked for or has not been compared for long. It only reads, but for one thing: the
//! address at which the account tells of failed runs is set where it is not there, or not the present one.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::try_join_all;

use super::{StepContext, Trouble, map, seen};
use crate::cyclr::{Account, AccountRecord, Cycle, CycleStatus};
use crate::ids::{ConnectorId, CycleId};
use crate::onboarding::{
    Account as OurAccount, AuthKind, CycleState, DriftCode, Gain, Health, Look, Origin, Outcome,
    SeenConnector, SeenCycle, Slot, next_look,
};

/// How old the last comparison of everything may become.
const COMPARED_FOR: TimeDelta = TimeDelta::days(7);

pub(super) async fn run(context: &StepContext<'_>) -> Result<Outcome, Trouble> {
    let account = context.account()?;
    let facts = &context.onboarding.facts;
    let is_thorough = is_thorough(context);
    if is_thorough {
        let known = facts.account.as_ref().ok_or(Trouble::Lacking("an account"))?;
        match context.partner().find_account(&known.id).await? {
            None => {
                return Ok(looked(
                    context,
                    Look { account_is_gone: true, ..nothing_seen(context) },
                ));
            }
            Some(record) => have_errors_told(context, known, &record).await,
        }
    }
    let slots = facts.slots.iter().enumerate();
    let slots = slots.filter(|(_, slot)| slot.active.stands() && !slot.at_rest.stands());
    let with_cycle: Vec<_> = slots.filter_map(|(n, slot)| Some((n, slot, slot.cycle?))).collect();
    let read = try_join_all(with_cycle.iter().map(|(_, _, id)| account.find_cycle(*id))).await?;
    let mut look = nothing_seen(context);
    for ((place, slot, id), cycle) in with_cycle.iter().zip(&read) {
        look.cycles.push(see_cycle(&account, (*place, slot, *id), cycle.as_ref()).await?);
    }
    see_connectors(context, &account, (&read, is_thorough), &mut look).await?;
    if is_thorough {
        let there = with_cycle.iter().zip(&read).filter(|(_, cycle)| is_there(cycle.as_ref()));
        let mut mappings = Vec::new();
        for ((place, _, id), _) in there {
            mappings.push((*place, map::find_changed(context, &account, (*place, *id)).await?));
        }
        look.mappings = Some(mappings);
    }
    Ok(looked(context, look))
}

fn is_thorough(context: &StepContext<'_>) -> bool {
    let facts = &context.onboarding.facts;
    let Some(life) = &facts.life else {
        // What was found and not made may not be as it would have been made.
        return facts.account.as_ref().is_some_and(|account| account.origin == Origin::Adopted);
    };
    let last = life.compared_at.unwrap_or(life.since);
    let account_was_gone = life.differences.iter().any(|d| d.code == DriftCode::AccountMissing);
    life.compare_next || account_was_gone || context.now - last >= COMPARED_FOR
}

/// Failed runs are told to us also after our address or key has become another one, and of an account that was
/// found and not made. Somebody else's address stays, and an account that the integrator named is theirs. An
/// absolute write: done twice it is the same, and if it fails the next such look tries again.
async fn have_errors_told(context: &StepContext<'_>, known: &OurAccount, record: &AccountRecord) {
    let hook = &context.settings().error_hook;
    let is_theirs = known.origin == Origin::Named;
    let is_to_set =
        record.error_webhook.as_ref().is_some_and(|present| hook.is_to_set(&known.id, present));
    if is_theirs || !is_to_set {
        return;
    }
    let set = context.partner().set_error_webhook(&known.id, &hook.address(&known.id)).await;
    if let Err(error) = set {
        tracing::info!(%error, "the address for failed runs could not be set; a later look tries again");
    }
}

fn is_there(cycle: Option<&Cycle>) -> bool {
    cycle.is_some_and(|cycle| cycle.status != CycleStatus::DeleteScheduled)
}

fn nothing_seen(context: &StepContext<'_>) -> Look {
    Look {
        account_is_gone: false,
        cycles: Vec::new(),
        connectors: Vec::new(),
        missing_connectors: Vec::new(),
        mappings: None,
        look_at: context.now,
    }
}

/// The next look depends on what this one has found, which only the onboarding itself can tell: so it is
/// tried out first.
fn looked(context: &StepContext<'_>, look: Look) -> Outcome {
    let limits = &context.blueprint.limits;
    let tried = Outcome::Done(Gain::Looked(look.clone()));
    let after = context.onboarding.apply(tried, limits, context.now).to;
    let health = after.health().unwrap_or(Health::Unproven);
    let since = after.facts.life.as_ref().map_or(context.now, |life| life.since);
    let look_at = next_look(
        (health, context.now - since),
        context.settings().usual_look,
        rand::random(),
        context.now,
    );
    Outcome::Done(Gain::Looked(Look { look_at, ..look }))
}

async fn see_cycle(
    account: &Account,
    (place, slot, id): (usize, &Slot, CycleId),
    cycle: Option<&Cycle>,
) -> Result<SeenCycle, Trouble> {
    let Some(cycle) = cycle else {
        return Ok(SeenCycle {
            slot: place,
            state: CycleState::Gone,
            last_success_at: None,
            errors: 0,
            incident: None,
        });
    };
    let state = match &cycle.status {
        CycleStatus::DeleteScheduled => CycleState::Gone,
        CycleStatus::Paused | CycleStatus::Stopped if !slot.runs_once => {
            CycleState::Stopped(cycle.status.word().to_owned())
        }
        // A word that nobody has seen yet says nothing bad (UNK).
        CycleStatus::Paused
        | CycleStatus::Stopped
        | CycleStatus::Active
        | CycleStatus::Other(_) => CycleState::Fine,
    };
    let runs = slot.runs.clone().unwrap_or_default();
    let heard = runs.heard.as_ref().is_some_and(|heard| !heard.looked);
    let incident = if cycle.error_count > runs.errors || heard {
        account.find_incident(id).await?.map(|incident| {
            let words = [incident.step_name, incident.message];
            words.iter().filter(|word| !word.is_empty()).cloned().collect::<Vec<_>>().join(": ")
        })
    } else {
        None
    };
    Ok(SeenCycle {
        slot: place,
        state,
        last_success_at: succeeded_since(cycle.last_success_at, context_start(slot)),
        errors: cycle.error_count,
        incident,
    })
}

/// A success of before it was installed is another one's.
fn context_start(slot: &Slot) -> Option<DateTime<Utc>> {
    slot.install.map(|intent| intent.at)
}

fn succeeded_since(
    at: Option<DateTime<Utc>>,
    installed: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    at.filter(|at| installed.is_none_or(|installed| *at >= installed - TimeDelta::minutes(2)))
}

/// A cycle shows whether its connectors are authenticated; where it says that one is not, or says nothing,
/// the connector itself is asked, which has the last word.
async fn see_connectors(
    context: &StepContext<'_>,
    account: &Account,
    (cycles, is_thorough): (&[Option<Cycle>], bool),
    look: &mut Look,
) -> Result<(), Trouble> {
    let listed: Vec<_> = cycles.iter().flatten().flat_map(|cycle| &cycle.connectors).collect();
    let life = context.onboarding.facts.life.as_ref();
    let gone = life.into_iter().flat_map(|life| &life.differences);
    let gone = gone.filter(|known| known.code == DriftCode::ConnectorMissing);
    let gone: Vec<_> = gone.map(|known| known.object.clone()).collect();
    let to_ask: Vec<ConnectorId> = context
        .onboarding
        .facts
        .connections
        .iter()
        .filter(|known| known.authenticated.stands() && known.auth != Some(AuthKind::Open))
        .filter(|known| {
            let shown = listed.iter().filter(|one| one.connector == known.connector);
            let mut shown = shown.peekable();
            let says_yes = shown.peek().is_some() && shown.all(|one| one.authenticated);
            // Where cycles name any, those that none names are used by none.
            let is_asked = if listed.is_empty() {
                true
            } else {
                listed.iter().any(|one| one.connector == known.connector) && !says_yes
            };
            // No cycle names one that is gone.
            let was_gone = gone.contains(&known.connector.to_string());
            is_asked || was_gone || is_thorough
        })
        .map(|known| known.connector)
        .collect();
    let read = try_join_all(to_ask.iter().map(|id| account.find_connector(*id))).await?;
    let (mut shown, mut missing) = (Vec::<SeenConnector>::new(), Vec::new());
    for (id, connector) in to_ask.into_iter().zip(read) {
        match connector {
            Some(connector) => shown.push(seen(id, &connector, None)),
            None => missing.push(id),
        }
    }
    (look.connectors, look.missing_connectors) = (shown, missing);
    Ok(())
}
