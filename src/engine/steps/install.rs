//! A template becomes a cycle. The most dangerous step: Cyclr makes another cycle at each call and
//! takes no key, so after any doubt we wait until nothing can be under way, look, and only then act.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{StepContext, Trouble};
use crate::cyclr::{Account, Cycle, CycleStatus};
use crate::ids::{CycleId, TemplateId};
use crate::onboarding::{Gain, Origin, Outcome, Problem, ProblemCode, SeenConnector};

/// How far Cyclr's clock may be behind ours.
const CLOCK_MARGIN: TimeDelta = TimeDelta::minutes(2);

pub(super) async fn run(context: &StepContext<'_>) -> Result<Outcome, Trouble> {
    let slot = context.slot()?;
    let intent = slot.install.ok_or(Trouble::Lacking("the intent to install"))?;
    if context.takeover {
        // The worker before us may still have a call under way.
        return Ok(context.unclear(Problem::with(
            ProblemCode::CyclrAnswerUnclear,
            "taken over from a worker that vanished",
        )));
    }
    let account = context.account()?;
    let Some(doubted_at) = intent.doubted_at else {
        let cycle = account.install(slot.template).await?;
        return Ok(installed(context.slot, &cycle, Origin::Made));
    };
    let still_quiet =
        (doubted_at + context.quiet_period() - context.now).min(context.quiet_period());
    if still_quiet > TimeDelta::zero() {
        return Ok(Outcome::Retry {
            after: still_quiet,
            problem: Problem::new(ProblemCode::CyclrAnswerUnclear),
            doubt: false,
        });
    }
    settle_doubt(context, &account, (slot.template, intent.at)).await
}

/// What an account's cycles say about an install whose outcome is not known.
#[derive(Debug, PartialEq, Eq)]
enum Finding<'a> {
    /// It did not happen.
    Nothing,
    One(&'a Cycle),
    Several(Vec<CycleId>),
}

async fn settle_doubt(
    context: &StepContext<'_>,
    account: &Account,
    (template, meant_at): (TemplateId, DateTime<Utc>),
) -> Result<Outcome, Trouble> {
    let claimed = claimed(context).await?;
    let cycles = account.list_cycles().await?;
    match find_ours(&cycles, template, meant_at, &claimed) {
        Finding::One(cycle) => Ok(installed(context.slot, cycle, Origin::Adopted)),
        Finding::Several(ids) => {
            let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
            Ok(Outcome::Stuck(Problem::with(
                ProblemCode::AmbiguousInstall,
                format!("candidates: {}", ids.join(", ")),
            )))
        }
        Finding::Nothing => {
            let cycle = account.install(template).await?;
            Ok(installed(context.slot, &cycle, Origin::Made))
        }
    }
}

/// Cycles that are spoken for: by other templates of this onboarding and by the tenant's others.
async fn claimed(context: &StepContext<'_>) -> Result<HashSet<CycleId>, Trouble> {
    let onboarding = context.onboarding;
    let siblings =
        context.store().list_cycles_of_siblings(&onboarding.tenant, onboarding.id).await?;
    let own = onboarding.facts.slots.iter().filter_map(|slot| slot.cycle);
    Ok(siblings.into_iter().chain(own).collect())
}

fn find_ours<'a>(
    cycles: &'a [Cycle],
    template: TemplateId,
    meant_at: DateTime<Utc>,
    claimed: &HashSet<CycleId>,
) -> Finding<'a> {
    let possible = cycles.iter().filter(|cycle| {
        cycle.template == Some(template)
            && cycle.status != CycleStatus::DeleteScheduled
            && !claimed.contains(&cycle.id)
    });
    // One that seems too old may be older than the intent, or our clocks differ more than we think.
    let (recent, older): (Vec<_>, Vec<_>) =
        possible.partition(|cycle| cycle.created_at.is_none_or(|at| at >= meant_at - CLOCK_MARGIN));
    match (recent.as_slice(), older.as_slice()) {
        ([], []) => Finding::Nothing,
        ([one], _) => Finding::One(one),
        (several, older) => {
            Finding::Several(several.iter().chain(older).map(|cycle| cycle.id).collect())
        }
    }
}

fn installed(slot: usize, cycle: &Cycle, origin: Origin) -> Outcome {
    let connectors = cycle.connectors.iter().map(|connector| SeenConnector {
        connector: connector.connector,
        name: connector.name.clone(),
        auth: None,
        authenticated: connector.authenticated,
    });
    Outcome::Done(Gain::Installed {
        slot,
        cycle: cycle.id,
        origin,
        connectors: connectors.collect(),
    })
}

#[cfg(test)]
mod tests {
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
        let meant_at = DateTime::from_timestamp(4_990, 0).unwrap();
        let id = |id| CycleId(Uuid::from_u128(id));
        let find = |claimed: &[CycleId]| {
            let claimed = claimed.iter().copied().collect();
            match find_ours(&cycles, template, meant_at, &claimed) {
                Finding::Nothing => Vec::new(),
                Finding::One(cycle) => vec![cycle.id],
                Finding::Several(ids) => ids,
            }
        };
        assert_eq!(find(&[]), [id(4), id(5), id(1)]);
        assert_eq!(find(&[id(4)]), [id(5)]);
        assert_eq!(find(&[id(4), id(5)]), [id(1)], "a person decides");
        assert_eq!(find(&[id(1), id(4), id(5)]), []);
    }
}
