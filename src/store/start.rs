//! Starting an onboarding: once per request key, and once per open tenant and blueprint.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::answers::{Shown, find_answer, keep_answer};
use super::commit::json;
use super::row::{Row, StateColumns};
use super::trouble::{Failure, Trouble};
use super::{Answer, Error, IdempotencyKey, Leased, OnceError, Store};
use crate::ids::{AccountId, Reference};
use crate::onboarding::{Blueprint, Event, Onboarding};

/// An onboarding that is not kept yet.
#[derive(Debug)]
pub struct NewOnboarding {
    pub onboarding: Onboarding,
    pub blueprint: Arc<Blueprint>,
    /// The tenant's account if it has none yet: derived from its id, or named by the integrator.
    pub account: AccountId,
    /// Who asked for it, for the journal.
    pub actor: String,
    pub idempotency: Option<IdempotencyKey>,
}

/// Looks at a start that others keep overtaking.
const MOST_RACES: usize = 5;

/// Makes the answer to a start from the onboarding and whether it is fresh: status and body.
pub type Render = Arc<dyn Fn(&Onboarding, bool) -> (u16, String) + Send + Sync>;

/// How a start came out. The answer is what to send, whichever way it came out.
#[derive(Debug)]
pub struct Started {
    pub answer: Answer,
    /// A fresh onboarding that this process may drive at once.
    pub leased: Option<Leased>,
    /// A fresh onboarding was made; without a lease it waits for the tenant's other one.
    pub fresh: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the tenant has another Cyclr account already")]
    AccountDiffers,
    #[error("another tenant has this Cyclr account")]
    AccountOfAnother,
    /// Somebody did the same or the like between our look and our write: look again.
    #[error("somebody was quicker")]
    Raced,
    /// The short code is another onboarding's: spell another one.
    #[error("the reference is taken")]
    ReferenceTaken,
    #[error(transparent)]
    Once(#[from] OnceError),
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<sqlx::Error> for StartError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(sqlx::error::DatabaseError::constraint) {
            Some("tenant_account_is_its_own") => Self::AccountOfAnother,
            Some("onboarding_one_driven_per_tenant" | "idempotency_pkey") => Self::Raced,
            Some("onboarding_reference_key") => Self::ReferenceTaken,
            Some(_) | None => Self::Store(error.into()),
        }
    }
}

impl Store {
    /// Keeps a new onboarding, or finds the one that is meant: the open one of the same tenant and
    /// blueprint, or the answer to the same request.
    ///
    /// `render` makes the answer for the onboarding and whether it is fresh; the answer is kept in
    /// the same transaction. A fresh onboarding comes with a lease, so that this process can go on
    /// with it at once, unless another one of the tenant is being driven.
    pub async fn start(
        &self,
        mut new: NewOnboarding,
        lease: Duration,
        render: &Render,
    ) -> Result<Started, StartError> {
        // Boxed: it is large, and few starts come this way.
        let work = Box::pin(async {
            for _ in 0..MOST_RACES {
                match self.try_start(&mut new, lease, render).await {
                    Err(StartError::Raced) => {}
                    Err(error) if error.trouble() == Trouble::Again => {}
                    Err(StartError::ReferenceTaken) => {
                        new.onboarding.reference = Reference::spell(rand::random());
                    }
                    settled => return settled,
                }
            }
            Err(StartError::Raced)
        });
        self.within(work).await
    }

    async fn try_start(
        &self,
        new: &mut NewOnboarding,
        lease: Duration,
        render: &Render,
    ) -> Result<Started, StartError> {
        let mut tx = self.pool.begin().await?;
        if let Some(key) = &new.idempotency
            && let Some(answer) = find_answer(&mut tx, key).await?
        {
            return Ok(Started { answer, leased: None, fresh: false });
        }
        keep_tenant(&mut tx, new).await?;
        let ends = Instant::now() + lease;
        let token = Uuid::new_v4();
        let inserted = insert(&mut tx, new, token, lease, self.clock.for_database()).await?;
        let onboarding = match inserted {
            Some(_) => new.onboarding.clone(),
            None => find_open(&mut tx, &new.onboarding).await?,
        };
        let fresh = inserted.is_some();
        let (status, body) = render(&onboarding, fresh);
        let answer = Answer { status, body, shows: Some(Shown::of(&onboarding)) };
        if let Some(key) = &new.idempotency {
            keep_answer(&mut tx, key, &answer, self.clock.now()).await?;
        }
        let committed = tx.commit().await;
        if let Err(error) = &committed {
            self.lost.note(error.trouble(), token, ends);
        }
        committed?;
        let blueprint = Arc::clone(&new.blueprint);
        let leased =
            (inserted == Some(true)).then(|| Leased::fresh(onboarding, blueprint, token, ends));
        Ok(Started { answer, leased, fresh })
    }
}

/// The tenant as it is from its first onboarding on. Its account never changes.
async fn keep_tenant(
    tx: &mut sqlx::PgConnection,
    new: &mut NewOnboarding,
) -> Result<(), StartError> {
    let named = &mut new.onboarding.profile.named_account;
    sqlx::query!(
        "INSERT INTO tenant (tenant_id, account_id, account_named, created_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        new.onboarding.tenant.as_str(),
        new.account.as_str(),
        named.is_some(),
        new.onboarding.created_at,
    )
    .execute(&mut *tx)
    .await?;
    let known = sqlx::query!(
        "SELECT account_id FROM tenant WHERE tenant_id = $1",
        new.onboarding.tenant.as_str()
    )
    .fetch_optional(tx)
    .await?;
    // Either index may have refused it: the tenant is known, or the account is another tenant's.
    let known = known.ok_or(StartError::AccountOfAnother)?;
    if known.account_id == new.account.as_str() {
        return Ok(());
    }
    if named.is_some() {
        return Err(StartError::AccountDiffers);
    }
    // A tenant has one account. Naming none means that one, whatever its id would be made of today.
    let known = AccountId::parse(known.account_id)
        .map_err(|_| Error::inconsistent("tenant", "account_id", &new.onboarding.tenant))?;
    *named = Some(known);
    Ok(())
}

/// `None`: the tenant has an open onboarding of this blueprint. `Some(false)`: kept without a lease,
/// because another one of the tenant is being driven.
async fn insert(
    tx: &mut sqlx::PgConnection,
    new: &NewOnboarding,
    token: Uuid,
    lease: Duration,
    now: Option<DateTime<Utc>>,
) -> Result<Option<bool>, sqlx::Error> {
    let onboarding = &new.onboarding;
    let state = StateColumns::of(onboarding);
    let row = sqlx::query!(
        r#"
        WITH fresh AS (
            INSERT INTO onboarding
                (onboarding_id, reference, tenant_id, blueprint_key, blueprint_version, created_at,
                 profile, link_generation, link_expires_at, version, status, step, since, tries,
                 due_at, lease_token, claims, facts)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0,
                   coalesce($14, now()) + make_interval(secs => CASE WHEN free.free THEN $15::float8 ELSE 0 END),
                   CASE WHEN free.free THEN $16::uuid END,
                   CASE WHEN free.free THEN 1 ELSE 0 END,
                   $17
            FROM (
                -- An index says so if one is taken between this look and our write.
                SELECT NOT EXISTS (
                    SELECT FROM onboarding s WHERE s.tenant_id = $3 AND s.lease_token IS NOT NULL
                ) AS free
            ) free
            ON CONFLICT (tenant_id, blueprint_key) WHERE status <> 'cancelled' DO NOTHING
            RETURNING onboarding_id, version, created_at, status, step,
                      lease_token IS NOT NULL AS leased
        ),
        journal_line AS (
            INSERT INTO journal (onboarding_id, version, at, actor, kind, status, step, detail)
            SELECT onboarding_id, version, created_at, $18, $19, status, step, $20 FROM fresh
        ),
        message AS (
            INSERT INTO outbox (onboarding_id, version, kind, at)
            SELECT onboarding_id, version, 'onboarding.started', created_at FROM fresh
        )
        SELECT leased AS "leased!" FROM fresh
        "#,
        onboarding.id.0,
        onboarding.reference.as_str(),
        onboarding.tenant.as_str(),
        onboarding.blueprint.key.as_str(),
        onboarding.blueprint.version,
        onboarding.created_at,
        json(&onboarding.profile),
        onboarding.link.generation,
        onboarding.link.expires_at,
        onboarding.version,
        state.status,
        state.step,
        onboarding.since,
        now,
        lease.as_secs_f64(),
        token,
        json(&onboarding.facts),
        new.actor,
        Event::Started.kind(),
        json(&Event::Started),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| row.leased))
}

async fn find_open(
    tx: &mut sqlx::PgConnection,
    like: &Onboarding,
) -> Result<Onboarding, StartError> {
    let row = sqlx::query_as!(
        Row,
        // By the tenant whatever the planner has seen so far; see start_many.sql.
        "SELECT * FROM onboarding
         WHERE tenant_id = $1 AND blueprint_key IS NOT DISTINCT FROM $2 AND status <> 'cancelled'",
        like.tenant.as_str(),
        like.blueprint.key.as_str(),
    )
    .fetch_optional(tx)
    .await?;
    // It was open a moment ago; cancelled since.
    Ok(Onboarding::try_from(row.ok_or(StartError::Raced)?)?)
}
