//! What was said to Cyclr, as support reads it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::ser::{SerializeSeq as _, Serializer};
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
    /// How much of the path of the call before it begins with, and what comes then.
    shared: usize,
    rest: String,
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

/// A call with what its stored form says otherwise than the call itself.
struct Spelled<'a> {
    call: &'a CallLine,
    shared: usize,
    began_ms_before: i64,
}

impl Serialize for Spelled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let CallLine { name, method, path, status, outcome, message, duration, .. } = self.call;
        let mut list = serializer.serialize_seq(None)?;
        list.serialize_element(name)?;
        list.serialize_element(method)?;
        list.serialize_element(&self.shared)?;
        list.serialize_element(&path[self.shared..])?;
        list.serialize_element(status)?;
        list.serialize_element(&self.began_ms_before)?;
        list.serialize_element(&u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))?;
        if *outcome != OK || message.is_some() {
            list.serialize_element(outcome)?;
            list.serialize_element(message)?;
        }
        list.end()
    }
}

/// The stored form beside the time `at`; `None` if there were no calls.
pub(super) fn spell(calls: &[CallLine], at: DateTime<Utc>) -> Option<String> {
    let before = std::iter::once("").chain(calls.iter().map(|call| call.path.as_str()));
    let spelled: Vec<_> =
        calls.iter().zip(before).map(|(call, before)| spell_one(call, before, at)).collect();
    // Texts and numbers only: this cannot fail.
    (!spelled.is_empty()).then(|| serde_json::to_string(&spelled).unwrap_or_default())
}

fn spell_one<'a>(call: &'a CallLine, before: &str, at: DateTime<Utc>) -> Spelled<'a> {
    let same = call.path.chars().zip(before.chars()).take_while(|(new, old)| new == old);
    let shared = same.map(|(c, _)| c.len_utf8()).sum();
    Spelled { call, shared, began_ms_before: (at - call.at).num_milliseconds() }
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
        let keeping = async {
            let mut session = self.pool.acquire().await?;
            insert_stray(&mut session, id, calls, self.clock.now()).await
        };
        self.within(keeping).await?;
        Ok(())
    }

    /// What was said to Cyclr and stands in no line of the journal, oldest first.
    pub async fn list_stray_calls(&self, id: OnboardingId) -> Result<Vec<KeptCall>, Error> {
        let asking = sqlx::query!(
            "SELECT at, calls FROM stray_call WHERE onboarding_id = $1 ORDER BY at DESC LIMIT 1000",
            id.0,
        )
        .fetch_all(&self.pool);
        let rows = self.within(asking).await?;
        read_all(rows.into_iter().map(|row| (row.calls, row.at)), ("stray_call", id))
    }

    /// What was said to Cyclr for an onboarding, oldest first: the calls of its newest 1,000 changes.
    pub async fn list_calls(&self, id: OnboardingId) -> Result<Vec<KeptCall>, Error> {
        let asking = sqlx::query!(
            r#"
            (SELECT at AS "at!", calls AS "calls!" FROM journal
             WHERE onboarding_id = $1 AND calls IS NOT NULL ORDER BY version DESC LIMIT 1000)
            UNION ALL
            (SELECT at, calls FROM stray_call WHERE onboarding_id = $1 ORDER BY at DESC LIMIT 1000)
            "#,
            id.0,
        )
        .fetch_all(&self.pool);
        let rows = self.within(asking).await?;
        read_all(rows.into_iter().map(|row| (row.calls, row.at)), ("journal", id))
    }
}

/// Oldest first.
fn read_all(
    rows: impl Iterator<Item = (serde_json::Value, DateTime<Utc>)>,
    (table, id): (&'static str, OnboardingId),
) -> Result<Vec<KeptCall>, Error> {
    let mut all = Vec::new();
    for (calls, at) in rows {
        all.extend(read(calls, at).ok_or_else(|| Error::inconsistent(table, "calls", id))?);
    }
    all.sort_by_key(|call| call.at);
    Ok(all)
}

/// `None` for what this version of the program did not write.
pub(super) fn read(calls: serde_json::Value, at: DateTime<Utc>) -> Option<Vec<KeptCall>> {
    let stored: Vec<Stored> = serde_json::from_value(calls).ok()?;
    let mut read: Vec<KeptCall> = Vec::with_capacity(stored.len());
    for call in stored {
        let before = read.last().map_or("", |before| before.path.as_str());
        let path = format!("{}{}", before.get(..call.shared)?, call.rest);
        read.push(KeptCall {
            at: at - TimeDelta::try_milliseconds(call.began_ms_before)?,
            name: call.name,
            method: call.method,
            path,
            status: call.status,
            outcome: call.outcome,
            duration: Duration::from_millis(call.duration_ms),
            message: call.message,
        });
    }
    Some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_written() {
        let at = DateTime::from_timestamp(1_000, 0).unwrap_or_default();
        let call = |path: &str, outcome, message: Option<&str>| CallLine {
            at: at - TimeDelta::milliseconds(70),
            name: "list steps",
            method: "GET",
            path: path.to_owned(),
            status: (outcome != "no_answer").then_some(200),
            outcome,
            duration: Duration::from_millis(60),
            message: message.map(str::to_owned),
        };
        let calls = [
            call("/v1.0/cycles/7/steps", OK, None),
            call("/v1.0/cycles/7/prerequisites", OK, None),
            call("/v1.0/cycles/7/prerequisites", "refused", Some("Näh \"no\"")),
            call("/v1.0/cyclés", "no_answer", None),
            call("/v1.0/cyclès", OK, None),
        ];
        assert_eq!(spell(&[], at), None);
        let stored = spell(&calls, at).unwrap_or_default();
        let read = read(serde_json::from_str(&stored).unwrap_or_default(), at).unwrap_or_default();
        assert_eq!(read.len(), calls.len());
        for (read, call) in read.iter().zip(&calls) {
            assert_eq!((&*read.path, &*read.outcome), (&*call.path, call.outcome));
            assert_eq!(
                (read.at, read.status, &read.message),
                (call.at, call.status, &call.message)
            );
        }
        assert!(stored.len() < 330, "{stored}");
    }
}
