//! Carrying out: what is open, and what became of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::items::ItemResult;
use super::order::{BulkOrder, BulkRow};
use crate::ids::{BulkOrderId, OnboardingId};
use crate::store::{Error, Store};

impl Store {
    /// Takes the running order that was started first and that nobody has.
    pub async fn take_bulk(&self, lease: Duration) -> Result<Option<BulkOrder>, Error> {
        let taking = sqlx::query_as!(
            BulkRow,
            "UPDATE bulk_order
             SET lease_until = coalesce($1, now()) + make_interval(secs => $2)
             WHERE bulk_order_id = (
                 SELECT bulk_order_id FROM bulk_order
                 WHERE state = 'running'
                   AND (lease_until IS NULL OR lease_until <= coalesce($1, now()))
                 ORDER BY started_at LIMIT 1
                 FOR UPDATE SKIP LOCKED)
             RETURNING bulk_order_id, actor, blueprints, asked, filter, command, previewed, state,
                       created_at, started_at, ended_at",
            self.clock.for_database(),
            lease.as_secs_f64(),
        )
        .fetch_optional(&self.pool);
        self.within(taking).await?.map(BulkOrder::try_from).transpose()
    }

    /// Keeps an order that was taken for longer; says whether it still runs.
    pub async fn keep_bulk(&self, id: BulkOrderId, lease: Duration) -> Result<bool, Error> {
        let keeping = sqlx::query!(
            "UPDATE bulk_order SET lease_until = coalesce($2, now()) + make_interval(secs => $3)
             WHERE bulk_order_id = $1 AND state = 'running'",
            id.0,
            self.clock.for_database(),
            lease.as_secs_f64(),
        )
        .execute(&self.pool);
        Ok(self.within(keeping).await?.rows_affected() == 1)
    }

    /// Gives an order back that was taken.
    pub async fn release_bulk(&self, id: BulkOrderId) -> Result<(), Error> {
        let releasing =
            sqlx::query!("UPDATE bulk_order SET lease_until = NULL WHERE bulk_order_id = $1", id.0)
                .execute(&self.pool);
        self.within(releasing).await?;
        Ok(())
    }

    /// At most `limit` onboardings whose turn has not come, oldest first.
    pub async fn list_open_items(
        &self,
        id: BulkOrderId,
        limit: u16,
    ) -> Result<Vec<OnboardingId>, Error> {
        let asking = sqlx::query_scalar!(
            "SELECT onboarding_id FROM bulk_item
             WHERE bulk_order_id = $1 AND result IS NULL ORDER BY onboarding_id LIMIT $2",
            id.0,
            i64::from(limit),
        )
        .fetch_all(&self.pool);
        Ok(self.within(asking).await?.into_iter().map(OnboardingId).collect())
    }

    /// Writes what became of those that were told nothing. What has a result keeps it.
    pub async fn settle_items(
        &self,
        id: BulkOrderId,
        onboardings: &[OnboardingId],
        result: ItemResult,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let onboardings: Vec<_> = onboardings.iter().map(|id| id.0).collect();
        let settling = sqlx::query!(
            "UPDATE bulk_item SET result = $3, reason = $4, at = $5
             WHERE bulk_order_id = $1 AND onboarding_id = ANY ($2) AND result IS NULL",
            id.0,
            &onboardings,
            result.name(),
            reason,
            self.clock.now(),
        )
        .execute(&self.pool);
        self.within(settling).await?;
        Ok(())
    }

    /// Ends an order if everybody had their turn; says whether it is over, whatever ended it.
    pub async fn end_bulk(&self, id: BulkOrderId) -> Result<bool, Error> {
        let ending = sqlx::query!(
            "UPDATE bulk_order b SET state = 'done', ended_at = $2
             WHERE bulk_order_id = $1 AND state = 'running'
               AND NOT EXISTS (SELECT FROM bulk_item i
                               WHERE i.bulk_order_id = b.bulk_order_id AND i.result IS NULL)",
            id.0,
            self.clock.now(),
        )
        .execute(&self.pool);
        self.within(ending).await?;
        let asking = sqlx::query_scalar!(
            r#"SELECT state <> 'running' AS "over!" FROM bulk_order WHERE bulk_order_id = $1"#,
            id.0,
        )
        .fetch_optional(&self.pool);
        Ok(self.within(asking).await?.unwrap_or(true))
    }

    /// Forgets orders that were over before `ended`, and previews that were made before `previewed` and
    /// never started; a bounded number at a time.
    pub async fn forget_bulk(
        &self,
        previewed: DateTime<Utc>,
        ended: DateTime<Utc>,
    ) -> Result<u64, Error> {
        let forgetting = sqlx::query!(
            "DELETE FROM bulk_order WHERE bulk_order_id = ANY (ARRAY (
                 SELECT bulk_order_id FROM bulk_order
                 WHERE created_at < $1
                   AND (state = 'previewed' OR (ended_at < $2 AND created_at < $2))
                 ORDER BY created_at LIMIT 10
                 FOR UPDATE SKIP LOCKED))",
            previewed,
            ended,
        )
        .execute(&self.pool);
        Ok(self.within(forgetting).await?.rows_affected())
    }
}

/// Whether it is this onboarding's turn, which it then has had. Holds the order as it stands until the
/// transaction is over, so that a cancellation either comes before or waits.
pub(in crate::store) async fn take_turn(
    tx: &mut PgConnection,
    id: BulkOrderId,
    onboarding: OnboardingId,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query!(
        "WITH running AS (
             SELECT bulk_order_id FROM bulk_order
             WHERE bulk_order_id = $1 AND state = 'running' FOR SHARE
         )
         UPDATE bulk_item i SET result = 'done', at = $3
         FROM running r
         WHERE i.bulk_order_id = r.bulk_order_id AND i.onboarding_id = $2 AND i.result IS NULL",
        id.0,
        onboarding.0,
        now,
    )
    .execute(tx)
    .await?;
    Ok(taken.rows_affected() == 1)
}
