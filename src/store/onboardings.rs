//! Reading onboardings.

use super::row::Row;
use super::{Error, Store};
use crate::ids::{BlueprintKey, CycleId, OnboardingId, TenantId};
use crate::onboarding::Onboarding;

/// What a list is narrowed to. All that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<String>,
    pub step: Option<String>,
    pub blueprint: Option<BlueprintKey>,
    pub tenant: Option<TenantId>,
}

/// Newest first.
#[derive(Debug)]
pub struct Page {
    pub onboardings: Vec<Onboarding>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<OnboardingId>,
}

impl Store {
    pub async fn find(&self, id: OnboardingId) -> Result<Option<Onboarding>, Error> {
        sqlx::query_as!(Row, "SELECT * FROM onboarding WHERE onboarding_id = $1", id.0)
            .fetch_optional(&self.pool)
            .await?
            .map(Onboarding::try_from)
            .transpose()
    }

    /// Cycles that other onboardings of the tenant have recorded as theirs.
    pub async fn list_cycles_of_siblings(
        &self,
        tenant: &TenantId,
        except: OnboardingId,
    ) -> Result<Vec<CycleId>, Error> {
        let cycles = sqlx::query_scalar!(
            r#"
            SELECT (slot ->> 'cycle')::uuid AS "cycle!"
            FROM onboarding o, jsonb_array_elements(o.facts -> 'slots') slot
            WHERE o.tenant_id = $1 AND (o.status <> 'cancelled' OR o.status = 'cancelled')
              AND o.onboarding_id <> $2 AND slot ->> 'cycle' IS NOT NULL
            "#,
            tenant.as_str(),
            except.0,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(cycles.into_iter().map(CycleId).collect())
    }

    /// Up to `limit` onboardings made before `before`. Ids are UUIDv7, so their order is by age.
    pub async fn list(
        &self,
        filter: &Filter,
        before: Option<OnboardingId>,
        limit: u16,
    ) -> Result<Page, Error> {
        let mut tx = self.pool.begin().await?;
        // Which index is best depends on what is asked for; see `app::connect`.
        sqlx::query!("SET LOCAL plan_cache_mode = force_custom_plan").execute(&mut *tx).await?;
        let rows = sqlx::query_as!(
            Row,
            r#"
            SELECT * FROM onboarding
            WHERE ($1::uuid IS NULL OR onboarding_id < $1)
              AND ($2::text IS NULL OR status = $2)
              AND ($3::text IS NULL OR step = $3)
              AND ($4::text IS NULL OR blueprint_key = $4)
              AND ($5::text IS NULL
                   -- Each half has an index of its own.
                   OR (tenant_id = $5 AND (status <> 'cancelled' OR status = 'cancelled')))
            ORDER BY onboarding_id DESC
            LIMIT $6
            "#,
            before.map(|id| id.0),
            filter.status,
            filter.step,
            filter.blueprint.as_ref().map(BlueprintKey::as_str),
            filter.tenant.as_ref().map(TenantId::as_str),
            i64::from(limit) + 1,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let onboardings: Result<Vec<_>, _> = rows.into_iter().map(Onboarding::try_from).collect();
        let mut onboardings = onboardings?;
        let more = onboardings.len() > usize::from(limit);
        onboardings.truncate(limit.into());
        let next = onboardings.last().filter(|_| more).map(|last| last.id);
        Ok(Page { onboardings, next })
    }
}
