//! A worker that came too late has made a cycle that nobody will record: it sees to it itself.
//!
//! First the cycle is disowned, durably and in a person's manner, so that nobody adopts it while it is
//! being deleted; a worker that was just doing so finds its result refused. If somebody has recorded
//! it already, it is theirs and stays. Should this worker die in the middle, the look before the
//! activation finds what is left, see `steps::surplus`.

use super::drive::call_lines;
use super::{Engine, Error};
use crate::cyclr::{self, CallLog};
use crate::ids::{AccountId, CycleId, OnboardingId};
use crate::onboarding::{Command, Onboarding, Transition};
use crate::telemetry::meters;

const ACTOR: &str = "engine";

/// What is left at Cyclr if the change that tells of it is refused.
pub(super) struct LateCycle {
    slot: usize,
    cycle: CycleId,
    /// May be known to nobody else yet.
    account: AccountId,
}

impl LateCycle {
    pub(super) fn of(transition: &Transition) -> Option<Self> {
        let (slot, cycle) = transition.installed()?;
        let account = transition.to.facts.account.as_ref()?.id.clone();
        Some(Self { slot, cycle, account })
    }
}

impl Engine {
    /// Nothing that goes wrong here is lost: it is logged, and looked for again before activation.
    pub(super) async fn give_up_cycle(&self, id: OnboardingId, late: LateCycle) {
        let LateCycle { slot, cycle, account } = late;
        let onboarding = match self.order(id, Command::Disown { slot, cycle }, ACTOR).await {
            Ok(onboarding) => onboarding,
            Err(Error::Invalid(_)) => {
                tracing::info!(%cycle, "the cycle made by a late worker was adopted already");
                return;
            }
            Err(error) => {
                tracing::warn!(%cycle, %error, "a late worker's cycle could not be disowned");
                return;
            }
        };
        match self.delete_unused(&onboarding, &account, cycle).await {
            Ok(true) => {
                meters::cycles_retired(1);
                if let Err(error) =
                    self.order(id, Command::NoteRetired { slot, cycle }, ACTOR).await
                {
                    tracing::info!(%cycle, %error, "a late worker's cycle was deleted, untold");
                }
            }
            Ok(false) => {
                tracing::warn!(%cycle, "a late worker's cycle is in use; it is left as it is");
            }
            Err(error) => {
                tracing::warn!(%cycle, %error, "a late worker's cycle could not be deleted");
            }
        }
    }

    /// Whether it is gone; one that has run, or that another onboarding has recorded, stays.
    async fn delete_unused(
        &self,
        onboarding: &Onboarding,
        account: &AccountId,
        cycle: CycleId,
    ) -> Result<bool, Error> {
        // The tenant's others may install the same template, and one of them may have adopted it.
        let (tenant, id) = (&onboarding.tenant, onboarding.id);
        if self.store().list_cycles_of_siblings(tenant, id).await?.contains(&cycle) {
            return Ok(false);
        }
        let log = CallLog::default();
        let account = self.0.cyclr.in_account(account, &log);
        let gone = delete_if_unused(&account, cycle).await;
        self.store().log_calls(onboarding.id, &call_lines(&log)).await?;
        Ok(gone?)
    }
}

async fn delete_if_unused(account: &cyclr::Account, id: CycleId) -> Result<bool, cyclr::Error> {
    match account.find_cycle(id).await? {
        Some(cycle) if cycle.never_ran() => {
            account.delete_cycle(id).await?;
            Ok(true)
        }
        Some(cycle) => Ok(cycle.status == cyclr::CycleStatus::DeleteScheduled),
        None => Ok(true),
    }
}
