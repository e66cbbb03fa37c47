//! What happened to an onboarding, in order.

use chrono::{DateTime, Utc};

use super::{Error, Store};
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
}

impl Store {
    /// Oldest first, at most 1,000 lines.
    pub async fn list_journal(&self, id: OnboardingId) -> Result<Vec<JournalLine>, Error> {
        let asking = sqlx::query!(
            "SELECT version, at, actor, kind, status, step, detail FROM journal
             WHERE onboarding_id = $1 ORDER BY version LIMIT 1000",
            id.0,
        )
        .fetch_all(&self.pool);
        let rows = self.within(asking).await?;
        let lines = rows.into_iter().map(|row| {
            let mut detail = row.detail;
            if let Some(fields) = detail.as_object_mut() {
                fields.insert("kind".to_owned(), row.kind.into());
            }
            let event = serde_json::from_value(detail)
                .map_err(|_| Error::inconsistent("journal", "detail", id))?;
            Ok(JournalLine {
                version: row.version,
                at: row.at,
                actor: row.actor,
                status: row.status,
                step: row.step,
                event,
            })
        });
        lines.collect()
    }
}
