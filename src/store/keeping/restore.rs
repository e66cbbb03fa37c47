//! A database that was put back to an older state.

use chrono::{DateTime, Utc};

use crate::ids::OnboardingId;
use crate::onboarding::{Onboarding, Status, StepKind, Transition};
use crate::store::commit::{event_columns, json};
use crate::store::row::Row;
use crate::store::{Error, Store};

/// That a copy of an earlier day took over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restore {
    pub restored_at: DateTime<Utc>,
    /// Nothing that happened before this is missing.
    pub back_to: DateTime<Utc>,
}

impl Store {
    /// What is to be remembered of all restores: the newest, and the earliest that any of them went back to.
    pub async fn find_restore(&self) -> Result<Option<Restore>, Error> {
        let asking = sqlx::query!(
            "SELECT max(restored_at) AS restored_at, min(back_to) AS back_to FROM restore"
        )
        .fetch_one(&self.pool);
        let row = self.within(asking).await?;
        let known = row.restored_at.zip(row.back_to);
        Ok(known.map(|(restored_at, back_to)| Restore { restored_at, back_to }))
    }

    pub async fn note_restore(&self, restore: Restore) -> Result<(), Error> {
        let noting = sqlx::query!(
            "INSERT INTO restore (restored_at, back_to) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            restore.restored_at,
            restore.back_to,
        )
        .execute(&self.pool);
        self.within(noting).await?;
        Ok(())
    }

    /// When the newest onboarding was started that this database knows of: it holds all that happened up to
    /// then.
    pub async fn find_newest_start(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let asking = sqlx::query_scalar!(
            "SELECT created_at FROM onboarding ORDER BY onboarding_id DESC LIMIT 1"
        )
        .fetch_optional(&self.pool);
        Ok(self.within(asking).await?)
    }

    /// Up to `limit` open onboardings after the one named, in the order of their beginnings.
    pub async fn list_open_after(
        &self,
        after: OnboardingId,
        limit: u16,
    ) -> Result<Vec<Onboarding>, Error> {
        let asking = sqlx::query_as!(
            Row,
            "SELECT * FROM onboarding
             WHERE onboarding_id > $1 AND status NOT IN ('live', 'cancelled')
             ORDER BY onboarding_id LIMIT $2",
            after.0,
            i64::from(limit),
        )
        .fetch_all(&self.pool);
        self.within(asking).await?.into_iter().map(Onboarding::try_from).collect()
    }

    /// Keeps that an onboarding has to look before it acts, whoever had it: that worker belongs to another
    /// history. Says whether the onboarding was still as it was read.
    pub async fn keep_looking_first(
        &self,
        was: &Onboarding,
        transition: &Transition,
    ) -> Result<bool, Error> {
        let to = &transition.to;
        let looks_now = match &to.status {
            Status::Running | Status::Retrying { .. } => true,
            // Whoever is waited for may be through long since.
            Status::Waiting { .. } => to.step() == StepKind::Connect,
            Status::Stuck { .. } | Status::Live | Status::Cancelled => false,
        };
        let (kind, detail) = event_columns(transition.event.as_ref());
        let now = self.clock.now();
        let keeping = sqlx::query!(
            "WITH changed AS (
                 UPDATE onboarding
                 SET version = $2, facts = $3, lease_token = NULL, claims = 0,
                     due_at = CASE WHEN $4 THEN coalesce($5, now())
                                   WHEN lease_token IS NULL THEN due_at END
                 WHERE onboarding_id = $1 AND version = $6
                 RETURNING onboarding_id, version, status, step
             )
             INSERT INTO journal (onboarding_id, version, at, actor, kind, status, step, detail)
             SELECT onboarding_id, version, $7, 'command line', $8::text, status, step, $9::jsonb FROM changed
             WHERE $8::text IS NOT NULL",
            to.id.0,
            to.version,
            json(&to.facts),
            looks_now,
            self.clock.for_database(),
            was.version,
            now,
            kind,
            detail,
        )
        .execute(&self.pool);
        Ok(self.within(keeping).await?.rows_affected() == 1)
    }
}
