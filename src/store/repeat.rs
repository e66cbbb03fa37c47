//! Keeping changes again whose first answer was lost: what was kept then is not kept twice.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::calls::spell;
use super::commit::goes_on;
use super::kept_session::KeptSession;
use super::{Change, Error, Kept, Store};

/// A change that was kept the first time.
struct KeptBefore {
    version: i64,
    /// What is left of the lease, if it is still this worker's.
    lease_seconds: Option<f64>,
}

impl Store {
    /// As [`Store::commit_all`], for changes that may have been kept already: those learn the fate
    /// that they had then, and calls that were kept are not kept again. After an error the changes
    /// come back in any order.
    pub(super) async fn commit_again(
        &self,
        session: &mut KeptSession,
        mut changes: Vec<Change>,
        lease: Duration,
    ) -> Result<Vec<Kept>, (Error, Vec<Change>)> {
        let asked_at = Instant::now();
        let before = match self.look_back(&mut changes).await {
            Ok(before) => before,
            Err(error) => return Err((error, changes)),
        };
        let was_kept = |change: &Change| before.contains_key(&change.leased.next_change);
        let places: Vec<bool> = changes.iter().map(was_kept).collect();
        let (kept, open): (Vec<_>, Vec<_>) = changes.into_iter().partition(was_kept);
        let fresh = if open.is_empty() {
            Vec::new()
        } else {
            match self.commit_with(session, open, lease).await {
                Ok(fates) => fates,
                Err((error, mut open)) => {
                    // Those that were kept are found again the next time.
                    open.extend(kept);
                    return Err((error, open));
                }
            }
        };
        let mut fresh = fresh.into_iter();
        let mut kept = kept.into_iter().map(|change| {
            let before = before.get(&change.leased.next_change);
            fate_of(change, before, asked_at)
        });
        let fates = places.into_iter().map(|was_kept| {
            let fate = if was_kept { kept.next() } else { fresh.next() };
            fate.unwrap_or(Kept::Refused)
        });
        Ok(fates.collect())
    }

    /// Finds what was kept, and takes the calls away that were.
    async fn look_back(&self, changes: &mut [Change]) -> Result<HashMap<Uuid, KeptBefore>, Error> {
        let (mut ids, mut names, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
        for change in changes.iter() {
            ids.push(change.transition.to.id.0);
            names.push(change.leased.next_change);
            tokens.push(change.leased.token);
        }
        let kept = sqlx::query!(
            r#"
            SELECT c.change_id AS "change_id!", o.version,
                   CASE WHEN o.lease_token = c.lease_token
                       THEN extract(epoch FROM o.due_at - coalesce($4, now()))::float8
                   END AS lease_seconds
            FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[])
                AS c (onboarding_id, change_id, lease_token)
            JOIN onboarding o
                ON o.onboarding_id = c.onboarding_id AND o.last_change = c.change_id
            "#,
            &ids,
            &names,
            &tokens,
            self.clock.for_database(),
        )
        .fetch_all(&self.pool);
        let kept = self.within(kept).await?.into_iter().map(|row| {
            let before = KeptBefore { version: row.version, lease_seconds: row.lease_seconds };
            (row.change_id, before)
        });
        let kept = kept.collect();
        let mut known = self.find_known_calls(changes).await?.into_iter();
        for change in changes {
            // In the order in which they were asked for.
            if known.next().unwrap_or(false) {
                change.calls.clear();
                change.earlier.iter_mut().for_each(|earlier| earlier.calls.clear());
            }
        }
        Ok(kept)
    }

    /// Whose calls are kept although the change was not: it was refused, and the answer was lost.
    async fn find_known_calls(&self, changes: &[Change]) -> Result<Vec<bool>, Error> {
        let (mut ids, mut at, mut calls) = (Vec::new(), Vec::new(), Vec::new());
        for change in changes {
            ids.push(change.transition.to.id.0);
            // Both steps' calls are kept or none; the earlier one has surely asked for something.
            let (asked, asked_at) = match &change.earlier {
                Some(earlier) => (&earlier.calls, earlier.at),
                None => (&change.calls, change.at),
            };
            at.push(asked_at);
            calls.push(spell(asked, asked_at).unwrap_or_default());
        }
        let known = sqlx::query_scalar!(
            r#"
            SELECT EXISTS (
                SELECT FROM stray_call s
                WHERE s.onboarding_id = c.onboarding_id AND s.at = c.at
                  AND s.calls::text = c.calls
            ) AS "known!"
            FROM UNNEST($1::uuid[], $2::timestamptz[], $3::text[])
                WITH ORDINALITY AS c (onboarding_id, at, calls, place)
            ORDER BY c.place
            "#,
            &ids,
            &at,
            &calls,
        )
        .fetch_all(&self.pool);
        Ok(self.within(known).await?)
    }
}

fn fate_of(change: Change, before: Option<&KeptBefore>, asked_at: Instant) -> Kept {
    let goes_on = goes_on(&change.transition.to);
    match before {
        Some(&KeptBefore { version, lease_seconds: Some(seconds) }) if goes_on => {
            change.goes_on(version, seconds, asked_at)
        }
        // It rests, or a person was quicker with the next change. Looking for others does no harm.
        Some(_) => Kept::Rests { sibling_due: true },
        None => Kept::Refused,
    }
}
