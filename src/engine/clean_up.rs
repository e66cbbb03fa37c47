//! What nobody waits for: forgets old answers and old orders to many, adds up the tally, writes which keys were used.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{Engine, Keep};

/// How often answers that were kept for repetitions are looked through.
const PAUSE: Duration = Duration::from_mins(1);
/// How long a preview that nobody started is kept.
const PREVIEWS_KEPT: TimeDelta = TimeDelta::days(1);
/// How often the tally is added up. Counting reads what came since, too.
const TALLY_PAUSE: Duration = Duration::from_secs(5);
/// How often it is written which keys were used, so that what is shown is a minute old at most.
const USES_PAUSE: Duration = Duration::from_secs(20);

/// Every process does so; what one of them is at is passed by.
pub(super) async fn forget(engine: Engine, keep: Keep, stop: CancellationToken) {
    let mut pause = tokio::time::interval(PAUSE);
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(pause.tick()).await.is_some() {
        loop {
            match engine.store().forget_answers(keep.answers).await {
                Ok(true) if !stop.is_cancelled() => {}
                Ok(true | false) => break,
                Err(error) => {
                    tracing::info!(%error, "old answers were not forgotten; trying again soon");
                    break;
                }
            }
        }
    }
}

/// Every process does so; what one of them is at is passed by.
pub(super) async fn forget_bulk(engine: Engine, keep: Keep, stop: CancellationToken) {
    let mut pause = tokio::time::interval(PAUSE);
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(pause.tick()).await.is_some() {
        let now = engine.clock().now();
        let (previewed, ended) = (now - PREVIEWS_KEPT, now - keep.bulk);
        if let Err(error) = engine.store().forget_bulk(previewed, ended).await {
            tracing::info!(%error, "old orders to many were not forgotten; trying again soon");
        }
    }
}

/// Every process does so, one at a time.
pub(super) async fn add_up(engine: Engine, stop: CancellationToken) {
    let mut pause = tokio::time::interval(TALLY_PAUSE);
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(pause.tick()).await.is_some() {
        if let Err(error) = engine.store().add_up_tally().await {
            tracing::info!(%error, "the tally was not added up; trying again soon");
        }
    }
}

/// What was used since the last time is forgotten if the process dies.
pub(super) async fn write_uses(engine: Engine, stop: CancellationToken) {
    let mut pause = tokio::time::interval(USES_PAUSE);
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(pause.tick()).await.is_some() {
        if let Err(error) = engine.store().write_key_uses().await {
            tracing::info!(%error, "the keys' uses were not written; trying again soon");
        }
    }
}
