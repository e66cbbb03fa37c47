//! Group commit: the results of many workers in one transaction.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::kept_session::KeptSession;
use super::trouble::{Failure as _, Trouble, pause};
use super::{Change, Error, Kept, Store};
use crate::telemetry::meters;

/// Most results in one statement. What is ready beyond that goes into the next one.
const MOST: usize = 512;

/// Where workers hand in their results. Cheap to clone.
///
/// It waits for no timer: whatever is ready when the last statement is durable goes into the next
/// one, so a result that is alone is written at once, and under load the batches grow by themselves.
#[derive(Debug, Clone)]
pub struct Committer(mpsc::Sender<Entry>);

#[derive(Debug)]
struct Entry {
    change: Box<Change>,
    fate: oneshot::Sender<Result<Kept, Error>>,
}

impl Committer {
    /// The handle, and the work itself: a future that ends when all handles are gone.
    pub fn new(store: Store, lease: Duration) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, receiver) = mpsc::channel(MOST);
        (Self(sender), run(store, lease, receiver))
    }

    /// Keeps one worker's result and says how it fared.
    ///
    /// After an error the change may or may not have been kept; the lease decides in the end.
    pub async fn commit(&self, change: Box<Change>) -> Result<Kept, Error> {
        let (fate, told) = oneshot::channel();
        self.0.send(Entry { change, fate }).await.map_err(|_| closed())?;
        told.await.map_err(|_| closed())?
    }
}

async fn run(store: Store, lease: Duration, mut receiver: mpsc::Receiver<Entry>) {
    let mut ready = Vec::with_capacity(MOST);
    let mut session = KeptSession::default();
    while receiver.recv_many(&mut ready, MOST).await > 0 {
        let mut batches = vec![Batch::of(ready.drain(..))];
        while let Some(batch) = batches.pop() {
            batches.extend(batch.keep(&store, &mut session, lease).await);
        }
    }
}

/// Results that go into one statement, and who waits for their fates.
struct Batch {
    changes: Vec<Change>,
    fates: HashMap<Uuid, oneshot::Sender<Result<Kept, Error>>>,
}

impl Batch {
    fn of(entries: impl Iterator<Item = Entry>) -> Self {
        let (changes, fates) = entries
            .map(|Entry { change, fate }| {
                let name = change.leased.next_change;
                (*change, (name, fate))
            })
            .unzip();
        Self { changes, fates }
    }

    /// Tries until it is kept, or until nobody could use the results any more: Cyclr was asked for
    /// them already. Gives single ones back when the batch as it is will never do.
    async fn keep(
        mut self,
        store: &Store,
        session: &mut KeptSession,
        lease: Duration,
    ) -> Vec<Self> {
        let mut failures = 0;
        let mut in_doubt = false;
        while !self.changes.is_empty() {
            let names: Vec<_> = self.changes.iter().map(|c| c.leased.next_change).collect();
            let changes = std::mem::take(&mut self.changes);
            let (size, began) = (changes.len(), Instant::now());
            let tried = if in_doubt {
                store.commit_again(session, changes, lease).await
            } else {
                store.commit_with(session, changes, lease).await
            };
            meters::commit(size, began.elapsed());
            let (error, changes) = match tried {
                Ok(fates) => {
                    names.into_iter().zip(fates).for_each(|(name, kept)| self.tell(name, Ok(kept)));
                    break;
                }
                Err(failed) => failed,
            };
            let trouble = error.trouble();
            in_doubt |= trouble == Trouble::Gone;
            failures += 1;
            tracing::warn!(%error, ?trouble, size = changes.len(), "results could not be kept yet");
            self.changes = changes;
            if trouble == Trouble::Ours {
                return self.split(error);
            }
            self.give_up_late_ones(lease);
            tokio::time::sleep(pause(failures)).await;
        }
        Vec::new()
    }

    fn tell(&mut self, name: Uuid, kept: Result<Kept, Error>) {
        // A worker that no longer listens was stopped; its change is kept all the same.
        drop(self.fates.remove(&name).map(|fate| fate.send(kept)));
    }

    /// One by one, so that the one which will not do does not keep the others.
    fn split(mut self, error: Error) -> Vec<Self> {
        if let [change] = self.changes.as_slice() {
            self.tell(change.leased.next_change, Err(error));
            return Vec::new();
        }
        let alone = self.changes.into_iter().map(|change| {
            let name = change.leased.next_change;
            let fates = self.fates.remove(&name).map(|fate| (name, fate));
            Self { changes: vec![change], fates: fates.into_iter().collect() }
        });
        alone.collect()
    }

    /// While the database is away nobody else can take the row, so a lease may be overdrawn by its
    /// length. The fence decides in the end.
    fn give_up_late_ones(&mut self, lease: Duration) {
        let late = |change: &mut Change| change.leased.ends + lease < Instant::now();
        for change in self.changes.extract_if(.., late).collect::<Vec<_>>() {
            self.tell(change.leased.next_change, Err(closed()));
        }
    }
}

fn closed() -> Error {
    Error::Database(sqlx::Error::PoolClosed)
}
