//! What was said to Cyclr, as support reads it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Error, Store};
use crate::ids::OnboardingId;

/// One call to Cyclr, on its way into the store.
#[derive(Debug, Clone)]
pub struct CallLine {
    pub at: DateTime<Utc>,
    pub name: &'static str,
    pub method: &'static str,
    pub path: String,
    pub status: Option<u16>,
    pub outcome: &'static str,
    pub duration: Duration,
    pub message: Option<String>,
}

/// One call to Cyclr, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCall {
    pub at: DateTime<Utc>,
    pub name: String,
    pub method: String,
    pub path: String,
    pub status: Option<u16>,
    pub outcome: String,
    pub duration: Duration,
    pub message: Option<String>,
}

/// What goes without saying.
const OK: &str = "ok";

/// A call as it is stored: a list and not an object, because there are ten for each onboarding.
/// New places are added at the end; the last two are left out where nothing is to be told.
#[derive(Deserialize)]
struct Stored {
    name: String,
    method: String,
    path: String,
    status: Option<u16>,
    /// From its beginning until the time that stands beside the list.
    began_ms_before: i64,
    duration_ms: u64,
    #[serde(default = "ok")]
    outcome: String,
    #[serde(default)]
    message: Option<String>,
}

fn ok() -> String {
    OK.to_owned()
}

#[derive(Serialize)]
#[serde(untagged)]
enum Spelled<'a> {
    Plain((&'a str, &'a str, &'a str, Option<u16>, i64, u64)),
    Whole((&'a str, &'a str, &'a str, Option<u16>, i64, u64, &'a str, Option<&'a str>)),
}

/// The stored form beside the time `at`; `None` if there were no calls.
pub(super) fn spell(calls: &[CallLine], at: DateTime<Utc>) -> Option<String> {
    let spelled: Vec<_> = calls.iter().map(|call| spell_one(call, at)).collect();
    // Texts and numbers only: this cannot fail.
    (!spelled.is_empty()).then(|| serde_json::to_string(&spelled).unwrap_or_default())
}

fn spell_one(call: &CallLine, at: DateTime<Utc>) -> Spelled<'_> {
    let CallLine { name, method, path, status, outcome, message, .. } = call;
    let began = (at - call.at).num_milliseconds();
    let took = u64::try_from(call.duration.as_millis()).unwrap_or(u64::MAX);
    if *outcome == OK && message.is_none() {
        Spelled::Plain((name, method, path, *status, began, took))
    } else {
        Spelled::Whole((name, method, path, *status, began, took, outcome, message.as_deref()))
    }
}

/// Keeps calls that stand in no line of the journal.
pub(super) async fn insert_stray(
    session: &mut sqlx::PgConnection,
    id: OnboardingId,
    calls: &[CallLine],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let Some(calls) = spell(calls, at) else { return Ok(()) };
    sqlx::query!(
        "INSERT INTO stray_call (onboarding_id, at, calls) VALUES ($1, $2, $3::text::json)",
        id.0,
        at,
        calls,
    )
    .execute(session)
    .await?;
    Ok(())
}

impl Store {
    /// Keeps calls that were made on a person's behalf and led to no change.
    pub async fn log_calls(&self, id: OnboardingId, calls: &[CallLine]) -> Result<(), Error> {
        if calls.is_empty() {
            return Ok(());
        }
        let mut session = self.pool.acquire().await?;
        insert_stray(&mut session, id, calls, self.clock.now()).await?;
        Ok(())
    }

    /// What was said to Cyclr for an onboarding, oldest first: the calls of its newest 1,000 changes.
    pub async fn list_calls(&self, id: OnboardingId) -> Result<Vec<KeptCall>, Error> {
        let rows = sqlx::query!(
            r#"
            (SELECT at AS "at!", calls AS "calls!" FROM journal
             WHERE onboarding_id = $1 AND calls IS NOT NULL ORDER BY version DESC LIMIT 1000)
            UNION ALL
            (SELECT at, calls FROM stray_call WHERE onboarding_id = $1 ORDER BY at DESC LIMIT 1000)
            "#,
            id.0,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut all = Vec::new();
        for row in rows {
            let stored: Vec<Stored> = serde_json::from_value(row.calls)
                .map_err(|_| Error::inconsistent("journal", "calls", id))?;
            all.extend(stored.into_iter().map(|call| read(call, row.at)));
        }
        all.sort_by_key(|call| call.at);
        Ok(all)
    }
}

fn read(call: Stored, at: DateTime<Utc>) -> KeptCall {
    let Stored { name, method, path, status, began_ms_before, duration_ms, outcome, message } =
        call;
    KeptCall {
        at: at - TimeDelta::try_milliseconds(began_ms_before).unwrap_or_default(),
        name,
        method,
        path,
        status,
        outcome,
        duration: Duration::from_millis(duration_ms),
        message,
    }
}
