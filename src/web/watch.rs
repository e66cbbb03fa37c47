//! Who waits for news of which onboarding. However many wait, there is one look at the table for all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::ids::{ApiKeyId, OnboardingId};

/// How often other processes' changes are looked for.
const POLL: Duration = Duration::from_secs(2);
/// How often it is looked whether the keys are still good, in polls.
const KEY_CHECKS: u32 = 10;
/// Ids that one statement asks about.
const AT_ONCE: usize = 1000;
/// Most that may wait at a process, with one key, and as visitors for one onboarding.
const MOST: usize = 20_000;
const MOST_OF_KEY: usize = 5_000;
const MOST_VISITORS: usize = 50;

/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Watch(Arc<Mutex<Watched>>);

#[derive(Debug, Default)]
struct Watched {
    onboardings: HashMap<OnboardingId, Watcher>,
    keys: HashMap<ApiKeyId, Owner>,
    count: usize,
}

#[derive(Debug)]
struct Watcher {
    news: watch::Sender<u64>,
    /// The version that the last look saw.
    version: i64,
    count: usize,
}

#[derive(Debug)]
struct Owner {
    over: CancellationToken,
    count: usize,
}

/// The right to wait for one onboarding's news. Given back when dropped.
#[derive(Debug)]
pub struct Watching {
    watch: Watch,
    id: OnboardingId,
    /// `None` for a visitor, whose right to the page is looked at whenever there is news.
    key: Option<ApiKeyId>,
    news: watch::Receiver<u64>,
    over: CancellationToken,
}

impl Watching {
    /// Waits until there may be news. `false`: there is nothing more to wait for, because the time is up,
    /// the key is no longer good or the process is stopping.
    pub async fn wait(&mut self, engine: &Engine, until: Instant) -> bool {
        tokio::select! {
            () = tokio::time::sleep_until(until) => false,
            () = engine.stopped() => false,
            () = self.over.cancelled() => false,
            told = self.news.changed() => told.is_ok(),
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut watched = self.watch.lock();
        watched.count = watched.count.saturating_sub(1);
        if let Some(watcher) = watched.onboardings.get_mut(&self.id) {
            watcher.count -= 1;
            if watcher.count == 0 {
                watched.onboardings.remove(&self.id);
            }
        }
        // A key that was revoked and is used again by nobody may be gone already.
        let key = self.key;
        if let Some((key, owner)) = key.and_then(|key| Some((key, watched.keys.get_mut(&key)?))) {
            owner.count = owner.count.saturating_sub(1);
            if owner.count == 0 {
                watched.keys.remove(&key);
            }
        }
    }
}

impl Watch {
    /// Begins to wait for what comes after `version`. `None`: as many wait as may.
    pub fn open(&self, id: OnboardingId, version: i64, key: Option<ApiKeyId>) -> Option<Watching> {
        let mut watched = self.lock();
        let crowded = match key {
            Some(key) => watched.keys.get(&key).is_some_and(|owner| owner.count >= MOST_OF_KEY),
            None => watched.onboardings.get(&id).is_some_and(|w| w.count >= MOST_VISITORS),
        };
        if watched.count >= MOST || crowded {
            return None;
        }
        watched.count += 1;
        let over = match key {
            Some(key) => {
                let fresh = || Owner { over: CancellationToken::new(), count: 0 };
                let owner = watched.keys.entry(key).or_insert_with(fresh);
                owner.count += 1;
                owner.over.clone()
            }
            None => CancellationToken::new(),
        };
        let entry = watched.onboardings.entry(id).or_insert_with(|| Watcher {
            news: watch::Sender::new(0),
            version,
            count: 0,
        });
        entry.count += 1;
        // Whoever is behind the others has something to look for at the next poll.
        entry.version = entry.version.min(version);
        let news = entry.news.subscribe();
        Some(Watching { watch: self.clone(), id, key, news, over })
    }

    /// Tells of what this process changes at once, and of what others change within two seconds,
    /// until `stop`.
    pub async fn run(&self, engine: &Engine, stop: &CancellationToken) {
        let mut changes = engine.changes();
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut turn = 0_u32;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                news = changes.recv() => match news {
                    Ok(id) => self.tell(id),
                    Err(broadcast::error::RecvError::Lagged(_)) => self.tell_all(),
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                _ = poll.tick() => {
                    self.look(engine).await;
                    if turn.is_multiple_of(KEY_CHECKS) {
                        self.check_keys(engine).await;
                    }
                    turn = turn.wrapping_add(1);
                }
            }
        }
    }

    /// One look for all that wait.
    async fn look(&self, engine: &Engine) {
        let ids: Vec<_> = self.lock().onboardings.keys().copied().collect();
        for ids in ids.chunks(AT_ONCE) {
            match engine.store().list_versions(ids).await {
                Ok(versions) => {
                    let mut watched = self.lock();
                    for (id, version) in versions {
                        if let Some(watcher) = watched.onboardings.get_mut(&id)
                            && watcher.version < version
                        {
                            watcher.version = version;
                            watcher.news.send_modify(|news| *news = news.wrapping_add(1));
                        }
                    }
                }
                Err(error) => tracing::info!(%error, "no look for news; looking again soon"),
            }
        }
    }

    async fn check_keys(&self, engine: &Engine) {
        let keys: Vec<_> = self.lock().keys.keys().copied().collect();
        if keys.is_empty() {
            return;
        }
        match engine.store().list_good_keys(&keys).await {
            Ok(good) => {
                let watched = self.lock();
                let over = watched.keys.iter().filter(|(key, _)| !good.contains(key));
                over.for_each(|(_, owner)| owner.over.cancel());
            }
            Err(error) => tracing::info!(%error, "keys were not looked at; looking again soon"),
        }
    }

    fn tell(&self, id: OnboardingId) {
        if let Some(watcher) = self.lock().onboardings.get(&id) {
            watcher.news.send_modify(|news| *news = news.wrapping_add(1));
        }
    }

    fn tell_all(&self) {
        for watcher in self.lock().onboardings.values() {
            watcher.news.send_modify(|news| *news = news.wrapping_add(1));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
