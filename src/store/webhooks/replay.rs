//! Messages for one endpoint alone: for a test, or because they are wanted again.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::orders::NewMessage;
use crate::ids::EndpointId;

/// Most messages that one replay queues.
const MOST_REPLAYED: i64 = 10_000;

pub(super) async fn send(
    tx: &mut PgConnection,
    id: EndpointId,
    message: &NewMessage,
    now: DateTime<Utc>,
    database_now: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH message AS (
             INSERT INTO webhook_message (message_id, kind, at, body, link_generation)
             VALUES ($2, $3, $4, $5, 0)
         )
         INSERT INTO webhook_delivery (endpoint_id, message_id, state, tries, attempts, due_at)
         VALUES ($1, $2, 'pending', 0, 0, coalesce($6, now()))",
        id.0,
        message.id,
        message.kind,
        now,
        message.body,
        database_now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What waits for its next attempt is sent now; what is being sent is left as it is.
pub(super) async fn replay(
    tx: &mut PgConnection,
    id: EndpointId,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    failed_only: bool,
    database_now: Option<DateTime<Utc>>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "INSERT INTO webhook_delivery AS d (endpoint_id, message_id, onboarding_id, sequence,
                                            state, tries, attempts, due_at)
         SELECT e.endpoint_id, m.message_id, m.onboarding_id, m.sequence, 'pending', 0, 0,
                coalesce($6, now())
         FROM webhook_endpoint e
         JOIN webhook_message m ON m.at >= $2 AND m.at < $3
         LEFT JOIN webhook_delivery k
             ON k.endpoint_id = e.endpoint_id AND k.message_id = m.message_id
         WHERE e.endpoint_id = $1
           AND (k.state IS NOT NULL OR m.onboarding_id IS NOT NULL)
           AND (k.state IS NOT NULL OR cardinality(e.events) = 0 OR m.kind = ANY (e.events))
           AND (k.state IS NULL OR k.state <> 'delivered' OR NOT $4)
         ORDER BY m.at, m.message_id
         LIMIT $5
         ON CONFLICT (endpoint_id, message_id) DO UPDATE
             SET state = 'pending', tries = 0, due_at = excluded.due_at
             WHERE d.lease_token IS NULL",
        id.0,
        since,
        until,
        failed_only,
        MOST_REPLAYED,
        database_now,
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected())
}

/// One that waits for its next attempt is sent now; one that is being sent is left alone.
pub(super) async fn replay_one(
    tx: &mut PgConnection,
    id: EndpointId,
    message: Uuid,
    database_now: Option<DateTime<Utc>>,
) -> Result<bool, sqlx::Error> {
    let known = sqlx::query_scalar!(
        "SELECT state FROM webhook_delivery WHERE endpoint_id = $1 AND message_id = $2",
        id.0,
        message,
    )
    .fetch_optional(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE webhook_delivery SET state = 'pending', tries = 0, due_at = coalesce($3, now())
         WHERE endpoint_id = $1 AND message_id = $2 AND lease_token IS NULL",
        id.0,
        message,
        database_now,
    )
    .execute(tx)
    .await?;
    Ok(known.is_some())
}
