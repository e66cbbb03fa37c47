//! Lines of the journal, to be put away before they go.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::age::{WALKED, WalkPlace, first_id_at};
use crate::store::{Error, Store};

impl Store {
    /// The lines of a stretch of the journal that are older than `before`, with the calls that led to them, in
    /// the order of onboardings; and where to go on, `None` when it is through.
    pub async fn list_journal_before(
        &self,
        after: WalkPlace,
        before: DateTime<Utc>,
    ) -> Result<(Vec<Value>, Option<WalkPlace>), Error> {
        let asking = sqlx::query!(
            r#"
            WITH walked AS MATERIALIZED (
                SELECT * FROM journal
                WHERE (onboarding_id, version) > ($1, $2) AND onboarding_id < $3
                ORDER BY onboarding_id, version
                LIMIT $4
            )
            SELECT onboarding_id AS "id!", version AS "version!",
                   CASE WHEN at < $5 THEN to_jsonb(w) END AS line
            FROM walked w
            ORDER BY onboarding_id, version
            "#,
            after.0,
            after.1,
            first_id_at(before),
            WALKED,
            before,
        )
        .fetch_all(&self.pool);
        let rows = self.within(asking).await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == WALKED);
        let next = rows.last().filter(|_| is_full).map(|last| (last.id, last.version));
        Ok((rows.into_iter().filter_map(|row| row.line).collect(), next))
    }
}
