//! Images of brands.

use chrono::{DateTime, Utc};

use super::{Error, Store};
use crate::ids::LogoId;

/// An image as it is served.
#[derive(Debug, Clone)]
pub struct Logo {
    pub media_type: String,
    pub image: Vec<u8>,
}

impl Store {
    /// The same image twice is one.
    pub async fn keep_logo(
        &self,
        id: &LogoId,
        logo: &Logo,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let keeping = sqlx::query!(
            "INSERT INTO logo (logo_id, media_type, image, uploaded_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT ON CONSTRAINT logo_pkey DO NOTHING",
            id.as_str(),
            logo.media_type,
            logo.image,
            now,
        )
        .execute(&self.pool);
        self.within(keeping).await?;
        Ok(())
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
