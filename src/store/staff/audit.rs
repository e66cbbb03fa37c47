//! What staff did. Lines are added, never changed.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::ids::{OnboardingId, StaffId};
use crate::store::{Error, Store};

/// Whoever does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// As people read it.
    pub name: String,
    /// `None`: whoever has the command line.
    pub staff: Option<StaffId>,
}

/// Something that is done, as it is kept together with its doing. Holds no secret.
#[derive(Debug, Clone)]
pub struct Act {
    pub action: &'static str,
    pub object: String,
    pub onboarding: Option<OnboardingId>,
    pub reason: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl Act {
    pub fn new(action: &'static str, object: impl Into<String>) -> Self {
        let (object, onboarding) = (object.into(), None);
        Self { action, object, onboarding, reason: None, before: None, after: None }
    }
}

/// A line as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub action: String,
    pub object: String,
    pub onboarding: Option<OnboardingId>,
    pub reason: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// What the audit is narrowed to; all that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub staff: Option<StaffId>,
    pub action: Option<String>,
    pub onboarding: Option<OnboardingId>,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

/// Newest first.
#[derive(Debug, Default)]
pub struct AuditPage {
    pub lines: Vec<AuditLine>,
    /// The line after which the next page begins.
    pub next: Option<Uuid>,
}

/// Written in the transaction that does it.
pub(in crate::store) async fn insert(
    session: &mut PgConnection,
    actor: &Actor,
    act: &Act,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO audit (audit_id, at, actor, staff_id, action, object, onboarding_id, reason,
                            before, after)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        Uuid::now_v7(),
        at,
        actor.name,
        actor.staff.map(|id| id.0),
        act.action,
        act.object,
        act.onboarding.map(|id| id.0),
        act.reason,
        act.before,
        act.after,
    )
    .execute(session)
    .await?;
    Ok(())
}

impl Store {
    /// Lines before the one named, newest first.
    pub async fn list_audit(
        &self,
        filter: &AuditFilter,
        before: Option<Uuid>,
        limit: u16,
    ) -> Result<AuditPage, Error> {
        let asking = sqlx::query!(
            "SELECT audit_id, at, actor, action, object, onboarding_id, reason, before, after
             FROM audit
             WHERE ($1::uuid IS NULL OR staff_id = $1)
               AND ($2::text IS NULL OR action = $2)
               AND ($3::uuid IS NULL OR onboarding_id = $3)
               AND ($4::timestamptz IS NULL OR at >= $4)
               AND ($5::timestamptz IS NULL OR at < $5)
               AND audit_id < coalesce($6, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
             ORDER BY audit_id DESC LIMIT $7",
            filter.staff.map(|id| id.0),
            filter.action,
            filter.onboarding.map(|id| id.0),
            filter.from,
            filter.until,
            before,
            i64::from(limit) + 1,
        )
        .fetch_all(&self.pool);
        let rows = self.within(asking).await?;
        let mut lines: Vec<_> = rows
            .into_iter()
            .map(|row| AuditLine {
                id: row.audit_id,
                at: row.at,
                actor: row.actor,
                action: row.action,
                object: row.object,
                onboarding: row.onboarding_id.map(OnboardingId),
                reason: row.reason,
                before: row.before,
                after: row.after,
            })
            .collect();
        let more = lines.len() > usize::from(limit);
        lines.truncate(limit.into());
        let next = lines.last().filter(|_| more).map(|line| line.id);
        Ok(AuditPage { lines, next })
    }
}
