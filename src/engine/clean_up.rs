//! Forgets what nobody can ask for any more, and adds up what is counted. No request waits for this.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::Engine;

/// How often answers that were kept for repetitions are looked through.
const PAUSE: Duration = Duration::from_mins(1);
/// How often the tally is added up. Counting reads what came since, too.
const TALLY_PAUSE: Duration = Duration::from_secs(5);

/// Every process does so; what one of them is at is passed by.
pub(super) async fn forget(engine: Engine, stop: CancellationToken) {
    let mut pause = tokio::time::interval(PAUSE);
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(pause.tick()).await.is_some() {
        loop {
            match engine.store().forget_answers().await {
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
