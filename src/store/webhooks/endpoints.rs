//! Endpoints as they stand.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ids::EndpointId;
use crate::store::{Error, Store};

/// Where the integrator wants to be told of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub id: EndpointId,
    pub url: String,
    pub description: String,
    /// Kinds of events; empty: all.
    pub events: Vec<String>,
    pub created_at: DateTime<Utc>,
    /// Since when and why nothing is sent to it.
    pub disabled: Option<(DateTime<Utc>, String)>,
    pub failing_since: Option<DateTime<Utc>>,
}

/// A secret as it is kept. Only a key outside of the database opens it.
#[derive(Debug, Clone)]
pub struct SealedSecret {
    pub id: Uuid,
    pub sealed: Vec<u8>,
}

/// The columns of `webhook_endpoint` that are shown.
pub(super) struct EndpointRow {
    pub(super) endpoint_id: Uuid,
    pub(super) url: String,
    pub(super) description: String,
    pub(super) events: Vec<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) disabled_at: Option<DateTime<Utc>>,
    pub(super) disabled_because: Option<String>,
    pub(super) failing_since: Option<DateTime<Utc>>,
}

impl From<EndpointRow> for Endpoint {
    fn from(row: EndpointRow) -> Self {
        Self {
            id: EndpointId(row.endpoint_id),
            url: row.url,
            description: row.description,
            events: row.events,
            created_at: row.created_at,
            disabled: row.disabled_at.zip(row.disabled_because),
            failing_since: row.failing_since,
        }
    }
}

impl Store {
    /// All endpoints, oldest first. There are few: their number is limited.
    pub async fn list_endpoints(&self) -> Result<Vec<Endpoint>, Error> {
        let asking = sqlx::query_as!(
            EndpointRow,
            "SELECT endpoint_id, url, description, events, created_at, disabled_at,
                    disabled_because, failing_since
             FROM webhook_endpoint WHERE deleted_at IS NULL ORDER BY endpoint_id"
        )
        .fetch_all(&self.pool);
        Ok(self.within(asking).await?.into_iter().map(Endpoint::from).collect())
    }

    pub async fn find_endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, Error> {
        self.within(async {
            let mut session = self.pool.acquire().await?;
            Ok(read(&mut session, id).await?)
        })
        .await
    }
}

pub(super) async fn read(
    session: &mut sqlx::PgConnection,
    id: EndpointId,
) -> Result<Option<Endpoint>, sqlx::Error> {
    let row = sqlx::query_as!(
        EndpointRow,
        "SELECT endpoint_id, url, description, events, created_at, disabled_at,
                disabled_because, failing_since
         FROM webhook_endpoint WHERE endpoint_id = $1 AND deleted_at IS NULL",
        id.0,
    )
    .fetch_optional(session)
    .await?;
    Ok(row.map(Endpoint::from))
}
