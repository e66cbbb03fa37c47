//! Failed tries at signing in, and how long to wait after them.
//!
//! Counted apart for browsers that have signed in with an address before and for all others together: so
//! somebody who guesses from outside makes the outside wait, and not the one whose password it is.

use chrono::{DateTime, TimeDelta, Utc};

use crate::secret::digest;
use crate::store::{Error, Store};

/// Failures that cost nothing yet: everybody mistypes.
const FREE: u32 = 5;
/// The longest wait.
const LONGEST: TimeDelta = TimeDelta::minutes(15);
/// After so long without another one they are forgotten.
const FORGOTTEN: TimeDelta = TimeDelta::hours(24);

/// What tries: an address from browsers that are not known for it, or a known browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket(Vec<u8>);

impl Bucket {
    pub fn strangers(email: &str) -> Self {
        Self(digest(&format!("address:{}", email.to_lowercase())))
    }

    pub fn known(email: &str, browser: &str) -> Self {
        Self(digest(&format!("browser:{browser}:{}", email.to_lowercase())))
    }
}

/// A minute after the fifth failure, doubled with each further one.
fn pause_after(failures: u32) -> TimeDelta {
    let Some(beyond) = failures.checked_sub(FREE) else { return TimeDelta::zero() };
    TimeDelta::minutes(1 << beyond.min(10)).min(LONGEST)
}

impl Store {
    /// Counts a try as failed before it is made, so that many at once are not as good as one; says until
    /// when none is taken if it came too early, and then counts nothing.
    pub async fn begin_try(&self, who: &Bucket) -> Result<Option<DateTime<Utc>>, Error> {
        let now = self.clock.now();
        let work = async {
            let mut tx = self.pool.begin().await?;
            // One after the other, also where there is no row yet that could be locked.
            sqlx::query!(
                "SELECT pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 0))",
                who.0
            )
            .execute(&mut *tx)
            .await?;
            let known =
                sqlx::query!("SELECT failures, last_at FROM sign_in_failure WHERE who = $1", who.0)
                    .fetch_optional(&mut *tx)
                    .await?;
            let recent = known.filter(|known| now - known.last_at < FORGOTTEN);
            let failures = recent.as_ref().map_or(0, |known| known.failures);
            let until = recent.map(|known| {
                known.last_at + pause_after(u32::try_from(known.failures).unwrap_or(u32::MAX))
            });
            if let Some(until) = until.filter(|until| *until > now) {
                return Ok(Some(until));
            }
            sqlx::query!(
                "INSERT INTO sign_in_failure (who, failures, last_at) VALUES ($1, $2, $3)
                 ON CONFLICT ON CONSTRAINT sign_in_failure_pkey
                 DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at",
                who.0,
                failures.saturating_add(1),
                now,
            )
            .execute(&mut *tx)
            .await?;
            sqlx::query!("DELETE FROM sign_in_failure WHERE last_at < $1", now - FORGOTTEN)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>(None)
        };
        Ok(self.within(work).await?)
    }

    /// Somebody came in: what failed before was a slip.
    pub async fn forget_tries(&self, who: &Bucket) -> Result<(), Error> {
        let work = sqlx::query!("DELETE FROM sign_in_failure WHERE who = $1", who.0);
        self.within(work.execute(&self.pool)).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        for (failures, minutes) in
            [(0, 0), (4, 0), (5, 1), (6, 2), (8, 8), (9, 15), (40, 15), (u32::MAX, 15)]
        {
            assert_eq!(pause_after(failures), TimeDelta::minutes(minutes), "{failures}");
        }
    }
}
