//! Secrets as they are kept, for whoever brings them under another key.

use uuid::Uuid;

use super::endpoints::SealedSecret;
use crate::ids::EndpointId;
use crate::store::{Error, Store};

impl Store {
    /// Up to `limit` secrets after the one named, in the order of their keys.
    pub async fn list_sealed_secrets(
        &self,
        after: Option<(EndpointId, Uuid)>,
        limit: u16,
    ) -> Result<Vec<(EndpointId, SealedSecret)>, Error> {
        let (endpoint, secret) =
            after.map_or((Uuid::nil(), Uuid::nil()), |(endpoint, secret)| (endpoint.0, secret));
        let asking = sqlx::query!(
            "SELECT endpoint_id, secret_id, sealed FROM webhook_secret
             WHERE (endpoint_id, secret_id) > ($1, $2)
             ORDER BY endpoint_id, secret_id LIMIT $3",
            endpoint,
            secret,
            i64::from(limit),
        )
        .fetch_all(&self.pool);
        let rows = self.within(asking).await?.into_iter();
        let secrets = rows.map(|row| {
            let secret = SealedSecret { id: row.secret_id, sealed: row.sealed };
            (EndpointId(row.endpoint_id), secret)
        });
        Ok(secrets.collect())
    }

    /// Puts another form of the same secret in its place, unless it was replaced or removed meanwhile.
    pub async fn replace_sealed_secret(
        &self,
        endpoint: EndpointId,
        was: &SealedSecret,
        sealed: &[u8],
    ) -> Result<bool, Error> {
        let replacing = sqlx::query!(
            "UPDATE webhook_secret SET sealed = $4
             WHERE endpoint_id = $1 AND secret_id = $2 AND sealed = $3",
            endpoint.0,
            was.id,
            was.sealed,
            sealed,
        )
        .execute(&self.pool);
        Ok(self.within(replacing).await?.rows_affected() == 1)
    }
}
