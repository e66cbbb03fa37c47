//! What happened to an onboarding, in order.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::calls::{self, KeptCall};
use super::{Error, Sight, Store};
use crate::ids::OnboardingId;
use crate::onboarding::Event;

/// One kept change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLine {
    pub version: i64,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub status: String,
    pub step: String,
    pub event: Event,
    /// The calls to Cyclr that led to it.
    pub calls: Vec<KeptCall>,
}

struct LineRow {
    version: i64,
    at: DateTime<Utc>,
    actor: String,
    kind: String,
    status: String,
    step: String,
    detail: Value,
    calls: Option<Value>,
}

impl LineRow {
    fn read(self, id: OnboardingId) -> Result<JournalLine, Error> {
        let wrong = |column| Error::inconsistent("journal", column, id);
        let mut detail = self.detail;
        if let Some(fields) = detail.as_object_mut() {
            fields.insert("kind".to_owned(), self.kind.into());
        }
        let event = serde_json::from_value(detail).map_err(|_| wrong("detail"))?;
        let calls = match self.calls {
            Some(kept) => calls::read(kept, self.at).ok_or_else(|| wrong("calls"))?,
            None => Vec::new(),
        };
        Ok(JournalLine {
            version: self.version,
            at: self.at,
            actor: self.actor,
            status: self.status,
            step: self.step,
            event,
            calls,
        })
    }
}

/// How much of a timeline is read at once: that of a live one grows for years.
pub const NEWEST_LINES: i64 = 1_000;

impl Store {
    /// The newest lines, at most [`NEWEST_LINES`], oldest first.
    pub async fn list_journal(&self, id: OnboardingId) -> Result<Vec<JournalLine>, Error> {
        let asking = sqlx::query_as!(
            LineRow,
            "SELECT j.version, j.at, j.actor, j.kind, j.status, j.step, j.detail, j.calls
             FROM journal j
             WHERE j.onboarding_id = $1
             ORDER BY j.version DESC LIMIT $2",
            id.0,
            NEWEST_LINES,
        )
        .fetch_all(&self.pool);
        self.within(asking).await?.into_iter().rev().map(|row| row.read(id)).collect()
    }

    /// Up to `limit` lines of later versions than `after`, oldest first, for somebody who may not see
    /// everything.
    pub async fn list_journal_after(
        &self,
        id: OnboardingId,
        sight: &Sight,
        after: i64,
        limit: u16,
    ) -> Result<Vec<JournalLine>, Error> {
        let keys = sight.keys();
        let asking = sqlx::query_as!(
            LineRow,
            "SELECT j.version, j.at, j.actor, j.kind, j.status, j.step, j.detail, j.calls
             FROM journal j
             WHERE j.onboarding_id = $1 AND j.version > $2
               AND ($3::text[] IS NULL OR EXISTS (
                   SELECT FROM onboarding o
                   WHERE o.onboarding_id = $1 AND o.blueprint_key = ANY ($3)))
             ORDER BY j.version LIMIT $4",
            id.0,
            after,
            keys.as_deref(),
            i64::from(limit),
        )
        .fetch_all(&self.pool);
        self.within(asking).await?.into_iter().map(|row| row.read(id)).collect()
    }
}
