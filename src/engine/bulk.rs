//! Orders to many onboardings: previewed, started, and carried out one onboarding at a time.

use std::time::Duration;

use futures_util::stream::{self, TryStreamExt as _};
use serde_json::Value;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::commands::Turn;
use super::{Engine, Error};
use crate::ids::{BulkOrderId, OnboardingId};
use crate::onboarding::{BulkCommand, Onboarding};
use crate::store::{
    self, Answer, BulkDeed, BulkOrder, BulkRefusal, BulkRender, BulkState, Filter, IdempotencyKey,
    ItemResult, ListOrder, NewBulkOrder, Sight,
};

/// What somebody wants of all that match.
#[derive(Debug, Clone)]
pub struct BulkRequest {
    pub actor: String,
    pub sight: Sight,
    /// As it was asked for, to be shown again.
    pub asked: Value,
    pub filter: Filter,
    pub command: BulkCommand,
}

/// How many match, and some of them.
#[derive(Debug)]
pub struct BulkPreview {
    pub count: u64,
    pub sample: Vec<Onboarding>,
}

/// Most onboardings that one order is about. For the doors to hold to.
pub const MOST_IN_BULK: u64 = 100_000;
/// Onboardings that a preview shows.
const SAMPLE: u16 = 10;
/// Onboardings looked at together before their turns.
const AT_ONCE: u16 = 200;
/// Turns taken side by side: people and workers want the database too.
const SIDE_BY_SIDE: usize = 4;
/// How long an order is this process's without news. Longer than a round of [`AT_ONCE`] takes.
const LEASE: Duration = Duration::from_mins(1);
/// How often it is looked whether another process has left something.
const POLL: Duration = Duration::from_secs(5);

impl Engine {
    /// What would be told. Nothing is kept.
    pub async fn look_at_many(&self, filter: &Filter, sight: &Sight) -> Result<BulkPreview, Error> {
        let count = self.store().count(filter, sight).await?.total;
        let page = self.store().list((filter, sight), ListOrder::Newest, None, SAMPLE).await?;
        Ok(BulkPreview { count, sample: page.onboardings })
    }

    /// Keeps a preview of so many, to be started.
    pub async fn preview_bulk(
        &self,
        request: BulkRequest,
        count: u64,
        once: Option<&IdempotencyKey>,
        render: BulkRender<'_>,
    ) -> Result<Answer, Error> {
        let BulkRequest { actor, sight, asked, filter, command } = request;
        let new = NewBulkOrder { actor, sight, asked, filter, command, previewed: count };
        Ok(self.store().preview_bulk(&new, once, render).await?)
    }

    /// Starts a preview for what matches now.
    pub async fn start_bulk(
        &self,
        (id, sight): (BulkOrderId, &Sight),
        deed: BulkDeed<'_>,
    ) -> Result<Result<Answer, BulkRefusal>, Error> {
        let Some(order) = self.store().find_bulk(id, sight).await? else {
            return Ok(Err(BulkRefusal::Unknown));
        };
        let matching = match order.state {
            BulkState::Previewed => self.store().gather(&order.filter, &order.sight).await?,
            BulkState::Running | BulkState::Done | BulkState::Cancelled => Vec::new(),
        };
        let started = self.store().start_bulk((id, sight), &matching, deed).await?;
        self.0.bulk_due.notify_one();
        Ok(started)
    }

    /// Whoever had no turn gets none from here on.
    pub async fn cancel_bulk(
        &self,
        (id, sight): (BulkOrderId, &Sight),
        deed: BulkDeed<'_>,
    ) -> Result<Result<Answer, BulkRefusal>, Error> {
        Ok(self.store().cancel_bulk((id, sight), deed).await?)
    }

    /// Carries out whatever was started and nobody is at, until nothing is left of it or `stop`.
    pub async fn carry_out_bulk(&self, stop: &CancellationToken) -> Result<(), Error> {
        while let Some(order) = self.store().take_bulk(LEASE).await? {
            let done = self.carry_out(&order, stop).await;
            if done.is_err() || stop.is_cancelled() {
                // Another one need not wait for the lease to end.
                drop(self.store().release_bulk(order.id).await);
                return done;
            }
        }
        Ok(())
    }

    async fn carry_out(&self, order: &BulkOrder, stop: &CancellationToken) -> Result<(), Error> {
        while !stop.is_cancelled() && self.store().keep_bulk(order.id, LEASE).await? {
            let open = self.store().list_open_items(order.id, AT_ONCE).await?;
            if open.is_empty() {
                self.store().end_bulk(order.id).await?;
                return Ok(());
            }
            let matching = self.pass_by(order, &open).await?;
            stream::iter(matching.into_iter().map(Ok))
                .try_for_each_concurrent(SIDE_BY_SIDE, |(id, version)| async move {
                    if stop.is_cancelled() { Ok(()) } else { self.turn(order, id, version).await }
                })
                .await?;
        }
        Ok(())
    }

    /// Those that still match; the others have had their turn with that.
    async fn pass_by(
        &self,
        order: &BulkOrder,
        open: &[OnboardingId],
    ) -> Result<Vec<(OnboardingId, i64)>, Error> {
        let matching = self.store().still_matching(open, &order.filter, &order.sight).await?;
        let others: Vec<_> = open
            .iter()
            .copied()
            .filter(|id| !matching.iter().any(|(matching, _)| matching == id))
            .collect();
        if !others.is_empty() {
            let passed_by = ItemResult::PassedBy;
            self.store().settle_items(order.id, &others, passed_by, None).await?;
        }
        Ok(matching)
    }

    async fn turn(&self, order: &BulkOrder, id: OnboardingId, version: i64) -> Result<(), Error> {
        let command = order.command.command();
        let bulk = (order.id, version);
        // The timeline of each tells that it was one of many.
        let actor = format!("{} (bulk order {})", order.actor, order.id);
        let turn = self.take_turn((id, &order.sight), command, &actor, bulk).await;
        let (result, reason) = match turn {
            Ok(Turn::Done | Turn::Over | Turn::Moved) => return Ok(()),
            Ok(Turn::Refused(why)) => (ItemResult::Refused, Some(why.reason)),
            Ok(Turn::Gone) => (ItemResult::PassedBy, None),
            // It would stand in everybody's way for ever.
            Err(Error::Store(error @ store::Error::Inconsistent { .. })) => {
                tracing::error!(onboarding = %id, %error, "an order to many passes over a row");
                (ItemResult::Failed, Some("It could not be read; the log says more."))
            }
            Err(error) => return Err(error),
        };
        Ok(self.store().settle_items(order.id, &[id], result, reason).await?)
    }
}

/// Every process does so; what one of them is at is passed by.
pub(super) async fn work(engine: Engine, stop: CancellationToken) {
    let mut poll = tokio::time::interval(POLL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = engine.0.bulk_due.notified() => {}
            _ = poll.tick() => {}
        }
        if let Err(error) = engine.carry_out_bulk(&stop).await {
            tracing::info!(%error, "an order to many was not carried out; going on soon");
        }
    }
}
