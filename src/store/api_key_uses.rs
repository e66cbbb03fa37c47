//! When keys were used last: gathered in memory, written for all of them together now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{ApiKey, Error, Store};

/// A use this soon after the one that is written is not worth another write. With the pause between
/// two writes it stays below the minute that is promised.
const WORTH_WRITING: TimeDelta = TimeDelta::seconds(30);

/// Uses that are not written yet. As many as there are keys at most: only known ones come here.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyUses(Arc<Mutex<HashMap<Uuid, DateTime<Utc>>>>);

impl KeyUses {
    pub(super) fn note(&self, key: &ApiKey, now: DateTime<Utc>) {
        if key.last_used_at.is_none_or(|written| now - written >= WORTH_WRITING) {
            self.put([(key.id.0, now)]);
        }
    }

    fn put(&self, uses: impl IntoIterator<Item = (Uuid, DateTime<Utc>)>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, at) in uses {
            let latest = waiting.entry(id).or_insert(at);
            *latest = at.max(*latest);
        }
    }

    fn take(&self) -> HashMap<Uuid, DateTime<Utc>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store {
    /// Writes which keys were used since the last time. What could not be written waits for the next.
    pub async fn write_key_uses(&self) -> Result<(), Error> {
        let uses = self.key_uses.take();
        if uses.is_empty() {
            return Ok(());
        }
        // In the order of their ids, so that two processes seldom wait for each other in a circle;
        // if they do, the one that is ended writes at the next time.
        let mut sorted: Vec<_> = uses.iter().map(|(id, at)| (*id, *at)).collect();
        sorted.sort_unstable();
        let (ids, times): (Vec<_>, Vec<_>) = sorted.into_iter().unzip();
        let asking = sqlx::query!(
            "UPDATE api_key SET last_used_at = used.at
             FROM unnest($1::uuid[], $2::timestamptz[]) AS used (id, at)
             WHERE api_key_id = used.id
               -- Another process may have seen a later one.
               AND (last_used_at IS NULL OR last_used_at < used.at)",
            &ids,
            &times,
        )
        .execute(&self.pool);
        let written = self.within(asking).await.map(drop);
        if written.is_err() {
            self.key_uses.put(uses);
        }
        Ok(written?)
    }
}
