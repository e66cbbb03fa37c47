//! What goes when its time is over, and what a restored copy is told. In small pieces: whatever is broken off
//! is taken up again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Engine, Error};
use crate::ids::{OnboardingId, Reference, TenantId};
use crate::onboarding::{Extent, Onboarding};
use crate::store::{self, Act, Actor, Answer, IdempotencyKey, Restore, Store, WalkPlace};

/// How often it is looked whether somebody's time is over.
const ERASING_PAUSE: Duration = Duration::from_mins(10);
/// How often what is old is looked for. It is kept for days, and looking means to walk through the journal.
const AGING_PAUSE: Duration = Duration::from_hours(6);
/// Between two pieces, so that others come to their turn.
const BREATH: Duration = Duration::from_millis(20);
/// Onboardings that are looked at together.
const AT_ONCE: u16 = 200;
/// Tries at an onboarding that others change at the same time.
const MOST_CONFLICTS: usize = 8;
/// Who it was, for the timeline.
const OURSELVES: &str = "engine";

/// How long things are kept. `None`: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Lines of the journal of onboardings that have ended.
    pub journal: Option<TimeDelta>,
    /// What was said to Cyclr, and tries at signing in.
    pub calls: Option<TimeDelta>,
    /// Answers for requests that come again.
    pub answers: TimeDelta,
    /// Orders to many, with what became of each.
    pub bulk: TimeDelta,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            journal: None,
            calls: Some(TimeDelta::days(90)),
            answers: TimeDelta::days(2),
            bulk: TimeDelta::days(90),
        }
    }
}

/// What came of the wish to have a tenant's data erased.
#[derive(Debug)]
pub enum Erasing {
    /// Nothing was ever started for it.
    Unknown,
    /// This onboarding is open, so nothing was erased.
    Open(Reference),
    Done(Answer),
}

/// Every process does so; what one of them has done the others pass by.
pub(super) async fn erase_in_time(engine: Engine, stop: CancellationToken) {
    let mut pause = tokio::time::interval(ERASING_PAUSE);
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(pause.tick()).await.is_some() {
        if let Err(error) = engine.erase_due().await {
            tracing::info!(%error, "not all that is due was erased; trying again soon");
        }
    }
}

/// Every process does so; what one of them is at is passed by.
pub(super) async fn let_age(engine: Engine, keep: Keep, stop: CancellationToken) {
    let mut pause = tokio::time::interval(AGING_PAUSE);
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(pause.tick()).await.is_some() {
        if let Err(error) = engine.forget_aged(keep).await {
            tracing::info!(%error, "not all that is old was removed; trying again later");
        }
    }
}

impl Engine {
    /// Erases what is known of people where the blueprint's time is over; says of how many onboardings.
    pub async fn erase_due(&self) -> Result<u64, store::Error> {
        let (mut after, mut erased) = (None, 0);
        loop {
            let stretch = self.store().list_to_erase(after, AT_ONCE).await?;
            let Some(last) = stretch.last() else { return Ok(erased) };
            after = Some(last.place);
            for one in stretch.iter().filter(|one| one.is_due) {
                match self.erase_one(one.id, Extent::WhatRests, OURSELVES).await {
                    Ok(done) => erased += u64::from(done),
                    // Somebody is at work on it; its turn comes again.
                    Err(store::Error::Conflict) => {}
                    // One that cannot be read keeps nobody else's time from being over.
                    Err(error @ store::Error::Inconsistent { .. }) => {
                        tracing::error!(%error, onboarding = %one.id.0, "its time is over, and it cannot be erased");
                    }
                    Err(error @ store::Error::Database(_)) => return Err(error),
                }
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Removes what is older than it is kept. What an open onboarding may need stays.
    pub async fn forget_aged(&self, keep: Keep) -> Result<(), store::Error> {
        if let Some(calls) = keep.calls {
            while self.store().forget_calls(calls).await? {
                tokio::time::sleep(BREATH).await;
            }
            while self.store().forget_attempts(calls).await? {
                tokio::time::sleep(BREATH).await;
            }
        }
        if keep.journal.is_none() && keep.calls.is_none() {
            return Ok(());
        }
        let mut after: WalkPlace = (Uuid::nil(), 0);
        loop {
            let thinned = self.store().thin_journal(after, keep.journal, keep.calls).await?;
            let Some(next) = thinned.next else { return Ok(()) };
            after = next;
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Erases all that is known of a tenant's people. Refused while an onboarding of it is open. `render`
    /// makes the answer from the number of onboardings.
    pub async fn erase_tenant(
        &self,
        tenant: &TenantId,
        (actor, reason): (&str, &str),
        once: Option<&IdempotencyKey>,
        render: &(dyn Fn(u64) -> (u16, String) + Send + Sync),
    ) -> Result<Erasing, Error> {
        if let Some(key) = once
            && let Some(answer) = self.store().find_answer(key).await?
        {
            return Ok(Erasing::Done(answer));
        }
        if !self.store().knows_tenant(tenant).await? {
            return Ok(Erasing::Unknown);
        }
        let all = self.list_all_of(tenant).await?;
        if let Some(open) = all.iter().find(|one| !one.status.is_terminal()) {
            return Ok(Erasing::Open(open.reference.clone()));
        }
        for one in &all {
            self.erase_one(one.id, Extent::Everything, actor).await?;
        }
        // One may have been started or opened again meanwhile: then nobody is told that it is done.
        let all = self.list_all_of(tenant).await?;
        let is_bare = |one: &Onboarding| one.profile.erased.is_some_and(|erased| erased.everything);
        if !all.iter().all(is_bare) {
            return Err(store::Error::Conflict.into());
        }
        let count = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let (status, body) = render(count);
        let answer = Answer { status, body, shows: None };
        let actor = Actor { name: actor.to_owned(), staff: None };
        let reason = Some(reason.to_owned());
        let act = Act { reason, ..Act::new("erase_tenant", tenant.as_str()) };
        let once = once.map(|key| (key, &answer));
        let earlier = self.store().note_erasure((&actor, &act), once).await?;
        Ok(Erasing::Done(earlier.unwrap_or(answer)))
    }

    async fn list_all_of(&self, tenant: &TenantId) -> Result<Vec<Onboarding>, store::Error> {
        let mut all: Vec<Onboarding> = Vec::new();
        loop {
            let after = all.last().map_or(OnboardingId(Uuid::nil()), |last| last.id);
            let some = self.store().list_of_tenant(tenant, after, AT_ONCE).await?;
            if some.is_empty() {
                return Ok(all);
            }
            all.extend(some);
        }
    }

    /// Says whether there was anything to erase. [`store::Error::Conflict`] when others change it all the time.
    async fn erase_one(
        &self,
        id: OnboardingId,
        extent: Extent,
        actor: &str,
    ) -> Result<bool, store::Error> {
        for _ in 0..MOST_CONFLICTS {
            let Some(onboarding) = self.store().find(id).await? else { return Ok(false) };
            let blueprint = self.store().load_blueprint(&onboarding.blueprint).await?;
            let now = self.clock().now();
            let Some(transition) = onboarding.erase(extent, &blueprint, now) else {
                return Ok(false);
            };
            if self.store().keep_erased(&onboarding, &transition, actor).await? {
                self.tell_changed(id);
                return Ok(true);
            }
        }
        Err(store::Error::Conflict)
    }
}

/// Tells a database that was put back to an older state: every open onboarding looks at Cyclr before it makes
/// anything. Nobody else may be at work on it. Says how far it went back, and how many look.
pub async fn after_restore(
    store: &Store,
    now: DateTime<Utc>,
    back_to: Option<DateTime<Utc>>,
) -> Result<(DateTime<Utc>, u64), store::Error> {
    let back_to = match back_to {
        Some(back_to) => back_to,
        None => store.find_newest_start().await?.unwrap_or(DateTime::UNIX_EPOCH),
    };
    store.note_restore(Restore { restored_at: now, back_to }).await?;
    let (mut after, mut marked) = (OnboardingId(Uuid::nil()), 0);
    loop {
        let some = store.list_open_after(after, AT_ONCE).await?;
        let Some(last) = some.last() else { return Ok((back_to, marked)) };
        after = last.id;
        for onboarding in &some {
            let Some(transition) = onboarding.look_first(now) else { continue };
            if !store.keep_looking_first(onboarding, &transition).await? {
                return Err(store::Error::Conflict);
            }
            marked += 1;
        }
    }
}
