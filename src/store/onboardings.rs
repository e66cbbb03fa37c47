//! Reading onboardings.

use uuid::Uuid;

use super::row::Row;
use super::{Error, Sight, Store};
use crate::ids::{BlueprintKey, CycleId, OnboardingId, TenantId};
use crate::onboarding::{Onboarding, Status, StepKind};

/// What a list is narrowed to. All that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<String>,
    pub step: Option<String>,
    pub blueprint: Option<BlueprintKey>,
    pub tenant: Option<TenantId>,
}

impl Filter {
    fn is_empty(&self) -> bool {
        let Self { status, step, blueprint, tenant } = self;
        status.is_none() && step.is_none() && blueprint.is_none() && tenant.is_none()
    }
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
        let asking =
            sqlx::query_as!(Row, "SELECT * FROM onboarding WHERE onboarding_id = $1", id.0)
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

    /// Up to `limit` onboardings made before `before`. Ids are UUIDv7, so their order is by age.
    pub async fn list(
        &self,
        filter: &Filter,
        before: Option<OnboardingId>,
        limit: u16,
    ) -> Result<Page, Error> {
        let before = before.map_or(Uuid::max(), |id| id.0);
        let most = i64::from(limit) + 1;
        let asking = async {
            if filter.tenant.is_some() {
                self.list_of_tenant(filter, before, most).await
            } else if filter.is_empty() {
                self.list_all(before, most).await
            } else {
                self.list_narrowed(filter, before, most).await
            }
        };
        let rows = self.within(asking).await?;
        let onboardings: Result<Vec<_>, _> = rows.into_iter().map(Onboarding::try_from).collect();
        let mut onboardings = onboardings?;
        let more = onboardings.len() > usize::from(limit);
        onboardings.truncate(limit.into());
        let next = onboardings.last().filter(|_| more).map(|last| last.id);
        Ok(Page { onboardings, next })
    }

    async fn list_all(&self, before: Uuid, most: i64) -> Result<Vec<Row>, sqlx::Error> {
        sqlx::query_as!(
            Row,
            "SELECT * FROM onboarding WHERE onboarding_id < $1 ORDER BY onboarding_id DESC LIMIT $2",
            before,
            most,
        )
        .fetch_all(&self.pool)
        .await
    }

    /// A tenant has few: they are all looked at.
    async fn list_of_tenant(
        &self,
        filter: &Filter,
        before: Uuid,
        most: i64,
    ) -> Result<Vec<Row>, sqlx::Error> {
        sqlx::query_as!(
            Row,
            r#"
            WITH own AS MATERIALIZED (
                SELECT * FROM onboarding
                -- Each half has an index of its own.
                WHERE tenant_id = $5 AND (status <> 'cancelled' OR status = 'cancelled')
            )
            SELECT onboarding_id AS "onboarding_id!", reference AS "reference!",
                   tenant_id AS "tenant_id!", blueprint_key AS "blueprint_key!",
                   blueprint_version AS "blueprint_version!", created_at AS "created_at!",
                   profile AS "profile!", link_generation AS "link_generation!",
                   link_expires_at AS "link_expires_at!", version AS "version!",
                   status AS "status!", step AS "step!", since AS "since!", problem_code,
                   problem_detail, deadline, wake_at, tries AS "tries!", due_at, lease_token,
                   claims AS "claims!", facts AS "facts!", last_change, rests_at AS "rests_at!"
            FROM own
            WHERE onboarding_id < $1
              AND ($2::text IS NULL OR status = $2)
              AND ($3::text IS NULL OR step = $3)
              AND ($4::text IS NULL OR blueprint_key = $4)
            ORDER BY onboarding_id DESC
            LIMIT $6
            "#,
            before,
            filter.status,
            filter.step,
            filter.blueprint.as_ref().map(BlueprintKey::as_str),
            filter.tenant.as_ref().map(TenantId::as_str),
            most,
        )
        .fetch_all(&self.pool)
        .await
    }

    async fn list_narrowed(
        &self,
        filter: &Filter,
        before: Uuid,
        most: i64,
    ) -> Result<Vec<Row>, sqlx::Error> {
        let wanted = |name: &str, filter: &Option<String>| {
            filter.as_ref().is_none_or(|wanted| wanted == name)
        };
        // Of the live, who may be nearly all, none is at another step.
        let at_other_step = filter.step.as_ref().is_some_and(|step| step != "live");
        let statuses = Status::NAMES
            .iter()
            .filter(|name| wanted(name, &filter.status) && !(at_other_step && **name == "live"));
        let statuses: Vec<_> = statuses.map(|name| (*name).to_owned()).collect();
        let steps = StepKind::ALL.map(StepKind::name).into_iter();
        let mut places: Vec<_> =
            steps.filter(|name| wanted(name, &filter.step)).map(str::to_owned).collect();
        places.push(String::new());
        sqlx::query_file_as!(
            Row,
            "src/store/list_narrowed.sql",
            filter.blueprint.as_ref().map(BlueprintKey::as_str),
            &statuses,
            &places,
            filter.step,
            before,
            most,
        )
        .fetch_all(&self.pool)
        .await
    }
}
