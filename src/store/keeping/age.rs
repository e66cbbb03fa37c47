//! What goes by age.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::begin_keeping;
use crate::store::{Error, Store};

/// Most rows that one statement removes.
const AT_ONCE: i64 = 500;
/// Names the lock of whoever walks through the journal: one is enough.
const WALKING: i64 = 0x6761_6e67_7761_7a01;
/// Most lines of the journal that one statement looks at.
pub(super) const WALKED: i64 = 1000;

/// How far a walk through the journal has come: after this line.
pub type WalkPlace = (Uuid, i64);

/// What one stretch of the journal came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thinned {
    /// Lines that went.
    pub lines: u64,
    /// Lines that lost the calls which had led to them.
    pub calls: u64,
    /// Where to go on; `None` when it is through.
    pub next: Option<WalkPlace>,
}

impl Store {
    /// Walks a stretch of the journal, in the order of onboardings, and shortens what has ended: lines older
    /// than `lines` go, and calls older than `calls` go from those that stay. The lines by which a search
    /// finds an onboarding stay as long as it does.
    ///
    /// Where somebody else is at it, this walk ends.
    ///
    /// By the primary key: onboardings are numbered in the order of their beginnings, and no index by time has
    /// to be kept for every line that is written.
    pub async fn thin_journal(
        &self,
        after: WalkPlace,
        lines: Option<TimeDelta>,
        calls: Option<TimeDelta>,
    ) -> Result<Thinned, Error> {
        let now = self.clock.now();
        let before = |keep: Option<TimeDelta>| keep.map(|keep| now - keep);
        let newest = before(lines).max(before(calls)).unwrap_or(DateTime::UNIX_EPOCH);
        let work = async {
            let mut tx = self.pool.begin().await?;
            let free = sqlx::query_scalar!("SELECT pg_try_advisory_xact_lock($1)", WALKING)
                .fetch_one(&mut *tx)
                .await?;
            if free != Some(true) {
                return Ok(Thinned { lines: 0, calls: 0, next: None });
            }
            begin_keeping(&mut tx).await?;
            let row = sqlx::query_file!(
                "src/store/keeping/thin_journal.sql",
                after.0,
                after.1,
                first_id_at(newest),
                WALKED,
                before(lines),
                before(calls),
            )
            .fetch_one(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>(Thinned {
                lines: row.lines.unsigned_abs(),
                calls: row.calls.unsigned_abs(),
                next: row.last_id.zip(row.last_version).filter(|_| row.walked == WALKED),
            })
        };
        Ok(self.within(work).await?)
    }

    /// Forgets calls that led to no line, a bounded number at a time. Says whether there may be more.
    pub async fn forget_calls(&self, keep: TimeDelta) -> Result<bool, Error> {
        let asking = sqlx::query!(
            "DELETE FROM stray_call WHERE ctid = ANY (ARRAY (
                 SELECT ctid FROM stray_call
                 WHERE at AT TIME ZONE 'UTC' < $1 ORDER BY at AT TIME ZONE 'UTC' LIMIT $2
                 FOR UPDATE SKIP LOCKED))",
            (self.clock.now() - keep).naive_utc(),
            AT_ONCE,
        )
        .execute(&self.pool);
        Ok(self.within(asking).await?.rows_affected() >= AT_ONCE.unsigned_abs())
    }

    /// Forgets tries at signing in, a bounded number at a time: their time was over long ago. Says whether
    /// there may be more.
    pub async fn forget_attempts(&self, keep: TimeDelta) -> Result<bool, Error> {
        let asking = sqlx::query!(
            "DELETE FROM attempt WHERE digest = ANY (ARRAY (
                 SELECT digest FROM attempt
                 WHERE opened_at AT TIME ZONE 'UTC' < $1 ORDER BY opened_at AT TIME ZONE 'UTC' LIMIT $2
                 FOR UPDATE SKIP LOCKED))",
            (self.clock.now() - keep).naive_utc(),
            AT_ONCE,
        )
        .execute(&self.pool);
        Ok(self.within(asking).await?.rows_affected() >= AT_ONCE.unsigned_abs())
    }
}

/// The smallest id of whatever is made at that moment or later: such ids begin with the time.
pub(super) fn first_id_at(at: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    Uuid::from_u64_pair(millis << 16, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_their_times() {
        let at = DateTime::from_timestamp_millis(1_800_000_000_123).unwrap();
        let id = |millis: u64| {
            let seconds = millis / 1000;
            let nanos = u32::try_from(millis % 1000).unwrap() * 1_000_000;
            Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
        };
        assert!(id(1_800_000_000_122) < first_id_at(at));
        assert!(id(1_800_000_000_123) >= first_id_at(at));
    }
}
