//! Images of brands.

use super::answers::{find_answer, keep_answer};
use super::trouble::again;
use super::{Answer, Error, IdempotencyKey, OnceError, Store};
use crate::ids::LogoId;

/// An image as it is served.
#[derive(Debug, Clone)]
pub struct Logo {
    pub media_type: String,
    pub image: Vec<u8>,
}

impl Store {
    /// The same image twice is one. Once for each key; `render` makes the answer: its status and its body.
    pub async fn keep_logo_once(
        &self,
        id: &LogoId,
        logo: &Logo,
        key: Option<&IdempotencyKey>,
        render: &(dyn Fn() -> (u16, String) + Send + Sync),
    ) -> Result<Answer, OnceError> {
        self.within(again(|| self.try_keep_logo_once(id, logo, key, render))).await
    }

    async fn try_keep_logo_once(
        &self,
        id: &LogoId,
        logo: &Logo,
        key: Option<&IdempotencyKey>,
        render: &(dyn Fn() -> (u16, String) + Send + Sync),
    ) -> Result<Answer, OnceError> {
        let mut tx = self.pool.begin().await?;
        if let Some(key) = key
            && let Some(answer) = find_answer(&mut tx, key).await?
        {
            return Ok(answer);
        }
        let now = self.clock.now();
        sqlx::query!(
            "INSERT INTO logo (logo_id, media_type, image, uploaded_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT ON CONSTRAINT logo_pkey DO NOTHING",
            id.as_str(),
            logo.media_type,
            logo.image,
            now,
        )
        .execute(&mut *tx)
        .await?;
        let (status, body) = render();
        let answer = Answer { status, body, shows: None };
        if let Some(key) = key {
            keep_answer(&mut tx, key, &answer, now).await?;
        }
        tx.commit().await?;
        Ok(answer)
    }

    pub async fn find_logo(&self, id: &LogoId) -> Result<Option<Logo>, Error> {
        let asking = sqlx::query_as!(
            Logo,
            "SELECT media_type, image FROM logo WHERE logo_id = $1",
            id.as_str()
        )
        .fetch_optional(&self.pool);
        Ok(self.within(asking).await?)
    }
}
