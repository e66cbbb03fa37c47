//! Taking onboardings to drive them, one worker each, and giving them back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::row::Row;
use super::trouble::{Failure as _, Trouble};
use super::{Error, Store};
use crate::ids::{OnboardingId, TenantId};
use crate::onboarding::{Blueprint, Onboarding};

/// The right to drive one onboarding for a while. Made by `claim` and `start`, spent by a commit.
#[derive(Debug)]
pub struct Leased {
    pub(super) onboarding: Onboarding,
    pub(super) blueprint: Arc<Blueprint>,
    pub(super) token: Uuid,
    pub(super) claims: i32,
    /// By the monotonic clock, so that a jump of the wall clock neither ends nor prolongs it.
    pub(super) ends: Instant,
    /// The change that the row shows, and the name that this worker's next one will carry.
    pub(super) last_change: Option<Uuid>,
    pub(super) next_change: Uuid,
}

/// Which lease it is, without the right to spend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    id: OnboardingId,
    token: Uuid,
}

/// Leases that may have been made although the answer never came, and until when they would last.
/// Nobody drives what they are for, so they are given back as soon as the database can be asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Lost(Arc<Mutex<Vec<(Uuid, Instant)>>>);

impl Lost {
    /// Remembers the token if that is how it failed.
    pub(super) fn note(&self, trouble: Trouble, token: Uuid, ends: Instant) {
        if trouble == Trouble::Gone {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((token, ends));
        }
    }

    /// Until they would have ended: a statement that was held up somewhere may still come through.
    fn list(&self) -> Vec<Uuid> {
        let mut lost = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lost.retain(|(_, ends)| *ends > Instant::now());
        lost.iter().map(|(token, _)| *token).collect()
    }
}

impl Leased {
    /// For one that was just made, and kept with the lease that drives it.
    pub(super) fn fresh(
        onboarding: Onboarding,
        blueprint: Arc<Blueprint>,
        token: Uuid,
        ends: Instant,
    ) -> Self {
        let next_change = Uuid::new_v4();
        Self { onboarding, blueprint, token, claims: 1, ends, last_change: None, next_change }
    }

    pub fn onboarding(&self) -> &Onboarding {
        &self.onboarding
    }

    pub fn blueprint(&self) -> &Arc<Blueprint> {
        &self.blueprint
    }

    /// The same lease, with the onboarding as a step has left it. Nothing is kept by that.
    pub fn go_ahead(&mut self, onboarding: Onboarding) {
        self.onboarding = onboarding;
    }

    /// Whether nothing was ever kept of it but that it was started.
    pub fn is_untouched(&self) -> bool {
        self.last_change.is_none()
    }

    /// How often it was taken since the last kept change, this time included.
    pub fn claims(&self) -> i32 {
        self.claims
    }

    /// An earlier worker had it, and nobody knows what that one did last.
    pub fn is_takeover(&self) -> bool {
        self.claims > 1
    }

    pub fn held(&self) -> Held {
        Held { id: self.onboarding.id, token: self.token }
    }

    /// Time left, less what a commit needs.
    pub fn remaining(&self, margin: Duration) -> Duration {
        self.ends.saturating_duration_since(Instant::now()).saturating_sub(margin)
    }
}

impl Store {
    /// Takes up to `limit` onboardings that are due. Counts the claim, so that one whose workers
    /// keep dying is noticed.
    pub async fn claim(&self, limit: i64, lease: Duration) -> Result<Vec<Leased>, Error> {
        self.give_back_lost().await?;
        let ends = Instant::now() + lease;
        let token = Uuid::new_v4();
        let claimed = sqlx::query_file_as!(
            Row,
            "src/store/claim.sql",
            token,
            self.clock.for_database(),
            lease.as_secs_f64(),
            limit,
        )
        .fetch_all(&self.pool);
        self.take_up(self.within(claimed).await, (token, ends)).await
    }

    async fn take_up(
        &self,
        claimed: Result<Vec<Row>, sqlx::Error>,
        (token, ends): (Uuid, Instant),
    ) -> Result<Vec<Leased>, Error> {
        let rows = match claimed {
            // A sibling was taken by somebody else between our look and our write.
            Err(sqlx::Error::Database(e))
                if e.constraint() == Some("onboarding_one_driven_per_tenant") =>
            {
                return Err(Error::Conflict);
            }
            Err(error) => {
                self.lost.note(error.trouble(), token, ends);
                return Err(error.into());
            }
            Ok(rows) => rows,
        };
        let mut leased = Vec::with_capacity(rows.len());
        for row in rows {
            let (id, claims) = (row.onboarding_id, row.claims);
            match self.load_lease(row, token, claims, ends).await {
                Ok(lease) => leased.push(lease),
                // Nobody can drive it as it is. It steps aside, so that its tenant's others go on.
                Err(error @ Error::Inconsistent { .. }) => {
                    tracing::error!(onboarding.id = %id, %error, "cannot drive this onboarding");
                    self.put_back(id, token, false).await?;
                }
                Err(error @ (Error::Database(_) | Error::Conflict)) => {
                    tracing::warn!(onboarding.id = %id, %error, "cannot load this onboarding now");
                    self.put_back(id, token, true).await?;
                }
            }
        }
        Ok(leased)
    }

    /// The same for live ones whose next look is due. They are not in the queue of the others.
    pub async fn claim_looks(&self, limit: i64, lease: Duration) -> Result<Vec<Leased>, Error> {
        self.give_back_lost().await?;
        let ends = Instant::now() + lease;
        let token = Uuid::new_v4();
        let claimed = sqlx::query_file_as!(
            Row,
            "src/store/claim_live.sql",
            token,
            self.clock.for_database(),
            lease.as_secs_f64(),
            limit,
        )
        .fetch_all(&self.pool);
        self.take_up(self.within(claimed).await, (token, ends)).await
    }

    /// Live ones that have no next look, because they went live when there were none, get one within this
    /// time, spread over it. Says whether there may be more.
    pub async fn plan_looks(&self, within: Duration) -> Result<bool, Error> {
        const AT_ONCE: i64 = 1000;
        let planned = sqlx::query!(
            "UPDATE onboarding
             SET due_at = coalesce($1, now()) + make_interval(secs => random() * $2)
             WHERE onboarding_id IN (
                 SELECT onboarding_id FROM onboarding
                 WHERE due_at IS NULL AND status = 'live'
                 LIMIT $3
                 FOR UPDATE SKIP LOCKED
             )",
            self.clock.for_database(),
            within.as_secs_f64(),
            AT_ONCE,
        )
        .execute(&self.pool);
        let planned = self.within(planned).await?.rows_affected();
        Ok(i64::try_from(planned).is_ok_and(|planned| planned == AT_ONCE))
    }

    /// Undoes claims and starts whose answers were lost.
    async fn give_back_lost(&self) -> Result<(), Error> {
        let tokens = self.lost.list();
        if tokens.is_empty() {
            return Ok(());
        }
        let given_back = sqlx::query!(
            "UPDATE onboarding
             SET lease_token = NULL, due_at = coalesce($2, now()),
                 claims = greatest(claims - 1, 0)
             WHERE lease_token IS NOT NULL AND lease_token = ANY($1)",
            &tokens,
            self.clock.for_database(),
        )
        .execute(&self.pool);
        let count = self.within(given_back).await?.rows_affected();
        if count > 0 {
            tracing::info!(
                count,
                "gave back onboardings that were taken in an answer that was lost"
            );
        }
        Ok(())
    }

    /// Undoes a claim that was never used.
    async fn put_back(&self, id: Uuid, token: Uuid, due: bool) -> Result<(), Error> {
        let put_back = sqlx::query!(
            "UPDATE onboarding
             SET lease_token = NULL, claims = greatest(claims - 1, 0),
                 due_at = CASE WHEN $3 THEN coalesce($4, now()) END
             WHERE onboarding_id = $1 AND lease_token = $2",
            id,
            token,
            due,
            self.clock.for_database(),
        )
        .execute(&self.pool);
        self.within(put_back).await?;
        Ok(())
    }

    async fn load_lease(
        &self,
        row: Row,
        token: Uuid,
        claims: i32,
        ends: Instant,
    ) -> Result<Leased, Error> {
        let last_change = row.last_change;
        let onboarding = Onboarding::try_from(row)?;
        let blueprint = self.load_blueprint(&onboarding.blueprint).await?;
        let next_change = Uuid::new_v4();
        Ok(Leased { onboarding, blueprint, token, claims, ends, last_change, next_change })
    }

    /// Makes the tenant's other onboardings that wait for a connection have a look; says how many.
    pub async fn wake_siblings(
        &self,
        tenant: &TenantId,
        except: OnboardingId,
    ) -> Result<u64, Error> {
        let waking = sqlx::query!(
            "UPDATE onboarding SET due_at = coalesce($3, now())
             WHERE tenant_id = $1 AND onboarding_id <> $2
               AND status = 'waiting' AND step = 'connect' AND lease_token IS NULL",
            tenant.as_str(),
            except.0,
            self.clock.for_database(),
        )
        .execute(&self.pool);
        Ok(self.within(waking).await?.rows_affected())
    }

    /// Gives an onboarding back as it is, due at once. For a worker that stops in good order.
    ///
    /// For one that was not begun, or between two steps.
    pub async fn release(&self, leased: Leased) -> Result<(), Error> {
        self.release_all(&[leased.held()], None).await
    }

    /// The same for many. `begun`: the workers may have asked Cyclr for something, so the next ones
    /// have to look first, and that not before this much time, in which such a call has its end.
    pub async fn release_all(&self, held: &[Held], begun: Option<Duration>) -> Result<(), Error> {
        let (ids, tokens): (Vec<_>, Vec<_>) =
            held.iter().map(|held| (held.id.0, held.token)).unzip();
        let released = sqlx::query!(
            "UPDATE onboarding o
             SET lease_token = NULL,
                 due_at = coalesce($3, now()) + make_interval(secs => coalesce($4::float8, 0)),
                 claims = CASE WHEN $4::float8 IS NULL THEN greatest(o.claims - 1, 0) ELSE o.claims END
             FROM UNNEST($1::uuid[], $2::uuid[]) AS held (onboarding_id, lease_token)
             WHERE o.onboarding_id = held.onboarding_id AND o.lease_token = held.lease_token",
            &ids,
            &tokens,
            self.clock.for_database(),
            begun.map(|time| time.as_secs_f64()),
        )
        .execute(&self.pool);
        self.within(released).await?;
        Ok(())
    }
}
