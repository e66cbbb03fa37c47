//! A template becomes a cycle. The most dangerous step: Cyclr makes another cycle at each call and
//! takes no key, so after any doubt we wait until nothing can be under way any more, look, and only
//! then act. What doubted calls may still leave behind is retired later, see `surplus`.

use chrono::{DateTime, TimeDelta, Utc};

use super::surplus::{self, possible_cycles};
use super::{StepContext, Trouble};
use crate::cyclr::{self, Account, Cycle, CycleStatus};
use crate::ids::{CycleId, TemplateId};
use crate::onboarding::{
    Candidate, Gain, InstallIntent, Origin, Outcome, Problem, ProblemCode, SeenConnector,
};
use crate::store::Restore;

pub(super) async fn run(context: &StepContext<'_>) -> Result<Outcome, Trouble> {
    let slot = context.slot()?;
    let intent = slot.install.ok_or(Trouble::Lacking("the intent to install"))?;
    // The worker that vanished may still have a call under way.
    let before_us = context.takeover.then(|| context.last_call_before());
    let account = context.account()?;
    if let Some(chosen) = slot.chosen {
        return adopt_chosen(context, &account, chosen, intent).await;
    }
    let (intent, until) = remember_restore(context, intent).await?;
    let Some(doubted_at) = intent.doubted_at.max(before_us) else {
        return install(context, &account, slot.template).await;
    };
    let still_quiet = context.still_quiet(doubted_at);
    if still_quiet > TimeDelta::zero() {
        return Ok(Outcome::Retry {
            after: still_quiet,
            problem: Problem::with(
                ProblemCode::CyclrAnswerUnclear,
                "whether the template was installed is not known yet",
            ),
            doubt: false,
        });
    }
    settle_doubt(context, &account, (intent, until)).await
}

/// An account that was there before this onboarding may hold what a Gangway has installed whose memory was lost
/// when a backup was restored: that counts as ours, and is looked for first. With the time after which whatever was made is not meant, where nothing else is in doubt.
async fn remember_restore(
    context: &StepContext<'_>,
    intent: InstallIntent,
) -> Result<(InstallIntent, Option<DateTime<Utc>>), Trouble> {
    let account = context.onboarding.facts.account.as_ref();
    if account.is_none_or(|account| account.origin == Origin::Made) {
        return Ok((intent, None));
    }
    let Some(Restore { restored_at, back_to }) = context.store().find_restore().await? else {
        return Ok((intent, None));
    };
    let until = intent.doubted_at.is_none() && !context.takeover;
    let doubted_at = intent.doubted_at.max(Some(restored_at));
    let intent = InstallIntent { at: intent.at.min(back_to), doubted_at };
    Ok((intent, until.then_some(restored_at)))
}

async fn install(
    context: &StepContext<'_>,
    account: &Account,
    template: TemplateId,
) -> Result<Outcome, Trouble> {
    match account.install(template).await {
        Ok(cycle) => Ok(installed(context, &cycle, Origin::Made)),
        // Rare, and so not part of what every install takes up.
        Err(error) if matches!(error.status(), Some(400 | 401 | 403 | 404)) => {
            Box::pin(why_refused(context, error)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What a call in an account that is gone is refused with is not known (UNK), and each of these could
/// as well be about the template or our credentials: only a look at the account tells.
async fn why_refused(context: &StepContext<'_>, refusal: cyclr::Error) -> Result<Outcome, Trouble> {
    let facts = &context.onboarding.facts;
    let id = &facts.account.as_ref().ok_or(Trouble::Lacking("an account"))?.id;
    if context.partner().find_account(id).await?.is_some() {
        return Err(refusal.into());
    }
    let detail = format!("account {id} is gone");
    Ok(Outcome::Stuck(Problem::with(ProblemCode::AccountMissing, detail)))
}

/// What an account's cycles say about an install whose outcome is not known.
#[derive(Debug, PartialEq, Eq)]
enum Finding<'a> {
    /// It did not happen.
    Nothing,
    One(&'a Cycle),
    Several(Vec<&'a Cycle>),
}

async fn settle_doubt(
    context: &StepContext<'_>,
    account: &Account,
    (intent, until): (InstallIntent, Option<DateTime<Utc>>),
) -> Result<Outcome, Trouble> {
    let claimed = surplus::claimed(context).await?;
    let template = context.slot()?.template;
    let mut cycles = account.list_cycles().await?;
    cycles.retain(|cycle| until.is_none_or(|until| surplus::is_from_before(cycle, until)));
    match find_ours(&possible_cycles(&cycles, template, &claimed), intent) {
        Finding::One(cycle) => Ok(installed(context, cycle, Origin::Adopted)),
        Finding::Several(cycles) => {
            Ok(Outcome::Ambiguous(cycles.into_iter().map(candidate).collect()))
        }
        // A call that could outlast the lease would be in doubt for nothing.
        Finding::Nothing if !context.has_time_for_a_call() => Err(Trouble::OutOfTime),
        Finding::Nothing => install(context, account, template).await,
    }
}

/// One that seems too old may be older than the intent, or our clocks differ more than we think: it
/// is nobody's to take and no reason to make another one, so a person decides.
fn find_ours<'a>(possible: &[&'a Cycle], intent: InstallIntent) -> Finding<'a> {
    let recent = possible.iter().filter(|cycle| surplus::is_recent(cycle, intent));
    match (recent.copied().collect::<Vec<_>>().as_slice(), possible) {
        (_, []) => Finding::Nothing,
        ([one], _) => Finding::One(one),
        (_, all) => Finding::Several(all.to_vec()),
    }
}

/// What staff have chosen is ours, if it is still there.
async fn adopt_chosen(
    context: &StepContext<'_>,
    account: &Account,
    chosen: CycleId,
    intent: InstallIntent,
) -> Result<Outcome, Trouble> {
    match account.find_cycle(chosen).await? {
        Some(cycle) if cycle.status != CycleStatus::DeleteScheduled => {
            Ok(installed(context, &cycle, Origin::Adopted))
        }
        Some(_) | None => settle_doubt(context, account, (intent, None)).await,
    }
}

fn candidate(cycle: &Cycle) -> Candidate {
    Candidate {
        cycle: cycle.id,
        name: cycle.name.clone(),
        status: cycle.status.word().to_owned(),
        created_at: cycle.created_at,
    }
}

fn installed(context: &StepContext<'_>, cycle: &Cycle, origin: Origin) -> Outcome {
    let connectors = cycle.connectors.iter().map(|connector| SeenConnector {
        connector: connector.connector,
        name: connector.name.clone(),
        auth: None,
        authenticated: connector.authenticated,
        details: None,
    });
    Outcome::Done(Gain::Installed {
        slot: context.slot,
        cycle: cycle.id,
        origin,
        connectors: connectors.collect(),
        seen_paused_at: (cycle.status == CycleStatus::Paused).then_some(context.now),
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    fn cycle(id: u128, template: u128, status: CycleStatus, created_at: i64) -> Cycle {
        Cycle {
            id: CycleId(Uuid::from_u128(id)),
            template: Some(TemplateId(Uuid::from_u128(template))),
            name: String::new(),
            status,
            created_at: DateTime::from_timestamp(created_at, 0),
            last_success_at: None,
            connectors: Vec::new(),
            error_count: 0,
        }
    }

    #[test]
    fn only_a_live_unclaimed_cycle_of_the_template_made_after_the_intent_is_ours() {
        // Older than the intent, and nobody's: not ours to take, and no reason to make another.
        let cycles = [
            cycle(1, 7, CycleStatus::Paused, 1_000),
            cycle(2, 7, CycleStatus::DeleteScheduled, 5_000),
            cycle(3, 8, CycleStatus::Paused, 5_000),
            cycle(4, 7, CycleStatus::Paused, 5_000),
            cycle(5, 7, CycleStatus::Active, 5_001),
        ];
        let template = TemplateId(Uuid::from_u128(7));
        let at = DateTime::from_timestamp(4_990, 0).unwrap();
        let intent = InstallIntent { at, doubted_at: None };
        let id = |id| CycleId(Uuid::from_u128(id));
        let find = |claimed: &[CycleId]| {
            let claimed = claimed.iter().copied().collect();
            match find_ours(&possible_cycles(&cycles, template, &claimed), intent) {
                Finding::Nothing => Vec::new(),
                Finding::One(cycle) => vec![cycle.id],
                Finding::Several(cycles) => cycles.iter().map(|cycle| cycle.id).collect(),
            }
        };
        assert_eq!(find(&[]), [id(1), id(4), id(5)]);
        assert_eq!(find(&[id(4)]), [id(5)]);
        assert_eq!(find(&[id(4), id(5)]), [id(1)], "a person decides");
        assert_eq!(find(&[id(1), id(4), id(5)]), []);
    }
}
