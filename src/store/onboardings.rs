//! Reading onboardings.

use super::row::Row;
use super::{Error, Sight, Store};
use crate::ids::{AccountId, CycleId, OnboardingId, Reference, TenantId};
use crate::onboarding::Onboarding;

impl Store {
    pub async fn find(&self, id: OnboardingId) -> Result<Option<Onboarding>, Error> {
        let asking =
            sqlx::query_as!(Row, "SELECT * FROM onboarding WHERE onboarding_id = $1", id.0)
                .fetch_optional(&self.pool);
        self.within(asking).await?.map(Onboarding::try_from).transpose()
    }

    pub async fn find_by_reference(
        &self,
        reference: &Reference,
    ) -> Result<Option<Onboarding>, Error> {
        let asking = sqlx::query_as!(
            Row,
            "SELECT * FROM onboarding WHERE reference = $1",
            reference.as_str(),
        )
        .fetch_optional(&self.pool);
        self.within(asking).await?.map(Onboarding::try_from).transpose()
    }

    /// As [`Store::find`], for somebody who may not see everything.
    pub async fn find_in_sight(
        &self,
        id: OnboardingId,
        sight: &Sight,
    ) -> Result<Option<Onboarding>, Error> {
        let keys = sight.keys();
        let asking = sqlx::query_as!(
            Row,
            "SELECT * FROM onboarding
             WHERE onboarding_id = $1 AND ($2::text[] IS NULL OR blueprint_key = ANY ($2))",
            id.0,
            keys.as_deref(),
        )
        .fetch_optional(&self.pool);
        self.within(asking).await?.map(Onboarding::try_from).transpose()
    }

    /// The tenant's other onboardings, but for those that are cancelled.
    pub async fn list_siblings(
        &self,
        tenant: &TenantId,
        except: OnboardingId,
    ) -> Result<Vec<Onboarding>, Error> {
        let asking = sqlx::query_as!(
            Row,
            "SELECT * FROM onboarding
             WHERE tenant_id = $1 AND onboarding_id <> $2 AND status <> 'cancelled'",
            tenant.as_str(),
            except.0,
        )
        .fetch_all(&self.pool);
        self.within(asking).await?.into_iter().map(Onboarding::try_from).collect()
    }

    /// The live onboarding whose cycle this is, in that account.
    pub async fn find_live_by_cycle(
        &self,
        account: &AccountId,
        cycle: CycleId,
    ) -> Result<Option<OnboardingId>, Error> {
        let asking = sqlx::query_scalar!(
            r#"
            SELECT o.onboarding_id
            FROM tenant t
            JOIN onboarding o ON o.tenant_id = t.tenant_id AND o.status <> 'cancelled'
            WHERE lower(t.account_id) = lower($1) AND o.status = 'live'
              AND o.facts -> 'slots' @> jsonb_build_array(jsonb_build_object('cycle', $2::text))
            "#,
            account.as_str(),
            cycle.to_string(),
        )
        .fetch_optional(&self.pool);
        Ok(self.within(asking).await?.map(OnboardingId))
    }

    /// Cycles that other onboardings of the tenant have recorded as theirs, or have disowned.
    pub async fn list_cycles_of_siblings(
        &self,
        tenant: &TenantId,
        except: OnboardingId,
    ) -> Result<Vec<CycleId>, Error> {
        let asking = sqlx::query_scalar!(
            r#"
            SELECT cycle::uuid AS "cycle!"
            FROM onboarding o, jsonb_array_elements(o.facts -> 'slots') slot,
                 LATERAL (
                     SELECT slot ->> 'cycle'
                     UNION ALL
                     SELECT jsonb_array_elements_text(coalesce(slot -> 'disowned', '[]'))
                     UNION ALL
                     SELECT f ->> 'cycle' FROM jsonb_array_elements(coalesce(o.facts -> 'former', '[]')) f
                 ) c (cycle)
            WHERE o.tenant_id = $1 AND (o.status <> 'cancelled' OR o.status = 'cancelled')
              AND o.onboarding_id <> $2 AND cycle IS NOT NULL
            "#,
            tenant.as_str(),
            except.0,
        )
        .fetch_all(&self.pool);
        let cycles = self.within(asking).await?;
        Ok(cycles.into_iter().map(CycleId).collect())
    }
}
