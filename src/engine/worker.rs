//! Takes what is due and drives it, many side by side, until told to stop.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Engine, Error, Keep, bulk, clean_up, keeping, looks};
use crate::store::{self, Committer, Held, Leased, Starter};
use crate::telemetry::meters;

/// Most rows taken in one statement.
const MOST_CLAIMED: usize = 512;
/// How soon a database that was away is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// How long a look at the table may still take once the order to stop has come.
const LAST_LOOK: Duration = Duration::from_secs(2);
/// What of the grace is kept for results and for giving back what is not finished.
const FOR_RESULTS: Duration = Duration::from_secs(3);

/// The part of the engine that runs. One per process is enough: it drives thousands side by side.
#[derive(Debug)]
pub struct Worker {
    engine: Engine,
    handed_off: mpsc::Receiver<Leased>,
    keep: Keep,
}

impl Worker {
    pub(super) fn new(engine: Engine, handed_off: mpsc::Receiver<Leased>) -> Self {
        Self { engine, handed_off, keep: Keep::default() }
    }

    /// For how long it keeps what nobody needs any more.
    #[must_use]
    pub fn keeping(self, keep: Keep) -> Self {
        Self { keep, ..self }
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
                batch.extend(self.engine.claim_looks(MOST_CLAIMED).await?);
                if batch.is_empty() {
                    return Ok(count);
                }
                count += batch.len();
                let drives =
                    batch.into_iter().map(|l| self.engine.drive(Box::new(l), &committer, &stop));
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
        let mut beside = self.engine.work_beside(self.keep, &stop);
        let mut drives = Drives::default();
        // Made once: a busy process must still look at the table now and then.
        let mut poll = tokio::time::interval(settings.poll);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look = true;
        while !stop.is_cancelled() {
            let room = settings.at_once.saturating_sub(drives.len());
            if look && room > 0 {
                let late = async {
                    stop.cancelled().await;
                    tokio::time::sleep(LAST_LOOK).await;
                };
                look = tokio::select! {
                    more = self.take(&mut drives, &committer, &stop, room.min(MOST_CLAIMED)) => {
                        match more {
                            Ok(more) => more,
                            Err(error) => {
                                tracing::warn!(%error, "cannot see what is due; looking again soon");
                                poll.reset_after(settings.poll.min(ASK_AGAIN));
                                false
                            }
                        }
                    }
                    () = late => false,
                };
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
        beside.shutdown().await;
        self.finish(drives, committer, keeping, grace).await;
    }

    /// Claims and begins; says whether there may be more.
    async fn take(
        &self,
        drives: &mut Drives,
        committer: &Committer,
        stop: &CancellationToken,
        limit: usize,
    ) -> Result<bool, Error> {
        match self.engine.claim(limit).await {
            Ok(claimed) => {
                let more = claimed.len() == limit;
                for leased in claimed {
                    self.begin(drives, committer, stop, leased);
                }
                Ok(more)
            }
            // A sibling was taken by another process between our look and our write.
            Err(Error::Store(store::Error::Conflict)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn begin(
        &self,
        drives: &mut Drives,
        committer: &Committer,
        stop: &CancellationToken,
        leased: Leased,
    ) {
        let (engine, committer, stop) = (self.engine.clone(), committer.clone(), stop.clone());
        let held = leased.held();
        let leased = Box::new(leased);
        drives.spawn(held, async move { engine.drive(leased, &committer, &stop).await });
    }

    /// Everything in here ends within the grace: first what is under way, then what it led to.
    async fn finish(
        mut self,
        mut drives: Drives,
        committer: Committer,
        mut keeping: JoinSet<()>,
        grace: Duration,
    ) {
        let end = Instant::now() + grace;
        // From here on each start is kept by itself and due for anybody.
        self.engine.start_together(None);
        self.handed_off.close();
        let mut unbegun = Vec::new();
        while let Ok(leased) = self.handed_off.try_recv() {
            unbegun.push(leased.held());
        }
        self.give_back(&unbegun, None, end).await;
        let drained = timeout_at(end - FOR_RESULTS.min(grace / 2), async {
            while drives.join_next().await.is_some() {}
        });
        if drained.await.is_err() {
            tracing::warn!(left = drives.len(), "stopped before all calls were answered");
        }
        let begun = drives.shutdown().await;
        drop(committer);
        // What is still being kept is let finish. Results that were kept have spent their leases.
        let kept = async { while keeping.join_next().await.is_some() {} };
        drop(timeout_at(end - FOR_RESULTS.min(grace / 2) / 2, kept).await);
        keeping.shutdown().await;
        // Cyclr may have been asked for something, so the next worker has to look first, and only
        // when what was asked has had its time: see `last_call_of_lost_worker`.
        let settings = &self.engine.0.settings;
        let call = self.engine.0.cyclr.call_deadline() + settings.commit_margin;
        self.give_back(&begun, Some(call), end).await;
    }

    async fn give_back(&self, held: &[Held], begun: Option<Duration>, end: Instant) {
        if held.is_empty() {
            return;
        }
        match timeout_at(end, self.engine.store().release_all(held, begun)).await {
            Ok(Ok(())) => self.engine.wake_others(end).await,
            Ok(Err(error)) => {
                tracing::info!(%error, "could not give onboardings back; their leases will end");
            }
            Err(_) => tracing::info!("no time to give onboardings back; their leases will end"),
        }
    }
}

/// What is being driven, and by which lease.
#[derive(Default)]
struct Drives {
    tasks: JoinSet<()>,
    held: HashMap<task::Id, Held>,
}

impl Drives {
    fn len(&self) -> usize {
        self.tasks.len()
    }

    fn spawn(&mut self, held: Held, drive: impl Future<Output = ()> + Send + 'static) {
        let id = self.tasks.spawn(drive).id();
        self.held.insert(id, held);
    }

    async fn join_next(&mut self) -> Option<Result<(), JoinError>> {
        let ended = self.tasks.join_next_with_id().await?;
        self.held.remove(&ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id));
        Some(ended.map(drop))
    }

    /// Ends them where they stand and says what they held.
    async fn shutdown(mut self) -> Vec<Held> {
        self.tasks.shutdown().await;
        self.held.into_values().collect()
    }
}

impl Engine {
    /// Others can take over what was given back.
    async fn wake_others(&self, end: Instant) {
        if let Ok(Err(error)) = timeout_at(end, self.store().notify()).await {
            tracing::info!(%error, "others were not woken; they will see it when they poll");
        }
    }

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

impl Engine {
    /// What a process does beside driving. It may be ended at any moment: each of these does its work in
    /// pieces, of which each is kept or not.
    fn work_beside(&self, keep: Keep, stop: &CancellationToken) -> JoinSet<()> {
        let mut beside = JoinSet::new();
        beside.spawn(listen(self.clone(), stop.clone()));
        beside.spawn(clean_up::forget(self.clone(), keep, stop.clone()));
        beside.spawn(clean_up::forget_bulk(self.clone(), keep, stop.clone()));
        beside.spawn(clean_up::add_up(self.clone(), stop.clone()));
        beside.spawn(clean_up::write_uses(self.clone(), stop.clone()));
        beside.spawn(keeping::erase_in_time(self.clone(), stop.clone()));
        beside.spawn(keeping::let_age(self.clone(), keep, stop.clone()));
        beside.spawn(bulk::work(self.clone(), stop.clone()));
        beside.spawn(looks::patrol(self.clone(), stop.clone()));
        beside
    }
}

/// Turns what other processes say into a look at the table. Without it, the poll does the same later.
async fn listen(engine: Engine, stop: CancellationToken) {
    let patience = engine.0.settings.poll.max(Duration::from_secs(1));
    while !stop.is_cancelled() {
        match engine.store().listen().await {
            Ok(mut listener) => {
                // What was said while nobody listened is found by looking.
                engine.0.due.notify_one();
                while listener.recv().await {
                    engine.0.due.notify_one();
                }
            }
            Err(error) => tracing::info!(%error, "not listening; polling"),
        }
        tokio::time::sleep(patience).await;
    }
}
