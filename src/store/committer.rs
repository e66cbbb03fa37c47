//! Group commit: the results of many workers in one transaction.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

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
    change: Change,
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
    pub async fn commit(&self, change: Change) -> Result<Kept, Error> {
        let (fate, told) = oneshot::channel();
        let closed = || Error::Database(sqlx::Error::PoolClosed);
        self.0.send(Entry { change, fate }).await.map_err(|_| closed())?;
        told.await.map_err(|_| closed())?
    }
}

async fn run(store: Store, lease: Duration, mut receiver: mpsc::Receiver<Entry>) {
    let mut batch = Vec::with_capacity(MOST);
    while receiver.recv_many(&mut batch, MOST).await > 0 {
        let (changes, fates): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|entry| (entry.change, entry.fate)).unzip();
        let (size, began) = (changes.len(), Instant::now());
        let committed = store.commit_all(changes, lease).await;
        meters::commit(size, began.elapsed());
        match committed {
            Ok(kept) => {
                for (fate, kept) in fates.into_iter().zip(kept) {
                    // A worker that no longer listens was stopped; its change is kept all the same.
                    drop(fate.send(Ok(kept)));
                }
            }
            Err((error, changes)) if changes.len() == 1 => {
                if let Some(fate) = fates.into_iter().next() {
                    drop(fate.send(Err(error)));
                }
            }
            Err((error, changes)) => {
                tracing::warn!(%error, size = changes.len(), "a batch could not be kept; one by one");
                for (change, fate) in changes.into_iter().zip(fates) {
                    let alone = store.commit_all(vec![change], lease).await;
                    let kept = alone.map_err(|(error, _)| error);
                    drop(
                        fate.send(
                            kept.map(|kept| kept.into_iter().next().unwrap_or(Kept::Refused)),
                        ),
                    );
                }
            }
        }
    }
}
