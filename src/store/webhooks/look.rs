//! What was told to an endpoint, and what became of it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ids::{EndpointId, OnboardingId};
use crate::store::{Error, Store};

/// One message on its way to one endpoint, or arrived.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub message: Uuid,
    pub onboarding: Option<Uuid>,
    pub kind: String,
    pub at: DateTime<Utc>,
    pub state: String,
    pub attempts: i32,
    pub due_at: DateTime<Utc>,
    pub under_way: bool,
}

/// A delivery as support sees it beside its onboarding.
#[derive(Debug)]
pub struct ToldDelivery {
    pub endpoint: Uuid,
    pub url: String,
    pub message: Uuid,
    pub kind: String,
    pub at: DateTime<Utc>,
    pub state: String,
    pub attempts: i32,
    pub due_at: DateTime<Utc>,
    /// A process has it in hand.
    pub under_way: bool,
    /// What became of the newest attempt.
    pub outcome: Option<String>,
    pub status: Option<i16>,
}

/// Newest first.
#[derive(Debug)]
pub struct DeliveryPage {
    pub deliveries: Vec<Delivery>,
    pub next: Option<Uuid>,
}

/// An attempt, as it was kept.
#[derive(Debug, Clone)]
pub struct KeptAttempt {
    pub number: i32,
    pub at: DateTime<Utc>,
    pub took_ms: i32,
    pub outcome: String,
    pub status: Option<i16>,
    pub response: Option<String>,
}

/// All there is to know of one delivery.
#[derive(Debug)]
pub struct DeliveryInFull {
    pub delivery: Delivery,
    pub body: String,
    pub link_generation: i32,
    pub attempts: Vec<KeptAttempt>,
}

impl Store {
    /// Up to `limit` deliveries to an endpoint, made before `before`, in a state if one is given.
    pub async fn list_deliveries(
        &self,
        endpoint: EndpointId,
        state: Option<&str>,
        before: Option<Uuid>,
        limit: u16,
    ) -> Result<DeliveryPage, Error> {
        let asking = sqlx::query_as!(
            Delivery,
            r#"
            SELECT d.message_id AS message, d.onboarding_id AS onboarding, m.kind, m.at, d.state,
                   d.attempts, d.due_at, d.lease_token IS NOT NULL AS "under_way!"
            FROM webhook_delivery d
            JOIN webhook_message m ON m.message_id = d.message_id
            WHERE d.endpoint_id = $1 AND d.message_id < $2 AND ($3::text IS NULL OR d.state = $3)
            ORDER BY d.message_id DESC
            LIMIT $4
            "#,
            endpoint.0,
            before.unwrap_or(Uuid::max()),
            state,
            i64::from(limit) + 1,
        )
        .fetch_all(&self.pool);
        let mut deliveries: Vec<Delivery> = self.within(asking).await?;
        let more = deliveries.len() > usize::from(limit);
        deliveries.truncate(limit.into());
        let next = deliveries.last().filter(|_| more).map(|last| last.message);
        Ok(DeliveryPage { deliveries, next })
    }

    /// The newest deliveries about an onboarding, to all endpoints, with the newest attempt of each.
    pub async fn list_deliveries_about(
        &self,
        onboarding: OnboardingId,
        limit: u16,
    ) -> Result<Vec<ToldDelivery>, Error> {
        let asking = sqlx::query_as!(
            ToldDelivery,
            r#"
            SELECT d.endpoint_id AS endpoint, e.url, d.message_id AS message, m.kind, m.at, d.state,
                   d.attempts, d.due_at, d.lease_token IS NOT NULL AS "under_way!",
                   a.outcome AS "outcome?", a.status AS "status?"
            FROM webhook_delivery d
            JOIN webhook_message m ON m.message_id = d.message_id
            JOIN webhook_endpoint e ON e.endpoint_id = d.endpoint_id
            LEFT JOIN webhook_attempt a
                ON a.endpoint_id = d.endpoint_id AND a.message_id = d.message_id
               AND a.number = d.attempts
            WHERE d.onboarding_id = $1
            ORDER BY d.message_id DESC
            LIMIT $2
            "#,
            onboarding.0,
            i64::from(limit),
        )
        .fetch_all(&self.pool);
        Ok(self.within(asking).await?)
    }

    pub async fn find_delivery(
        &self,
        endpoint: EndpointId,
        message: Uuid,
    ) -> Result<Option<DeliveryInFull>, Error> {
        let work = async {
            let row = sqlx::query!(
                r#"
                SELECT d.onboarding_id, m.kind, m.at, d.state, d.attempts, d.due_at,
                       d.lease_token IS NOT NULL AS "under_way!", m.body, m.link_generation
                FROM webhook_delivery d
                JOIN webhook_message m ON m.message_id = d.message_id
                WHERE d.endpoint_id = $1 AND d.message_id = $2
                "#,
                endpoint.0,
                message,
            )
            .fetch_optional(&self.pool)
            .await?;
            let Some(row) = row else { return Ok(None) };
            let attempts = sqlx::query_as!(
                KeptAttempt,
                "SELECT number, at, took_ms, outcome, status, response FROM webhook_attempt
                 WHERE endpoint_id = $1 AND message_id = $2 ORDER BY number",
                endpoint.0,
                message,
            )
            .fetch_all(&self.pool)
            .await?;
            let delivery = Delivery {
                message,
                onboarding: row.onboarding_id,
                kind: row.kind,
                at: row.at,
                state: row.state,
                attempts: row.attempts,
                due_at: row.due_at,
                under_way: row.under_way,
            };
            let (body, link_generation) = (row.body, row.link_generation);
            Ok::<_, Error>(Some(DeliveryInFull { delivery, body, link_generation, attempts }))
        };
        self.within(work).await
    }
}
