//! From the outbox to every endpoint that wants to hear of it, once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::endpoints::{Endpoint, read};
use crate::ids::{EndpointId, OnboardingId};
use crate::onboarding::Onboarding;
use crate::store::row::Row;
use crate::store::trouble::again;
use crate::store::{Error, Store};

/// Names the lock of whoever spreads: one at a time, so that messages stay in order.
const SPREADING: i64 = 0x6761_6e67_7761_7901;
/// Rows that nobody wants to hear of, thrown away at once.
const MOST_UNHEARD: i64 = 5000;

/// What happened, with all that there is to tell of it.
#[derive(Debug)]
pub struct Told<'a> {
    pub kind: &'a str,
    pub at: DateTime<Utc>,
    pub sequence: i64,
    pub about: About<'a>,
}

#[derive(Debug)]
pub enum About<'a> {
    Onboarding(&'a Onboarding),
    Endpoint(&'a Endpoint),
}

/// What a round of spreading found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// So many were told, and there may be more.
    More(usize),
    /// All is told.
    All(usize),
    /// Somebody else is at it.
    Busy,
    /// There is no endpoint.
    Unheard,
}

struct OutboxRow {
    outbox_id: i64,
    onboarding_id: Uuid,
    version: i64,
    kind: String,
    at: DateTime<Utc>,
}

#[derive(Default)]
struct MessageColumns {
    id: Vec<Uuid>,
    onboarding: Vec<Option<Uuid>>,
    sequence: Vec<Option<i64>>,
    kind: Vec<String>,
    at: Vec<DateTime<Utc>>,
    body: Vec<String>,
    generation: Vec<i32>,
}

impl Store {
    /// Takes up to `limit` rows off the outbox and queues them for every endpoint. `render` spells
    /// the body out, with placeholders for links.
    pub async fn spread(
        &self,
        limit: usize,
        render: &(dyn Fn(&Told<'_>) -> String + Send + Sync),
    ) -> Result<Spread, Error> {
        self.within(again(|| self.try_spread(limit, render))).await
    }

    async fn try_spread(
        &self,
        limit: usize,
        render: &(dyn Fn(&Told<'_>) -> String + Send + Sync),
    ) -> Result<Spread, Error> {
        let mut tx = self.pool.begin().await?;
        let free = sqlx::query_scalar!("SELECT pg_try_advisory_xact_lock($1)", SPREADING)
            .fetch_one(&mut *tx)
            .await?;
        if free != Some(true) {
            return Ok(Spread::Busy);
        }
        let heard = sqlx::query_scalar!(
            "SELECT EXISTS (SELECT FROM webhook_endpoint WHERE deleted_at IS NULL)"
        )
        .fetch_one(&mut *tx)
        .await?;
        if heard != Some(true) {
            throw_away(&mut tx).await?;
            tx.commit().await?;
            return Ok(Spread::Unheard);
        }
        let rows = sqlx::query_as!(
            OutboxRow,
            "SELECT outbox_id, onboarding_id, version, kind, at FROM outbox
             ORDER BY outbox_id LIMIT $1",
            i64::try_from(limit).unwrap_or(i64::MAX),
        )
        .fetch_all(&mut *tx)
        .await?;
        if rows.is_empty() {
            return Ok(Spread::All(0));
        }
        let messages = compose(&mut tx, &rows, render).await?;
        queue(&mut tx, &messages, self.clock.for_database()).await?;
        let done: Vec<_> = rows.iter().map(|row| row.outbox_id).collect();
        sqlx::query!("DELETE FROM outbox WHERE outbox_id = ANY ($1)", &done)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        let count = rows.len();
        Ok(if count == limit { Spread::More(count) } else { Spread::All(count) })
    }

    /// Forgets what is older than `keep`, a bounded number at a time. Says how many messages.
    pub async fn forget_messages(&self, keep: TimeDelta) -> Result<u64, Error> {
        let before = self.clock.now() - keep;
        let asking = sqlx::query!(
            "WITH old AS MATERIALIZED (
                 SELECT message_id FROM webhook_message
                 WHERE at < $1 ORDER BY at, message_id LIMIT 500
             ),
             attempt AS (
                 DELETE FROM webhook_attempt a USING old, webhook_endpoint e
                 WHERE a.endpoint_id = e.endpoint_id AND a.message_id = old.message_id
             ),
             delivery AS (
                 DELETE FROM webhook_delivery d USING old, webhook_endpoint e
                 WHERE d.endpoint_id = e.endpoint_id AND d.message_id = old.message_id
             ),
             -- Whatever was told to it is gone by now.
             endpoint AS (
                 DELETE FROM webhook_endpoint WHERE deleted_at < $1
                   AND NOT EXISTS (SELECT FROM old)
             )
             DELETE FROM webhook_message m USING old WHERE m.message_id = old.message_id",
            before,
        )
        .execute(&self.pool);
        Ok(self.within(asking).await?.rows_affected())
    }
}

async fn throw_away(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM outbox WHERE outbox_id IN (
             SELECT outbox_id FROM outbox ORDER BY outbox_id LIMIT $1)",
        MOST_UNHEARD,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn compose(
    tx: &mut PgConnection,
    rows: &[OutboxRow],
    render: &(dyn Fn(&Told<'_>) -> String + Send + Sync),
) -> Result<MessageColumns, Error> {
    let ids: Vec<_> = rows.iter().map(|row| row.onboarding_id).collect();
    let found =
        sqlx::query_as!(Row, "SELECT * FROM onboarding WHERE onboarding_id = ANY ($1)", &ids)
            .fetch_all(&mut *tx)
            .await?;
    let mut onboardings = HashMap::new();
    for row in found {
        let id = row.onboarding_id;
        match Onboarding::try_from(row) {
            Ok(onboarding) => drop(onboardings.insert(id, onboarding)),
            // That one cannot be told of; the others can.
            Err(error) => tracing::error!(%error, "an onboarding cannot be told of"),
        }
    }
    let mut messages = MessageColumns::default();
    for row in rows {
        let (kind, at, sequence) = (&*row.kind, row.at, row.version);
        if let Some(onboarding) = onboardings.get(&row.onboarding_id) {
            let about = About::Onboarding(onboarding);
            let body = render(&Told { kind, at, sequence, about });
            messages.push(row, Some(onboarding), body);
        } else if let Some(endpoint) = read(tx, EndpointId(row.onboarding_id)).await? {
            let about = About::Endpoint(&endpoint);
            let body = render(&Told { kind, at, sequence, about });
            messages.push(row, None, body);
        }
    }
    Ok(messages)
}

impl MessageColumns {
    fn push(&mut self, row: &OutboxRow, onboarding: Option<&Onboarding>, body: String) {
        let id: Option<OnboardingId> = onboarding.map(|onboarding| onboarding.id);
        self.id.push(Uuid::now_v7());
        self.onboarding.push(id.map(|id| id.0));
        self.sequence.push(id.map(|_| row.version));
        self.kind.push(row.kind.clone());
        self.at.push(row.at);
        self.body.push(body);
        self.generation.push(onboarding.map_or(0, |onboarding| onboarding.link.generation));
    }
}

async fn queue(
    tx: &mut PgConnection,
    messages: &MessageColumns,
    database_now: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        WITH message AS MATERIALIZED (
            SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[], $4::text[],
                                 $5::timestamptz[], $6::text[], $7::integer[])
                AS m (message_id, onboarding_id, sequence, kind, at, body, link_generation)
        ),
        kept AS (
            INSERT INTO webhook_message
                (message_id, onboarding_id, sequence, kind, at, body, link_generation)
            SELECT message_id, onboarding_id, sequence, kind, at, body, link_generation
            FROM message
        )
        INSERT INTO webhook_delivery
            (endpoint_id, message_id, onboarding_id, sequence, state, tries, attempts, due_at)
        SELECT e.endpoint_id, m.message_id, m.onboarding_id, m.sequence, 'pending', 0, 0,
               coalesce($8, now())
        FROM message m
        CROSS JOIN webhook_endpoint e
        WHERE e.deleted_at IS NULL AND e.disabled_at IS NULL
          AND (cardinality(e.events) = 0 OR m.kind = ANY (e.events))
        "#,
        &messages.id,
        &messages.onboarding as _,
        &messages.sequence as _,
        &messages.kind,
        &messages.at,
        &messages.body,
        &messages.generation,
        database_now,
    )
    .execute(tx)
    .await?;
    Ok(())
}
