//! Looking ahead: what the next step will read in any case is read while the last result is kept.
//!
//! Only reading: nothing is changed at Cyclr for a cycle before it is recorded. And only where nothing
//! is in doubt, for otherwise there is more to look at first.

use tokio::time::timeout;

use super::{Engine, steps};
use crate::cyclr::{self, CallLog};
use crate::ids::CycleId;
use crate::onboarding::{Status, StepKind, Target};
use crate::store::Change;

/// What mapping a fresh cycle begins with.
pub(super) struct Ahead {
    pub(super) cycle: CycleId,
    pub(super) targets: Result<Vec<Target>, cyclr::Error>,
    pub(super) log: CallLog,
}

impl Engine {
    /// `None` where the next step does not begin with reading a fresh cycle, or where time ran out.
    pub(super) fn look_ahead(
        &self,
        change: &Change,
    ) -> Option<impl Future<Output = Option<Ahead>> + Send + use<>> {
        let to = &change.transition.to;
        let (_, cycle) = change.transition.installed()?;
        let (step, slot) = to.facts.position();
        let is_next = to.status == Status::Running
            && step == StepKind::Map
            && to
                .facts
                .slots
                .get(slot)
                .is_some_and(|slot| slot.cycle == Some(cycle) && !slot.install_doubted());
        let in_doubt = change.leased.is_takeover() || to.facts.taken_over_at.is_some();
        if !is_next || in_doubt || !self.has_time_for_a_call(&change.leased) {
            return None;
        }
        let log = CallLog::default();
        let account = self.0.cyclr.in_account(&to.facts.account.as_ref()?.id, &log);
        let remaining = change.leased.remaining(self.0.settings.commit_margin);
        Some(async move {
            let targets = timeout(remaining, steps::read_targets(&account, cycle)).await.ok()?;
            Some(Ahead { cycle, targets, log })
        })
    }
}
