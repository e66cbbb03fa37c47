//! The sandbox's clock: the system's or one that stands still, and how far it was moved.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

#[derive(Debug)]
pub(super) struct Clock {
    /// Where it stands still before it is moved; the system's clock when absent.
    stands_at: Option<DateTime<Utc>>,
    moved: watch::Sender<TimeDelta>,
}

impl Clock {
    pub(super) fn new(stands_at: Option<DateTime<Utc>>) -> Self {
        Self { stands_at, moved: watch::Sender::new(TimeDelta::zero()) }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the sandbox uses no other room, so it has a clock of its own"
    )]
    pub(super) fn now(&self) -> DateTime<Utc> {
        let base = self.stands_at.unwrap_or_else(Utc::now);
        base.checked_add_signed(*self.moved.borrow()).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// How far it is from where it would be had nobody touched it.
    pub(super) fn moved_by(&self) -> TimeDelta {
        *self.moved.borrow()
    }

    pub(super) fn stands_still(&self) -> bool {
        self.stands_at.is_some()
    }

    pub(super) fn advance(&self, by: TimeDelta) {
        self.moved.send_modify(|moved| *moved = moved.checked_add(&by).unwrap_or(*moved));
    }

    /// Comes back when it is that late, by itself or because it was moved.
    pub(super) async fn reach(&self, due: DateTime<Utc>) {
        let mut moved = self.moved.subscribe();
        loop {
            let left = (due - self.now()).to_std().unwrap_or_default();
            if left.is_zero() {
                return;
            }
            let by_itself = async {
                if self.stands_still() {
                    std::future::pending::<()>().await;
                } else {
                    tokio::time::sleep(left).await;
                }
            };
            tokio::select! {
                () = by_itself => {}
                // Fails only when the sandbox is gone.
                changed = moved.changed() => if changed.is_err() { return },
            }
        }
    }
}
