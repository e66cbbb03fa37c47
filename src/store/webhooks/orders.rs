//! What may be ordered of endpoints. Each order and the answer to it are one transaction.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::endpoints::{Endpoint, SealedSecret, read};
use super::replay::{replay, replay_one, send};
use crate::ids::EndpointId;
use crate::store::answers::{find_answer, keep_answer};
use crate::store::staff::insert_act;
use crate::store::trouble::again;
use crate::store::{Act, Actor, Answer, Error, IdempotencyKey, OnceError, Store};

/// Most endpoints at a time: each may have its connections open in every process.
const MOST_ENDPOINTS: i64 = 50;
/// Names the lock of whoever makes one.
const MAKING: i64 = 0x6761_6e67_7761_7902;

/// What the integrator says of an endpoint.
#[derive(Debug, Clone)]
pub struct EndpointText {
    pub url: String,
    pub description: String,
    pub events: Vec<String>,
}

/// A message that is told to one endpoint only.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub id: Uuid,
    pub kind: String,
    pub body: String,
}

#[derive(Debug, Clone)]
pub enum EndpointOrder {
    Create {
        id: EndpointId,
        text: EndpointText,
        secret: SealedSecret,
    },
    Update {
        id: EndpointId,
        text: EndpointText,
    },
    Delete {
        id: EndpointId,
    },
    Enable {
        id: EndpointId,
    },
    Disable {
        id: EndpointId,
    },
    /// The secrets before it stay good for a while.
    Rotate {
        id: EndpointId,
        secret: SealedSecret,
        overlap: TimeDelta,
    },
    Send {
        id: EndpointId,
        message: NewMessage,
    },
    /// Queues what was told in this stretch of time again, or for the first time.
    Replay {
        id: EndpointId,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        failed_only: bool,
    },
    /// Queues one delivery again.
    ReplayOne {
        id: EndpointId,
        message: Uuid,
    },
}

/// What came of an order.
#[derive(Debug, Clone)]
pub enum OrderOutcome {
    Stands(Endpoint),
    Deleted,
    Queued(u64),
    Unknown,
    TooMany,
}

/// Makes the answer: its status, its body, and the body as it is kept.
pub type OrderRender<'a> = &'a (dyn Fn(&OrderOutcome) -> (u16, String, String) + Send + Sync);

#[derive(Debug, Clone)]
pub enum OrderedAnswer {
    Fresh {
        status: u16,
        body: String,
    },
    /// The same request was answered before.
    Earlier {
        status: u16,
        kept: String,
    },
}

impl Store {
    pub async fn order_endpoint(
        &self,
        order: &EndpointOrder,
        key: Option<&IdempotencyKey>,
        render: OrderRender<'_>,
    ) -> Result<OrderedAnswer, OnceError> {
        self.within(again(|| self.try_order_endpoint(order, key, render))).await
    }

    async fn try_order_endpoint(
        &self,
        order: &EndpointOrder,
        key: Option<&IdempotencyKey>,
        render: OrderRender<'_>,
    ) -> Result<OrderedAnswer, OnceError> {
        let mut tx = self.pool.begin().await?;
        if let Some(key) = key
            && let Some(answer) = find_answer(&mut tx, key).await?
        {
            return Ok(OrderedAnswer::Earlier { status: answer.status, kept: answer.body });
        }
        let now = self.clock.now();
        let outcome = carry_out(&mut tx, order, now, self.clock.for_database()).await?;
        let (status, body, kept) = render(&outcome);
        let done = !matches!(outcome, OrderOutcome::Unknown | OrderOutcome::TooMany);
        if let Some(key) = key
            && done
        {
            let answer = Answer { status, body: kept, shows: None };
            keep_answer(&mut tx, key, &answer, now).await?;
        }
        tx.commit().await?;
        Ok(OrderedAnswer::Fresh { status, body })
    }
}

impl Store {
    /// Carries out an order that staff give, with their line in the audit. Says whether there was anything to
    /// do it to.
    pub async fn order_endpoint_by_staff(
        &self,
        order: &EndpointOrder,
        (actor, act): (&Actor, &Act),
    ) -> Result<bool, Error> {
        let now = self.clock.now();
        let work = async {
            let mut tx = self.pool.begin().await?;
            match carry_out(&mut tx, order, now, self.clock.for_database()).await? {
                OrderOutcome::Unknown | OrderOutcome::TooMany | OrderOutcome::Queued(0) => {
                    return Ok(false);
                }
                OrderOutcome::Stands(_) | OrderOutcome::Deleted | OrderOutcome::Queued(1..) => {}
            }
            insert_act(&mut tx, actor, act, now).await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>(true)
        };
        Ok(self.within(work).await?)
    }
}

async fn carry_out(
    tx: &mut PgConnection,
    order: &EndpointOrder,
    now: DateTime<Utc>,
    database_now: Option<DateTime<Utc>>,
) -> Result<OrderOutcome, sqlx::Error> {
    let id = match order {
        EndpointOrder::Create { id, text, secret } => {
            if !insert(tx, *id, text, now).await? {
                return Ok(OrderOutcome::TooMany);
            }
            insert_secret(tx, *id, secret, now).await?;
            *id
        }
        EndpointOrder::Update { id, .. }
        | EndpointOrder::Delete { id }
        | EndpointOrder::Enable { id }
        | EndpointOrder::Disable { id }
        | EndpointOrder::Rotate { id, .. }
        | EndpointOrder::Send { id, .. }
        | EndpointOrder::Replay { id, .. }
        | EndpointOrder::ReplayOne { id, .. } => {
            if !lock(tx, *id).await? {
                return Ok(OrderOutcome::Unknown);
            }
            if let Some(outcome) = change(tx, order, now, database_now).await? {
                return Ok(outcome);
            }
            *id
        }
    };
    Ok(read(tx, id).await?.map_or(OrderOutcome::Unknown, OrderOutcome::Stands))
}

/// `None`: the endpoint as it stands then is the outcome.
async fn change(
    tx: &mut PgConnection,
    order: &EndpointOrder,
    now: DateTime<Utc>,
    database_now: Option<DateTime<Utc>>,
) -> Result<Option<OrderOutcome>, sqlx::Error> {
    match order {
        EndpointOrder::Create { .. } => Ok(None),
        EndpointOrder::Update { id, text } => update(tx, *id, text).await.map(|()| None),
        EndpointOrder::Enable { id } => switch(tx, *id, None).await.map(|()| None),
        EndpointOrder::Disable { id } => switch(tx, *id, Some(now)).await.map(|()| None),
        EndpointOrder::Delete { id } => {
            delete(tx, *id, now).await?;
            Ok(Some(OrderOutcome::Deleted))
        }
        EndpointOrder::Rotate { id, secret, overlap } => {
            expire_secrets(tx, *id, now + *overlap).await?;
            insert_secret(tx, *id, secret, now).await?;
            Ok(None)
        }
        EndpointOrder::Send { id, message } => {
            send(tx, *id, message, now, database_now).await?;
            Ok(Some(OrderOutcome::Queued(1)))
        }
        EndpointOrder::Replay { id, since, until, failed_only } => {
            let count = replay(tx, *id, (*since, *until), *failed_only, database_now).await?;
            Ok(Some(OrderOutcome::Queued(count)))
        }
        EndpointOrder::ReplayOne { id, message } => {
            let known = replay_one(tx, *id, *message, database_now).await?;
            Ok(Some(if known { OrderOutcome::Queued(1) } else { OrderOutcome::Unknown }))
        }
    }
}

/// One order about an endpoint after the other.
async fn lock(tx: &mut PgConnection, id: EndpointId) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "SELECT endpoint_id FROM webhook_endpoint
         WHERE endpoint_id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
        id.0,
    )
    .fetch_optional(tx)
    .await?;
    Ok(found.is_some())
}

async fn insert(
    tx: &mut PgConnection,
    id: EndpointId,
    text: &EndpointText,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    // Those that are made at the same time count too: one after the other.
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", MAKING).fetch_one(&mut *tx).await?;
    let done = sqlx::query!(
        "INSERT INTO webhook_endpoint (endpoint_id, url, description, events, created_at)
         SELECT $1, $2, $3, $4, $5
         WHERE (SELECT count(*) FROM webhook_endpoint WHERE deleted_at IS NULL) < $6",
        id.0,
        text.url,
        text.description,
        &text.events,
        now,
        MOST_ENDPOINTS,
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn insert_secret(
    tx: &mut PgConnection,
    id: EndpointId,
    secret: &SealedSecret,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO webhook_secret (endpoint_id, secret_id, sealed, created_at)
         VALUES ($1, $2, $3, $4)",
        id.0,
        secret.id,
        secret.sealed,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// An earlier end stays as it is.
async fn expire_secrets(
    tx: &mut PgConnection,
    id: EndpointId,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook_secret SET expires_at = least(coalesce(expires_at, $2), $2)
         WHERE endpoint_id = $1",
        id.0,
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn update(
    tx: &mut PgConnection,
    id: EndpointId,
    text: &EndpointText,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook_endpoint SET url = $2, description = $3, events = $4,
             -- What was said of another address says nothing of this one.
             failing_since = CASE WHEN url = $2 THEN failing_since END,
             held_until = CASE WHEN url = $2 THEN held_until END
         WHERE endpoint_id = $1",
        id.0,
        text.url,
        text.description,
        &text.events,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Disables an endpoint by order, unless it is disabled already; `None` enables it.
async fn switch(
    tx: &mut PgConnection,
    id: EndpointId,
    disabled_at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook_endpoint
         SET disabled_at = $2,
             disabled_because = CASE WHEN $2::timestamptz IS NOT NULL THEN 'ordered' END,
             failing_since = NULL, held_until = NULL
         WHERE endpoint_id = $1 AND (disabled_at IS NULL) <> ($2::timestamptz IS NULL)",
        id.0,
        disabled_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn delete(
    tx: &mut PgConnection,
    id: EndpointId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE webhook_endpoint SET deleted_at = $2 WHERE endpoint_id = $1", id.0, now)
        .execute(&mut *tx)
        .await?;
    sqlx::query!("DELETE FROM webhook_secret WHERE endpoint_id = $1", id.0).execute(tx).await?;
    Ok(())
}
