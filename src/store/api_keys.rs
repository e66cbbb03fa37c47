//! The integrator's keys. The key itself is seen once, by whoever makes it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Error, Store};
use crate::ids::ApiKeyId;
use crate::secret::{Secret, digest, random_token};

/// A key that is known and not revoked.
#[derive(Debug, Clone)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Makes a key. The text in the answer is kept nowhere.
    pub async fn create_api_key(&self, name: &str) -> Result<(ApiKey, Secret), Error> {
        let key = format!("gwk_{}", random_token());
        let id = ApiKeyId(Uuid::now_v7());
        let created_at = self.clock.now();
        let asking = sqlx::query!(
            "INSERT INTO api_key (api_key_id, name, digest, created_at) VALUES ($1, $2, $3, $4)",
            id.0,
            name,
            digest(&key),
            created_at,
        )
        .execute(&self.pool);
        self.within(asking).await?;
        Ok((ApiKey { id, name: name.to_owned(), created_at }, Secret::from(key)))
    }

    /// Looks a key up by its digest: the comparison leaks nothing about a key that is not known.
    pub async fn find_api_key(&self, key: &str) -> Result<Option<ApiKey>, Error> {
        let asking = sqlx::query!(
            "SELECT api_key_id, name, created_at FROM api_key
             WHERE digest = $1 AND revoked_at IS NULL",
            digest(key),
        )
        .fetch_optional(&self.pool);
        let row = self.within(asking).await?;
        Ok(row.map(|row| ApiKey {
            id: ApiKeyId(row.api_key_id),
            name: row.name,
            created_at: row.created_at,
        }))
    }

    /// Ends all keys of that name. Says how many.
    pub async fn revoke_api_keys(&self, name: &str) -> Result<u64, Error> {
        let asking = sqlx::query!(
            "UPDATE api_key SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL",
            name,
            self.clock.now(),
        )
        .execute(&self.pool);
        let done = self.within(asking).await?;
        Ok(done.rows_affected())
    }
}
