//! Taking onboardings to drive them, one worker each, and giving them back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::row::Row;
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
}

impl Leased {
    pub fn onboarding(&self) -> &Onboarding {
        &self.onboarding
    }

    pub fn blueprint(&self) -> &Arc<Blueprint> {
        &self.blueprint
    }

    /// How often it was taken since the last kept change, this time included.
    pub fn claims(&self) -> i32 {
        self.claims
    }

    /// An earlier worker had it, and nobody knows what that one did last.
    pub fn is_takeover(&self) -> bool {
        self.claims > 1
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
        let ends = Instant::now() + lease;
        let token = Uuid::new_v4();
        let rows = sqlx::query_file_as!(
            Row,
            "src/store/claim.sql",
            token,
            self.clock.for_database(),
            lease.as_secs_f64(),
            limit,
        )
        .fetch_all(&self.pool)
        .await;
        let rows = match rows {
            // A sibling was taken by somebody else between our look and our write.
            Err(sqlx::Error::Database(e))
                if e.constraint() == Some("onboarding_one_driven_per_tenant") =>
            {
                return Err(Error::Conflict);
            }
            rows => rows?,
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

    /// Undoes a claim that was never used.
    async fn put_back(&self, id: Uuid, token: Uuid, due: bool) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE onboarding
             SET lease_token = NULL, claims = greatest(claims - 1, 0),
                 due_at = CASE WHEN $3 THEN coalesce($4, now()) END
             WHERE onboarding_id = $1 AND lease_token = $2",
            id,
            token,
            due,
            self.clock.for_database(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn load_lease(
        &self,
        row: Row,
        token: Uuid,
        claims: i32,
        ends: Instant,
    ) -> Result<Leased, Error> {
        let onboarding = Onboarding::try_from(row)?;
        let blueprint = self.load_blueprint(&onboarding.blueprint).await?;
        Ok(Leased { onboarding, blueprint, token, claims, ends })
    }

    /// Makes the tenant's other onboardings that wait for a connection have a look; says how many.
    pub async fn wake_siblings(
        &self,
        tenant: &TenantId,
        except: OnboardingId,
    ) -> Result<u64, Error> {
        let woken = sqlx::query!(
            "UPDATE onboarding SET due_at = coalesce($3, now())
             WHERE tenant_id = $1 AND onboarding_id <> $2
               AND status = 'waiting' AND step = 'connect' AND lease_token IS NULL",
            tenant.as_str(),
            except.0,
            self.clock.for_database(),
        )
        .execute(&self.pool)
        .await?;
        Ok(woken.rows_affected())
    }

    /// Gives an onboarding back as it is, due at once. For a worker that stops in good order.
    ///
    /// `begun`: the worker may have asked Cyclr for something, so the next one has to look first.
    pub async fn release(&self, leased: Leased, begun: bool) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE onboarding
             SET lease_token = NULL, due_at = coalesce($3, now()),
                 claims = CASE WHEN $4 THEN claims ELSE greatest(claims - 1, 0) END
             WHERE onboarding_id = $1 AND lease_token = $2",
            leased.onboarding.id.0,
            leased.token,
            self.clock.for_database(),
            begun,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
