//! Looks at live onboardings: so many a second and no more, and only while Cyclr is well.
//!
//! What is on its way never waits for them: they are in a queue of their own, and when this process has its
//! hands full, or Cyclr is away, they come later.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{Engine, Error, PressureState};
use crate::store::{self, Leased};
use crate::telemetry::meters;

/// How often some are taken.
const BEAT: Duration = Duration::from_secs(1);
/// How often it is seen to that all have a next look.
const PLAN: Duration = Duration::from_mins(1);

/// Every process does so; each look is taken by one of them.
pub(super) async fn patrol(engine: Engine, stop: CancellationToken) {
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut plan = tokio::time::interval(PLAN);
    plan.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.is_cancelled() {
        let done = tokio::select! {
            () = stop.cancelled() => return,
            _ = beat.tick() => engine.begin_looks().await,
            _ = plan.tick() => engine.plan_looks(&stop).await,
        };
        if let Err(error) = done {
            tracing::info!(%error, "live onboardings could not be looked after; trying again soon");
        }
    }
}

impl Engine {
    /// For live ones whose look is due; what follows is the same as for any other lease.
    pub(super) async fn claim_looks(&self, limit: usize) -> Result<Vec<Leased>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        match self.store().claim_looks(limit, self.0.settings.lease).await {
            Ok(claimed) => {
                for leased in claimed.iter().filter(|leased| leased.is_takeover()) {
                    meters::takeover(leased.onboarding().step().name());
                }
                Ok(claimed)
            }
            // The tenant's other one was taken between our look and our write.
            Err(store::Error::Conflict) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    async fn begin_looks(&self) -> Result<(), Error> {
        let usual = usize::from(self.0.settings.looks_per_second);
        let most = usual.min(self.0.hand_off.capacity() / 2);
        if most == 0 || self.pressure().state != PressureState::Closed {
            return Ok(());
        }
        for leased in self.claim_looks(most).await? {
            if let Err(refused) = self.0.hand_off.try_send(leased) {
                self.store().release(refused.into_inner()).await?;
            }
        }
        Ok(())
    }

    async fn plan_looks(&self, stop: &CancellationToken) -> Result<(), Error> {
        let within = self.0.settings.usual_look.to_std().unwrap_or_default();
        while self.store().plan_looks(within).await? && !stop.is_cancelled() {}
        Ok(())
    }
}
