//! Calls that are performed after their connection has died.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::Sandbox;

/// What is still to be performed. It dies with the runtime, as a server's memory does.
#[derive(Debug, Default)]
pub(super) struct Late {
    tasks: TaskTracker,
    /// When each is due.
    due: watch::Sender<Vec<DateTime<Utc>>>,
    forgotten: watch::Sender<()>,
}

impl Late {
    /// What is not due yet never happens.
    pub(super) fn forget(&self) {
        self.forgotten.send_replace(());
    }

    fn is_over(&self, due: DateTime<Utc>) {
        self.due.send_modify(|all| {
            if let Some(place) = all.iter().position(|one| *one == due) {
                all.swap_remove(place);
            }
        });
    }
}

impl Sandbox {
    /// Lets it happen when the sandbox's clock has gone on that far, whoever waits for it or not.
    pub(super) fn later<T: Send + 'static>(
        &self,
        after: Duration,
        act: impl Future<Output = T> + Send + 'static,
    ) {
        let clock_is_at = self.0.clock.now();
        let after = TimeDelta::from_std(after).unwrap_or(TimeDelta::MAX);
        let due = clock_is_at.checked_add_signed(after).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let sandbox = self.clone();
        let mut forgotten = sandbox.0.late.forgotten.subscribe();
        sandbox.0.late.due.send_modify(|all| all.push(due));
        self.0.late.tasks.spawn(async move {
            tokio::select! {
                () = sandbox.0.clock.reach(due) => {
                    act.await;
                }
                _ = forgotten.changed() => {}
            }
            sandbox.0.late.is_over(due);
        });
    }

    /// Done as soon as every call that was to be performed late has been: with a clock that stands
    /// still those that are due now, with the system's clock all.
    pub fn wait_until_none_late(&self) -> impl Future<Output = ()> + Send + use<> {
        let clock = &self.0.clock;
        let until = if clock.stands_still() { clock.now() } else { DateTime::<Utc>::MAX_UTC };
        let mut late = self.0.late.due.subscribe();
        async move {
            // Fails only when the sandbox is gone, and its late calls with it.
            let _ = late.wait_for(|all| all.iter().all(|due| *due > until)).await;
        }
    }
}
