//! Onboardings without what is known of people.

use chrono::NaiveDateTime;
use sqlx::PgConnection;
use uuid::Uuid;

use super::begin_keeping;
use crate::ids::{OnboardingId, TenantId};
use crate::onboarding::{Onboarding, Transition};
use crate::store::answers::{find_answer, keep_answer};
use crate::store::commit::{event_columns, json};
use crate::store::row::Row;
use crate::store::staff::insert_act;
use crate::store::{Act, Actor, Answer, Error, IdempotencyKey, OnceError, Store};

/// Before all times that are kept.
const EARLIEST: NaiveDateTime = chrono::DateTime::UNIX_EPOCH.naive_utc();

/// An onboarding that keeps people's data for a while only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToErase {
    pub id: OnboardingId,
    /// Where a walk goes on after it.
    pub place: (NaiveDateTime, OnboardingId),
    /// Its time is over.
    pub is_due: bool,
}

impl Store {
    /// A stretch of those that may be due by now, the oldest first, after the place of an earlier one.
    pub async fn list_to_erase(
        &self,
        after: Option<(NaiveDateTime, OnboardingId)>,
        limit: u16,
    ) -> Result<Vec<ToErase>, Error> {
        let (bound, id) = after.map_or((EARLIEST, Uuid::nil()), |(bound, id)| (bound, id.0));
        let asking = sqlx::query!(
            r#"
            WITH stretch AS MATERIALIZED (
                SELECT onboarding_id, since, profile,
                       earliest_erasure(created_at, profile) AS bound
                FROM onboarding
                WHERE profile ? 'retention_days' AND NOT profile ? 'erased'
                  AND status IN ('live', 'cancelled')
                  AND (earliest_erasure(created_at, profile), onboarding_id) > ($2, $3)
                  AND earliest_erasure(created_at, profile)
                      <= coalesce($1, now()) AT TIME ZONE 'UTC'
                ORDER BY earliest_erasure(created_at, profile), onboarding_id
                LIMIT $4
            )
            SELECT onboarding_id AS "id!", bound AS "bound!",
                   earliest_erasure(since, profile) <= coalesce($1, now()) AT TIME ZONE 'UTC'
                       AS "is_due!"
            FROM stretch
            ORDER BY bound, onboarding_id
            "#,
            self.clock.for_database(),
            bound,
            id,
            i64::from(limit),
        )
        .fetch_all(&self.pool);
        let rows = self.within(asking).await?.into_iter();
        let found = rows.map(|row| {
            let id = OnboardingId(row.id);
            ToErase { id, place: (row.bound, id), is_due: row.is_due }
        });
        Ok(found.collect())
    }

    /// Up to `limit` onboardings of a tenant after the one named, in the order of their beginnings.
    pub async fn list_of_tenant(
        &self,
        tenant: &TenantId,
        after: OnboardingId,
        limit: u16,
    ) -> Result<Vec<Onboarding>, Error> {
        let asking = sqlx::query_as!(
            Row,
            // Two indexes, of which each has some of them; a tenant has few.
            r#"
            WITH theirs AS MATERIALIZED (
                SELECT onboarding_id FROM onboarding
                WHERE tenant_id = $1 AND (status <> 'cancelled' OR status = 'cancelled')
            ),
            few AS MATERIALIZED (
                SELECT onboarding_id FROM theirs WHERE onboarding_id > $2
                ORDER BY onboarding_id LIMIT $3
            )
            SELECT o.* FROM few s JOIN onboarding o ON o.onboarding_id = s.onboarding_id
            ORDER BY s.onboarding_id
            "#,
            tenant.as_str(),
            after.0,
            i64::from(limit),
        )
        .fetch_all(&self.pool);
        self.within(asking).await?.into_iter().map(Onboarding::try_from).collect()
    }

    /// Keeps an onboarding without what is known of people, with all that hangs on it. `false` when it has
    /// changed since it was read, or is being worked on.
    pub async fn keep_erased(
        &self,
        was: &Onboarding,
        transition: &Transition,
        actor: &str,
    ) -> Result<bool, Error> {
        let now = self.clock.now();
        let work = async {
            let mut tx = self.pool.begin().await?;
            begin_keeping(&mut tx).await?;
            if !update(&mut tx, was, transition).await? {
                return Ok(false);
            }
            forget_words(&mut tx, was.id).await?;
            let to = &transition.to;
            let (kind, detail) = event_columns(transition.event.as_ref());
            sqlx::query!(
                "INSERT INTO journal (onboarding_id, version, at, actor, kind, status, step, detail)
                 SELECT $1, $2, $3, $4, $5::text, $6, $7, $8::jsonb WHERE $5::text IS NOT NULL",
                to.id.0,
                to.version,
                now,
                actor,
                kind,
                to.status.name(),
                to.step().name(),
                detail,
            )
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>(true)
        };
        Ok(self.within(work).await?)
    }

    /// Keeps that somebody had a tenant's data erased, and how that was answered. What was done is done
    /// by then; the same request is answered the same again.
    pub async fn note_erasure(
        &self,
        (actor, act): (&Actor, &Act),
        once: Option<(&IdempotencyKey, &Answer)>,
    ) -> Result<Option<Answer>, OnceError> {
        let now = self.clock.now();
        self.within(async {
            let mut tx = self.pool.begin().await?;
            if let Some((key, answer)) = once {
                if let Some(earlier) = find_answer(&mut tx, key).await? {
                    return Ok(Some(earlier));
                }
                keep_answer(&mut tx, key, answer, now).await?;
            }
            insert_act(&mut tx, actor, act, now).await?;
            tx.commit().await?;
            Ok(None)
        })
        .await
    }

    /// Whether anything was ever started for the tenant.
    pub async fn knows_tenant(&self, tenant: &TenantId) -> Result<bool, Error> {
        let asking =
            sqlx::query_scalar!("SELECT 1 FROM tenant WHERE tenant_id = $1", tenant.as_str())
                .fetch_optional(&self.pool);
        Ok(self.within(asking).await?.is_some())
    }
}

async fn update(
    tx: &mut PgConnection,
    was: &Onboarding,
    transition: &Transition,
) -> Result<bool, sqlx::Error> {
    let to = &transition.to;
    let updated = sqlx::query!(
        "UPDATE onboarding SET version = $2, profile = $3, facts = $4
         WHERE onboarding_id = $1 AND version = $5 AND lease_token IS NULL
           AND status IN ('live', 'cancelled')",
        to.id.0,
        to.version,
        json(&to.profile),
        json(&to.facts),
        was.version,
    )
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// What people wrote or were told, wherever it hangs on the onboarding.
async fn forget_words(tx: &mut PgConnection, id: OnboardingId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM draft WHERE onboarding_id = $1", id.0).execute(&mut *tx).await?;
    sqlx::query!(
        r#"
        UPDATE journal
        SET detail = detail || (
            SELECT jsonb_object_agg(written, '[erased]'::text)
            FROM jsonb_object_keys(detail) AS keys (written) WHERE written IN ('text', 'reason'))
        WHERE onboarding_id = $1
          AND (detail ->> 'text' IS NOT NULL OR detail ->> 'reason' IS NOT NULL)
        "#,
        id.0,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        r#"
        UPDATE webhook_message m
        SET body = (m.body::jsonb || jsonb_build_object('data',
            (m.body::jsonb -> 'data') || '{"contact": null, "metadata": {}, "tags": []}'))::text
        WHERE m.message_id IN (SELECT message_id FROM webhook_delivery WHERE onboarding_id = $1)
          AND m.body::jsonb ? 'data'
        "#,
        id.0,
    )
    .execute(tx)
    .await?;
    Ok(())
}
