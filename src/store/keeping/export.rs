//! All that is kept of a tenant, piece by piece.

use serde_json::Value;
use sqlx::PgPool;

use crate::ids::{OnboardingId, TenantId};
use crate::store::{Error, Store};

/// Rows of one piece.
const AT_ONCE: u16 = 500;

/// What hangs on an onboarding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantPart {
    Journal,
    OtherCalls,
    SignIns,
    Messages,
    Audit,
}

impl TenantPart {
    pub const ALL: [Self; 5] =
        [Self::Journal, Self::OtherCalls, Self::SignIns, Self::Messages, Self::Audit];

    /// What it is called in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::OtherCalls => "other_calls",
            Self::SignIns => "sign_ins",
            Self::Messages => "messages",
            Self::Audit => "audit",
        }
    }
}

/// A look at one tenant that is taken in pieces: no session is held between them.
#[derive(Debug, Clone)]
pub struct TenantExport {
    store: Store,
}

impl TenantExport {
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// The tenant itself; `None` if nothing was ever started for it.
    pub async fn tenant(&self, tenant: &TenantId) -> Result<Option<Value>, Error> {
        let asking = sqlx::query_scalar!(
            r#"SELECT to_jsonb(t) AS "row!" FROM tenant t WHERE tenant_id = $1"#,
            tenant.as_str(),
        )
        .fetch_optional(&self.store.pool);
        Ok(self.store.within(asking).await?)
    }

    /// The tenant's next onboarding after the one named, as it is kept, with what its people have typed and
    /// not confirmed.
    pub async fn onboarding_after(
        &self,
        tenant: &TenantId,
        after: OnboardingId,
    ) -> Result<Option<(OnboardingId, Value)>, Error> {
        let asking = sqlx::query!(
            r#"
            -- Two indexes, of which each has some of them; a tenant has few.
            WITH theirs AS MATERIALIZED (
                SELECT onboarding_id FROM onboarding
                WHERE tenant_id = $1 AND (status <> 'cancelled' OR status = 'cancelled')
            ),
            next AS MATERIALIZED (
                SELECT onboarding_id FROM theirs WHERE onboarding_id > $2
                ORDER BY onboarding_id LIMIT 1
            )
            SELECT o.onboarding_id,
                   to_jsonb(o) - ARRAY['lease_token', 'claims', 'last_change', 'due_at', 'rests_at',
                                       'rests_since']
                       || jsonb_build_object('draft',
                              (SELECT d.answers FROM draft d
                               WHERE d.onboarding_id = o.onboarding_id)) AS "row!"
            FROM next n JOIN onboarding o ON o.onboarding_id = n.onboarding_id
            "#,
            tenant.as_str(),
            after.0,
        )
        .fetch_optional(&self.store.pool);
        let row = self.store.within(asking).await?;
        Ok(row.map(|row| (OnboardingId(row.onboarding_id), row.row)))
    }

    /// The next rows of a part, oldest first, `from` so many on; fewer than [`TenantExport::PIECE`] are the
    /// last.
    pub async fn part(
        &self,
        part: TenantPart,
        id: OnboardingId,
        from: usize,
    ) -> Result<Vec<Value>, Error> {
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let pool = &self.store.pool;
        let asking = async {
            match part {
                TenantPart::Journal => journal(pool, id, from).await,
                TenantPart::OtherCalls => other_calls(pool, id, from).await,
                TenantPart::SignIns => sign_ins(pool, id, from).await,
                TenantPart::Messages => messages(pool, id, from).await,
                TenantPart::Audit => audit(pool, id, from).await,
            }
        };
        Ok(self.store.within(asking).await?)
    }

    /// Rows of a full piece.
    pub const PIECE: usize = AT_ONCE as usize;
}

/// What happened, with the calls that led to it.
async fn journal(pool: &PgPool, id: OnboardingId, from: i64) -> sqlx::Result<Vec<Value>> {
    sqlx::query_scalar!(
        r#"SELECT to_jsonb(j) - 'onboarding_id' AS "row!" FROM journal j
           WHERE onboarding_id = $1 ORDER BY version OFFSET $2 LIMIT $3"#,
        id.0,
        from,
        i64::from(AT_ONCE),
    )
    .fetch_all(pool)
    .await
}

/// Calls that led to no line.
async fn other_calls(pool: &PgPool, id: OnboardingId, from: i64) -> sqlx::Result<Vec<Value>> {
    sqlx::query_scalar!(
        r#"SELECT to_jsonb(c) - 'onboarding_id' AS "row!" FROM stray_call c
           WHERE onboarding_id = $1 ORDER BY at OFFSET $2 LIMIT $3"#,
        id.0,
        from,
        i64::from(AT_ONCE),
    )
    .fetch_all(pool)
    .await
}

/// Tries at signing in, without what proves them.
async fn sign_ins(pool: &PgPool, id: OnboardingId, from: i64) -> sqlx::Result<Vec<Value>> {
    sqlx::query_scalar!(
        r#"SELECT to_jsonb(a) - ARRAY['onboarding_id', 'digest', 'session_digest']
               AS "row!" FROM attempt a
           WHERE onboarding_id = $1 ORDER BY opened_at OFFSET $2 LIMIT $3"#,
        id.0,
        from,
        i64::from(AT_ONCE),
    )
    .fetch_all(pool)
    .await
}

/// What was told of it, and to whom; links are not kept in it.
async fn messages(pool: &PgPool, id: OnboardingId, from: i64) -> sqlx::Result<Vec<Value>> {
    sqlx::query_scalar!(
        r#"SELECT to_jsonb(m) - ARRAY['onboarding_id', 'link_generation']
               || jsonb_build_object('endpoint_id', d.endpoint_id, 'state', d.state,
                                     'body', m.body::jsonb) AS "row!"
           FROM webhook_delivery d
           JOIN webhook_message m ON m.message_id = d.message_id
           WHERE d.onboarding_id = $1
           ORDER BY d.message_id, d.endpoint_id OFFSET $2 LIMIT $3"#,
        id.0,
        from,
        i64::from(AT_ONCE),
    )
    .fetch_all(pool)
    .await
}

/// What staff did about it.
async fn audit(pool: &PgPool, id: OnboardingId, from: i64) -> sqlx::Result<Vec<Value>> {
    sqlx::query_scalar!(
        r#"SELECT to_jsonb(a) - 'onboarding_id' AS "row!" FROM audit a
           WHERE onboarding_id = $1 ORDER BY audit_id OFFSET $2 LIMIT $3"#,
        id.0,
        from,
        i64::from(AT_ONCE),
    )
    .fetch_all(pool)
    .await
}
