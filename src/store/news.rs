//! What those are asked about who wait for news.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Error, Store};
use crate::ids::{ApiKeyId, OnboardingId};

impl Store {
    /// How far each of these has come.
    pub async fn list_versions(
        &self,
        ids: &[OnboardingId],
    ) -> Result<Vec<(OnboardingId, i64)>, Error> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let asking = sqlx::query!(
            "SELECT onboarding_id, version FROM onboarding WHERE onboarding_id = ANY ($1)",
            &ids,
        )
        .fetch_all(&self.pool);
        let rows = self.within(asking).await?;
        Ok(rows.into_iter().map(|row| (OnboardingId(row.onboarding_id), row.version)).collect())
    }

    /// Those of these keys that are not revoked.
    pub async fn list_good_keys(&self, ids: &[ApiKeyId]) -> Result<HashSet<ApiKeyId>, Error> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let asking = sqlx::query_scalar!(
            "SELECT api_key_id FROM api_key WHERE api_key_id = ANY ($1) AND revoked_at IS NULL",
            &ids,
        )
        .fetch_all(&self.pool);
        Ok(self.within(asking).await?.into_iter().map(ApiKeyId).collect())
    }
}
