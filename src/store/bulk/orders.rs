//! What whoever gives an order to many wants of it: a preview, the start, the end, a look.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::order::{BulkOrder, BulkProgress, BulkRow, BulkState};
use crate::ids::{BulkOrderId, OnboardingId};
use crate::onboarding::BulkCommand;
use crate::store::answers::{find_answer, keep_answer};
use crate::store::commit::json;
use crate::store::staff::insert_act;
use crate::store::trouble::again;
use crate::store::{Act, Actor, Answer, Error, Filter, IdempotencyKey, OnceError, Sight, Store};

/// What is to be ordered, and how many matched. Checked by the door that made it.
#[derive(Debug, Clone)]
pub struct NewBulkOrder {
    pub actor: String,
    pub sight: Sight,
    pub asked: Value,
    pub filter: Filter,
    pub command: BulkCommand,
    pub previewed: u64,
}

/// Why a preview is not started, or what is not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkRefusal {
    Unknown,
    /// Too much may have changed since.
    TooOld,
    Outgrown {
        previewed: u64,
        now: u64,
    },
    WasCancelled,
    IsDone,
}

/// What is kept together with a change to an order.
#[derive(Clone, Copy)]
pub struct BulkDeed<'a> {
    pub once: Option<&'a IdempotencyKey>,
    pub render: BulkRender<'a>,
    /// Who of the staff does it, and what of it the audit says.
    pub audit: Option<(&'a Actor, &'a Act)>,
}

/// Makes the answer: its status and its body.
pub type BulkRender<'a> = &'a (dyn Fn(&BulkOrder) -> (u16, String) + Send + Sync);

impl Store {
    /// Keeps a preview, or finds the answer that the same request got before.
    pub async fn preview_bulk(
        &self,
        new: &NewBulkOrder,
        once: Option<&IdempotencyKey>,
        render: BulkRender<'_>,
    ) -> Result<Answer, OnceError> {
        self.within(again(|| self.try_preview_bulk(new, once, render))).await
    }

    async fn try_preview_bulk(
        &self,
        new: &NewBulkOrder,
        once: Option<&IdempotencyKey>,
        render: BulkRender<'_>,
    ) -> Result<Answer, OnceError> {
        let mut tx = self.pool.begin().await?;
        if let Some(once) = once
            && let Some(answer) = find_answer(&mut tx, once).await?
        {
            return Ok(answer);
        }
        let NewBulkOrder { actor, sight, asked, filter, command, previewed } = new.clone();
        let made = BulkOrder {
            id: BulkOrderId(Uuid::now_v7()),
            actor,
            sight,
            asked,
            filter,
            command,
            previewed,
            state: BulkState::Previewed,
            created_at: self.clock.now(),
            started_at: None,
            ended_at: None,
            progress: BulkProgress::default(),
        };
        insert(&mut tx, &made).await?;
        let answer = self.answer(&mut tx, &made, once, render).await?;
        tx.commit().await?;
        Ok(answer)
    }

    /// Starts a preview for these onboardings: those that match by now. What runs already, or has run,
    /// is shown as it stands.
    pub async fn start_bulk(
        &self,
        (id, sight): (BulkOrderId, &Sight),
        matching: &[OnboardingId],
        deed: BulkDeed<'_>,
    ) -> Result<Result<Answer, BulkRefusal>, OnceError> {
        self.within(again(|| self.try_start_bulk((id, sight), matching, deed))).await
    }

    async fn try_start_bulk(
        &self,
        (id, sight): (BulkOrderId, &Sight),
        matching: &[OnboardingId],
        deed: BulkDeed<'_>,
    ) -> Result<Result<Answer, BulkRefusal>, OnceError> {
        let BulkDeed { once, render, audit } = deed;
        let mut tx = self.pool.begin().await?;
        if let Some(once) = once
            && let Some(answer) = find_answer(&mut tx, once).await?
        {
            return Ok(Ok(answer));
        }
        let Some(mut order) = lock(&mut tx, id, sight).await? else {
            return Ok(Err(BulkRefusal::Unknown));
        };
        let now = self.clock.now();
        match order.state {
            BulkState::Running | BulkState::Done => {}
            BulkState::Cancelled => return Ok(Err(BulkRefusal::WasCancelled)),
            BulkState::Previewed => {
                let count = matching.len() as u64;
                if now >= order.preview_ends_at() {
                    return Ok(Err(BulkRefusal::TooOld));
                }
                if count > order.previewed {
                    let previewed = order.previewed;
                    return Ok(Err(BulkRefusal::Outgrown { previewed, now: count }));
                }
                begin(&mut tx, id, matching, now).await?;
                tell(&mut tx, audit, now).await?;
                order.state = BulkState::Running;
                order.started_at = Some(now);
            }
        }
        order.progress = count(&mut tx, id).await?;
        let answer = self.answer(&mut tx, &order, once, render).await?;
        tx.commit().await?;
        Ok(Ok(answer))
    }

    /// Ends it: whoever had no turn gets none. What is over already stays as it is.
    pub async fn cancel_bulk(
        &self,
        (id, sight): (BulkOrderId, &Sight),
        deed: BulkDeed<'_>,
    ) -> Result<Result<Answer, BulkRefusal>, OnceError> {
        self.within(again(|| self.try_cancel_bulk((id, sight), deed))).await
    }

    async fn try_cancel_bulk(
        &self,
        (id, sight): (BulkOrderId, &Sight),
        deed: BulkDeed<'_>,
    ) -> Result<Result<Answer, BulkRefusal>, OnceError> {
        let BulkDeed { once, render, audit } = deed;
        let mut tx = self.pool.begin().await?;
        if let Some(once) = once
            && let Some(answer) = find_answer(&mut tx, once).await?
        {
            return Ok(Ok(answer));
        }
        let Some(mut order) = lock(&mut tx, id, sight).await? else {
            return Ok(Err(BulkRefusal::Unknown));
        };
        match order.state {
            BulkState::Cancelled => {}
            BulkState::Done => return Ok(Err(BulkRefusal::IsDone)),
            BulkState::Previewed | BulkState::Running => {
                let now = self.clock.now();
                sqlx::query!(
                    "UPDATE bulk_order SET state = 'cancelled', ended_at = $2
                     WHERE bulk_order_id = $1",
                    id.0,
                    now,
                )
                .execute(&mut *tx)
                .await?;
                tell(&mut tx, audit, now).await?;
                order.state = BulkState::Cancelled;
                order.ended_at = Some(now);
            }
        }
        order.progress = count(&mut tx, id).await?;
        let answer = self.answer(&mut tx, &order, once, render).await?;
        tx.commit().await?;
        Ok(Ok(answer))
    }

    /// One that whoever asks may see: it is about nothing that they may not.
    pub async fn find_bulk(
        &self,
        id: BulkOrderId,
        sight: &Sight,
    ) -> Result<Option<BulkOrder>, Error> {
        self.within(async {
            let mut tx = self.pool.begin().await?;
            let keys = sight.keys();
            let row = sqlx::query_as!(
                BulkRow,
                "SELECT bulk_order_id, actor, blueprints, asked, filter, command, previewed, state,
                        created_at, started_at, ended_at
                 FROM bulk_order
                 WHERE bulk_order_id = $1 AND ($2::text[] IS NULL OR blueprints <@ $2)",
                id.0,
                keys.as_deref(),
            )
            .fetch_optional(&mut *tx)
            .await?;
            let Some(row) = row else { return Ok(None) };
            let mut order = BulkOrder::try_from(row)?;
            order.progress = count(&mut tx, id).await?;
            Ok(Some(order))
        })
        .await
    }

    /// Newest first, at most `limit`: those before `before`.
    pub async fn list_bulk(
        &self,
        sight: &Sight,
        before: Option<BulkOrderId>,
        limit: u16,
    ) -> Result<Vec<BulkOrder>, Error> {
        self.within(async {
            let mut tx = self.pool.begin().await?;
            let keys = sight.keys();
            let rows = sqlx::query_as!(
                BulkRow,
                "SELECT bulk_order_id, actor, blueprints, asked, filter, command, previewed, state,
                        created_at, started_at, ended_at
                 FROM bulk_order
                 WHERE bulk_order_id < $1 AND ($2::text[] IS NULL OR blueprints <@ $2)
                 ORDER BY bulk_order_id DESC LIMIT $3",
                before.map_or(Uuid::max(), |id| id.0),
                keys.as_deref(),
                i64::from(limit),
            )
            .fetch_all(&mut *tx)
            .await?;
            let mut orders = Vec::with_capacity(rows.len());
            for row in rows {
                let mut order = BulkOrder::try_from(row)?;
                order.progress = count(&mut tx, order.id).await?;
                orders.push(order);
            }
            Ok(orders)
        })
        .await
    }

    async fn answer(
        &self,
        tx: &mut PgConnection,
        order: &BulkOrder,
        once: Option<&IdempotencyKey>,
        render: BulkRender<'_>,
    ) -> Result<Answer, sqlx::Error> {
        let (status, body) = render(order);
        let answer = Answer { status, body, shows: None };
        if let Some(once) = once {
            keep_answer(tx, once, &answer, self.clock.now()).await?;
        }
        Ok(answer)
    }
}

async fn insert(tx: &mut PgConnection, made: &BulkOrder) -> Result<(), sqlx::Error> {
    let keys = made.sight.keys();
    sqlx::query!(
        "INSERT INTO bulk_order (bulk_order_id, actor, blueprints, asked, filter, command,
                                 previewed, state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        made.id.0,
        made.actor,
        keys.as_deref(),
        made.asked,
        json(&made.filter),
        json(&made.command),
        i64::try_from(made.previewed).unwrap_or(i64::MAX),
        made.state.name(),
        made.created_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Nobody starts or cancels it meanwhile.
async fn lock(
    tx: &mut PgConnection,
    id: BulkOrderId,
    sight: &Sight,
) -> Result<Option<BulkOrder>, Error> {
    let keys = sight.keys();
    let row = sqlx::query_as!(
        BulkRow,
        "SELECT bulk_order_id, actor, blueprints, asked, filter, command, previewed, state,
                created_at, started_at, ended_at
         FROM bulk_order
         WHERE bulk_order_id = $1 AND ($2::text[] IS NULL OR blueprints <@ $2)
         FOR UPDATE",
        id.0,
        keys.as_deref(),
    )
    .fetch_optional(tx)
    .await?;
    row.map(BulkOrder::try_from).transpose()
}

async fn begin(
    tx: &mut PgConnection,
    id: BulkOrderId,
    matching: &[OnboardingId],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let matching: Vec<_> = matching.iter().map(|id| id.0).collect();
    sqlx::query!(
        "INSERT INTO bulk_item (bulk_order_id, onboarding_id) SELECT $1, UNNEST($2::uuid[])",
        id.0,
        &matching,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE bulk_order SET state = 'running', started_at = $2 WHERE bulk_order_id = $1",
        id.0,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn count(tx: &mut PgConnection, id: BulkOrderId) -> Result<BulkProgress, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE result IS NULL) AS "pending!",
                  count(*) FILTER (WHERE result = 'done') AS "done!",
                  count(*) FILTER (WHERE result = 'refused') AS "refused!",
                  count(*) FILTER (WHERE result = 'passed_by') AS "passed_by!",
                  count(*) FILTER (WHERE result = 'failed') AS "failed!"
           FROM bulk_item WHERE bulk_order_id = $1"#,
        id.0,
    )
    .fetch_one(tx)
    .await?;
    Ok(BulkProgress {
        pending: row.pending.unsigned_abs(),
        done: row.done.unsigned_abs(),
        refused: row.refused.unsigned_abs(),
        passed_by: row.passed_by.unsigned_abs(),
        failed: row.failed.unsigned_abs(),
    })
}

async fn tell(
    session: &mut PgConnection,
    audit: Option<(&Actor, &Act)>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    match audit {
        Some((actor, act)) => insert_act(session, actor, act, now).await,
        None => Ok(()),
    }
}
