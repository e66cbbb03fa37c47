//! Answers already given, so that a request that comes again is carried out once.
//!
//! Whoever carries out such a request does so in one transaction: [`find_answer`], which also waits
//! for the same request if it is under way; then the work; then [`keep_answer`]. Only what was done
//! is kept: a refusal has changed nothing, and the same request may be good later.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::trouble::{Failure, Trouble};
use super::{Error, Store};
use crate::ids::{ApiKeyId, OnboardingId};
use crate::onboarding::Onboarding;

/// Most answers that are forgotten in one statement.
const MOST_FORGOTTEN: i64 = 500;

/// The caller's own name for a request, so that a repetition is known as one.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    pub owner: ApiKeyId,
    pub key: String,
    /// SHA-256 of what was asked.
    pub request_digest: Vec<u8>,
}

/// What was answered. Holds a placeholder where a link's address was shown; a body that shows a
/// secret is sealed by whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    pub shows: Option<Shown>,
}

/// The onboarding that an answer shows, and its link at that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub onboarding: OnboardingId,
    pub link_generation: i32,
}

impl Shown {
    pub fn of(onboarding: &Onboarding) -> Self {
        Self { onboarding: onboarding.id, link_generation: onboarding.link.generation }
    }
}

/// Why a request that may come again was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OnceError {
    #[error("the same idempotency key was used for another request")]
    KeyReused,
    /// The same request is being carried out, and that takes longer than anybody waits for it.
    #[error("the same request is under way")]
    InFlight,
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<sqlx::Error> for OnceError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Failure for OnceError {
    fn trouble(&self) -> Trouble {
        match self {
            Self::KeyReused | Self::InFlight => Trouble::Ours,
            // Starts that are kept together do not wait for each other: the next look finds theirs.
            Self::Store(Error::Database(error)) if names(error, "idempotency_pkey") => {
                Trouble::Again
            }
            Self::Store(error) => error.trouble(),
        }
    }
}

fn names(error: &sqlx::Error, constraint: &str) -> bool {
    error.as_database_error().and_then(|error| error.constraint()) == Some(constraint)
}

/// The server gave up waiting for a lock.
fn is_lock_timeout(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "55P03")
}

impl Store {
    /// The answer that was given to this request before. For a repetition that would be refused
    /// today: it is answered as it was, unless the key was used for another request.
    pub async fn find_answer(&self, key: &IdempotencyKey) -> Result<Option<Answer>, OnceError> {
        self.within(async {
            let mut tx = self.pool.begin().await?;
            find_answer(&mut tx, key).await
        })
        .await
    }

    /// Forgets answers that are older than anybody may count on (a day is promised), a bounded number at a
    /// time. Says whether there may be more. What somebody else is forgetting is left to them.
    pub async fn forget_answers(&self, keep: TimeDelta) -> Result<bool, Error> {
        let asking = sqlx::query!(
            "DELETE FROM idempotency WHERE ctid = ANY (ARRAY (
                 SELECT ctid FROM idempotency
                 WHERE created_at < $1 ORDER BY created_at LIMIT $2
                 FOR UPDATE SKIP LOCKED))",
            self.clock.now() - keep,
            MOST_FORGOTTEN,
        )
        .execute(&self.pool);
        let forgotten = self.within(asking).await?.rows_affected();
        Ok(forgotten >= MOST_FORGOTTEN.unsigned_abs())
    }
}

/// The answer already given to this request. Waits for one that is being given right now, as long as
/// this session waits for any lock.
pub(super) async fn find_answer(
    tx: &mut PgConnection,
    key: &IdempotencyKey,
) -> Result<Option<Answer>, OnceError> {
    let waited = sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2, 0))",
        key.owner.0.to_string(),
        key.key,
    )
    .fetch_one(&mut *tx)
    .await;
    if waited.as_ref().is_err_and(is_lock_timeout) {
        return Err(OnceError::InFlight);
    }
    waited?;
    let row = sqlx::query!(
        "SELECT request_digest, status, body, onboarding_id, link_generation FROM idempotency
         WHERE api_key_id = $1 AND idempotency_key = $2",
        key.owner.0,
        key.key,
    )
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.request_digest != key.request_digest {
        return Err(OnceError::KeyReused);
    }
    let status = u16::try_from(row.status)
        .map_err(|_| Error::inconsistent("idempotency", "status", &key.key))?;
    let shows = (!row.onboarding_id.is_nil()).then_some(Shown {
        onboarding: OnboardingId(row.onboarding_id),
        link_generation: row.link_generation,
    });
    Ok(Some(Answer { status, body: row.body, shows }))
}

pub(super) async fn keep_answer(
    tx: &mut PgConnection,
    key: &IdempotencyKey,
    answer: &Answer,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (onboarding, generation) = match answer.shows {
        Some(shown) => (shown.onboarding.0, shown.link_generation),
        None => (Uuid::nil(), 0),
    };
    sqlx::query!(
        "INSERT INTO idempotency (api_key_id, idempotency_key, request_digest, status, body,
                                  onboarding_id, link_generation, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        key.owner.0,
        key.key,
        key.request_digest,
        i16::try_from(answer.status).unwrap_or(i16::MAX),
        answer.body,
        onboarding,
        generation,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}
