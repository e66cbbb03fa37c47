//! What people have typed and not confirmed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Error, Store};
use crate::ids::OnboardingId;
use crate::onboarding::QuestionKey;

impl Store {
    /// Adds to what is there; the newest of two windows wins, field by field.
    pub async fn save_draft(
        &self,
        id: OnboardingId,
        answers: &BTreeMap<QuestionKey, String>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let answers = serde_json::to_value(answers).unwrap_or_default();
        let saving = sqlx::query!(
            "INSERT INTO draft AS d (onboarding_id, answers, updated_at) VALUES ($1, $2, $3)
             ON CONFLICT ON CONSTRAINT draft_pkey
             DO UPDATE SET answers = d.answers || excluded.answers, updated_at = excluded.updated_at",
            id.0,
            answers,
            now,
        )
        .execute(&self.pool);
        self.within(saving).await?;
        Ok(())
    }

    /// Empty where there is none.
    pub async fn find_draft(
        &self,
        id: OnboardingId,
    ) -> Result<BTreeMap<QuestionKey, String>, Error> {
        let asking =
            sqlx::query_scalar!("SELECT answers FROM draft WHERE onboarding_id = $1", id.0)
                .fetch_optional(&self.pool);
        let Some(answers) = self.within(asking).await? else { return Ok(BTreeMap::new()) };
        serde_json::from_value(answers).map_err(|_| Error::inconsistent("draft", "answers", id.0))
    }

    pub async fn drop_draft(&self, id: OnboardingId) -> Result<(), Error> {
        let dropping = sqlx::query!("DELETE FROM draft WHERE onboarding_id = $1", id.0);
        self.within(dropping.execute(&self.pool)).await?;
        Ok(())
    }
}
