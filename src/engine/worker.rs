//! Takes what is due and drives it, many side by side, until told to stop.

use std::sync::PoisonError;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{Engine, Error};
use crate::store::{self, Committer, Leased, Starter};
use crate::telemetry::meters;

/// Most rows taken in one statement.
const MOST_CLAIMED: usize = 512;

/// The part of the engine that runs. One per process is enough: it drives thousands side by side.
#[derive(Debug)]
pub struct Worker {
    engine: Engine,
    handed_off: mpsc::Receiver<Leased>,
}

impl Worker {
    pub(super) fn new(engine: Engine, handed_off: mpsc::Receiver<Leased>) -> Self {
        Self { engine, handed_off }
    }

    /// Drives everything that is due now until it rests; says how many onboardings that were.
    ///
    /// Everything happens inside this future: dropping it stops all work where it stands, as the
    /// death of the process would.
    pub async fn tick(&mut self) -> Result<usize, Error> {
        let settings = &self.engine.0.settings;
        let stop = CancellationToken::new();
        let (committer, committing) = Committer::new(self.engine.store().clone(), settings.lease);
        let driving = async {
            let mut count = 0;
            loop {
                let mut batch = Vec::new();
                while let Ok(leased) = self.handed_off.try_recv() {
                    batch.push(leased);
                }
                batch.extend(self.engine.claim(MOST_CLAIMED).await?);
                if batch.is_empty() {
                    return Ok(count);
                }
                count += batch.len();
                let drives = batch.into_iter().map(|l| self.engine.drive(l, &committer, &stop));
                join_all(drives).await;
            }
        };
        tokio::select! {
            done = driving => done,
            // It ends only when its handles are gone, and we hold one.
            () = committing => Ok(0),
        }
    }

    /// Works until `stop`, then lets what is under way finish within `grace`.
    pub async fn run(mut self, stop: CancellationToken, grace: Duration) {
        let settings = self.engine.0.settings.clone();
        let (committer, committing) = Committer::new(self.engine.store().clone(), settings.lease);
        // Both live as long as somebody may hand in a result; the listener for ever.
        let mut keeping = JoinSet::new();
        keeping.spawn(committing);
        let (starter, starting) = Starter::new(self.engine.store().clone(), settings.lease);
        keeping.spawn(starting);
        self.engine.start_together(Some(starter));
        let mut listening = JoinSet::new();
        listening.spawn(listen(self.engine.clone(), stop.clone()));
        let mut drives = JoinSet::new();
        // Made once: a busy process must still look at the table now and then.
        let mut poll = tokio::time::interval(settings.poll);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look = true;
        while !stop.is_cancelled() {
            let room = settings.at_once.saturating_sub(drives.len());
            if look && room > 0 {
                look = self.take(&mut drives, &committer, &stop, room.min(MOST_CLAIMED)).await;
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Some(leased) = self.handed_off.recv(), if room > 0 => {
                    self.begin(&mut drives, &committer, &stop, leased);
                }
                () = self.engine.0.due.notified() => look = true,
                _ = poll.tick() => look = true,
                _ = keeping.join_next() => {
                    tracing::error!("nothing can be kept any more; stopping");
                    stop.cancel();
                }
                Some(ended) = drives.join_next() => {
                    if let Err(error) = ended {
                        // Its lease ends by itself; the claim is counted.
                        tracing::error!(%error, "a worker died while driving an onboarding");
                    }
                }
            }
        }
        listening.shutdown().await;
        self.finish(drives, committer, keeping, grace).await;
    }

    /// Claims and begins; says whether there may be more.
    async fn take(
        &mut self,
        drives: &mut JoinSet<()>,
        committer: &Committer,
        stop: &CancellationToken,
        limit: usize,
    ) -> bool {
        match self.engine.claim(limit).await {
            Ok(claimed) => {
                let more = claimed.len() == limit;
                for leased in claimed {
                    self.begin(drives, committer, stop, leased);
                }
                more
            }
            // A sibling was taken by another process between our look and our write.
            Err(Error::Store(store::Error::Conflict)) => true,
            Err(error) => {
                tracing::warn!(%error, "cannot see what is due; looking again later");
                false
            }
        }
    }

    fn begin(
        &self,
        drives: &mut JoinSet<()>,
        committer: &Committer,
        stop: &CancellationToken,
        leased: Leased,
    ) {
        let (engine, committer, stop) = (self.engine.clone(), committer.clone(), stop.clone());
        drives.spawn(async move { engine.drive(leased, &committer, &stop).await });
    }

    async fn finish(
        mut self,
        mut drives: JoinSet<()>,
        committer: Committer,
        mut keeping: JoinSet<()>,
        grace: Duration,
    ) {
        // From here on each start is kept by itself and due for anybody.
        self.engine.start_together(None);
        self.handed_off.close();
        while let Ok(leased) = self.handed_off.try_recv() {
            if let Err(error) = self.engine.store().release(leased, false).await {
                tracing::info!(%error, "could not give an onboarding back; its lease will end");
            }
        }
        let drained =
            tokio::time::timeout(grace, async { while drives.join_next().await.is_some() {} });
        if drained.await.is_err() {
            tracing::warn!(left = drives.len(), "stopped before all calls were answered");
        }
        drives.shutdown().await;
        drop(committer);
        // What is still being kept is let finish.
        let kept =
            tokio::time::timeout(grace, async { while keeping.join_next().await.is_some() {} });
        drop(kept.await);
        keeping.shutdown().await;
    }
}

impl Engine {
    fn start_together(&self, starter: Option<Starter>) {
        *self.0.starter.write().unwrap_or_else(PoisonError::into_inner) = starter;
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Leased>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let claimed = self.store().claim(limit, self.0.settings.lease).await?;
        for leased in claimed.iter().filter(|leased| leased.is_takeover()) {
            meters::takeover(leased.onboarding().step().name());
        }
        Ok(claimed)
    }
}

/// Turns what other processes say into a look at the table. Without it, the poll does the same later.
async fn listen(engine: Engine, stop: CancellationToken) {
    let patience = engine.0.settings.poll.max(Duration::from_secs(1));
    while !stop.is_cancelled() {
        match engine.store().listen().await {
            Ok(mut listener) => {
                while listener.recv().await.is_ok() {
                    engine.0.due.notify_one();
                }
            }
            Err(error) => tracing::info!(%error, "not listening; polling"),
        }
        tokio::time::sleep(patience).await;
    }
}
