//! Tries of a person at signing in to a connection.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Error, Store};
use crate::ids::{ConnectorId, OnboardingId};
use crate::secret::digest;

/// A try that is about to begin. Holds what the browser will bring back, in clear.
#[derive(Debug)]
pub struct NewAttempt {
    pub connector: ConnectorId,
    /// The random part of the return address.
    pub token: String,
    /// The browser session that sets out.
    pub session: String,
    pub opened_at: DateTime<Utc>,
    pub closes_at: DateTime<Utc>,
}

/// A try that was found by its return address.
#[derive(Debug, Clone)]
pub struct OpenAttempt {
    pub onboarding: OnboardingId,
    pub connector: ConnectorId,
    session_digest: Vec<u8>,
    pub closes_at: DateTime<Utc>,
}

impl OpenAttempt {
    /// Whether it was this browser session that set out.
    pub fn belongs_to(&self, session: &str) -> bool {
        use subtle::ConstantTimeEq;
        self.session_digest.ct_eq(&digest(session)).into()
    }
}

pub(super) async fn insert(
    tx: &mut sqlx::PgConnection,
    onboarding: OnboardingId,
    attempt: &NewAttempt,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO attempt
             (digest, onboarding_id, connector_id, session_digest, opened_at, closes_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        digest(&attempt.token),
        onboarding.0,
        attempt.connector.0,
        digest(&attempt.session),
        attempt.opened_at,
        attempt.closes_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

struct Row {
    onboarding_id: Uuid,
    connector_id: i64,
    session_digest: Vec<u8>,
    closes_at: DateTime<Utc>,
}

impl From<Row> for OpenAttempt {
    fn from(row: Row) -> Self {
        let Row { onboarding_id, connector_id, session_digest, closes_at } = row;
        let (onboarding, connector) = (OnboardingId(onboarding_id), ConnectorId(connector_id));
        Self { onboarding, connector, session_digest, closes_at }
    }
}

impl Store {
    /// The newest try of a browser session.
    pub async fn find_newest_attempt(&self, session: &str) -> Result<Option<OpenAttempt>, Error> {
        let asking = sqlx::query_as!(
            Row,
            "SELECT onboarding_id, connector_id, session_digest, closes_at
             FROM attempt WHERE session_digest = $1 ORDER BY opened_at DESC LIMIT 1",
            digest(session),
        )
        .fetch_optional(&self.pool);
        Ok(self.within(asking).await?.map(OpenAttempt::from))
    }

    /// `None` for an address that was never given out.
    pub async fn find_attempt(&self, token: &str) -> Result<Option<OpenAttempt>, Error> {
        let asking = sqlx::query_as!(
            Row,
            "SELECT onboarding_id, connector_id, session_digest, closes_at
             FROM attempt WHERE digest = $1",
            digest(token),
        )
        .fetch_optional(&self.pool);
        Ok(self.within(asking).await?.map(OpenAttempt::from))
    }
}
