//! Blueprints: published once, read often, never changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::answers::{find_answer, keep_answer};
use super::commit::json;
use super::trouble::again;
use super::{Answer, Error, IdempotencyKey, OnceError, Sight, Store};
use crate::ids::BlueprintKey;
use crate::onboarding::{Blueprint, BlueprintId};

/// Versions that were read once. They never change, so nothing is ever dropped from here.
#[derive(Debug, Clone, Default)]
pub(super) struct Cache(Arc<Mutex<HashMap<BlueprintId, Arc<Blueprint>>>>);

impl Cache {
    fn find(&self, id: &BlueprintId) -> Option<Arc<Blueprint>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn keep(&self, id: BlueprintId, blueprint: Arc<Blueprint>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, blueprint);
    }
}

/// A blueprint as it stands in the store.
#[derive(Debug, Clone)]
pub struct Published {
    pub id: BlueprintId,
    pub blueprint: Arc<Blueprint>,
    pub published_at: DateTime<Utc>,
    /// Whether this call made it; publishing the newest version again changes nothing.
    pub fresh: bool,
}

impl Store {
    /// Publishes the next version, unless the newest one says exactly the same.
    pub async fn publish(&self, blueprint: Blueprint) -> Result<Published, Error> {
        self.within(async {
            let mut tx = self.pool.begin().await?;
            let published = publish(&mut tx, blueprint, self.clock.now()).await?;
            tx.commit().await?;
            Ok(published)
        })
        .await
    }

    /// As [`Store::publish`], once for each key. `render` makes the answer: its status and its body.
    pub async fn publish_once(
        &self,
        blueprint: Blueprint,
        key: Option<&IdempotencyKey>,
        render: &(dyn Fn(&Published) -> (u16, String) + Send + Sync),
    ) -> Result<Answer, OnceError> {
        self.within(again(|| self.try_publish_once(&blueprint, key, render))).await
    }

    async fn try_publish_once(
        &self,
        blueprint: &Blueprint,
        key: Option<&IdempotencyKey>,
        render: &(dyn Fn(&Published) -> (u16, String) + Send + Sync),
    ) -> Result<Answer, OnceError> {
        let mut tx = self.pool.begin().await?;
        if let Some(key) = key
            && let Some(answer) = find_answer(&mut tx, key).await?
        {
            return Ok(answer);
        }
        let now = self.clock.now();
        let (status, body) = render(&publish(&mut tx, blueprint.clone(), now).await?);
        let answer = Answer { status, body, shows: None };
        if let Some(key) = key {
            keep_answer(&mut tx, key, &answer, now).await?;
        }
        tx.commit().await?;
        Ok(answer)
    }

    /// The newest version, or the one asked for.
    pub async fn find_blueprint(
        &self,
        key: &BlueprintKey,
        version: Option<i32>,
    ) -> Result<Option<Published>, Error> {
        let asking = sqlx::query!(
            "SELECT version, document, published_at FROM blueprint
             WHERE blueprint_key = $1 AND ($2::integer IS NULL OR version = $2)
             ORDER BY version DESC LIMIT 1",
            key.as_str(),
            version,
        )
        .fetch_optional(&self.pool);
        let row = self.within(asking).await?;
        row.map(|row| {
            let blueprint = serde_json::from_value(row.document)
                .map_err(|_| Error::inconsistent("blueprint", "document", key))?;
            Ok(Published {
                id: BlueprintId { key: key.clone(), version: row.version },
                blueprint: Arc::new(blueprint),
                published_at: row.published_at,
                fresh: false,
            })
        })
        .transpose()
    }

    /// The newest version of each key after `after`, in the order of the keys, as far as `sight` goes.
    pub async fn list_blueprints(
        &self,
        sight: &Sight,
        after: Option<&BlueprintKey>,
        limit: u16,
    ) -> Result<Vec<Published>, Error> {
        let keys = sight.keys();
        let asking = sqlx::query!(
            "SELECT DISTINCT ON (blueprint_key) blueprint_key, version, document, published_at
             FROM blueprint
             WHERE blueprint_key > $1 AND ($2::text[] IS NULL OR blueprint_key = ANY ($2))
             ORDER BY blueprint_key, version DESC
             LIMIT $3",
            after.map_or("", BlueprintKey::as_str),
            keys.as_deref(),
            i64::from(limit),
        )
        .fetch_all(&self.pool);
        let rows = self.within(asking).await?.into_iter().map(|row| {
            let wrong = |column| Error::inconsistent("blueprint", column, &row.blueprint_key);
            let key = BlueprintKey::parse(row.blueprint_key.clone());
            let blueprint = serde_json::from_value(row.document).map_err(|_| wrong("document"))?;
            Ok(Published {
                id: BlueprintId { key: key.map_err(|_| wrong("key"))?, version: row.version },
                blueprint: Arc::new(blueprint),
                published_at: row.published_at,
                fresh: false,
            })
        });
        rows.collect()
    }

    /// Versions of a key before `before`, newest first, and when each was published.
    pub async fn list_versions_of_blueprint(
        &self,
        key: &BlueprintKey,
        before: Option<i32>,
        limit: u16,
    ) -> Result<Vec<(i32, DateTime<Utc>)>, Error> {
        let asking = sqlx::query!(
            "SELECT version, published_at FROM blueprint
             WHERE blueprint_key = $1 AND version < $2
             ORDER BY version DESC LIMIT $3",
            key.as_str(),
            before.unwrap_or(i32::MAX),
            i64::from(limit),
        )
        .fetch_all(&self.pool);
        let rows = self.within(asking).await?;
        Ok(rows.into_iter().map(|row| (row.version, row.published_at)).collect())
    }

    /// The version an onboarding is pinned to. Read from the database once.
    pub async fn load_blueprint(&self, id: &BlueprintId) -> Result<Arc<Blueprint>, Error> {
        if let Some(known) = self.blueprints.find(id) {
            return Ok(known);
        }
        let published = self.find_blueprint(&id.key, Some(id.version)).await?;
        let blueprint = published
            .ok_or_else(|| Error::inconsistent("blueprint", "version", &id.key))?
            .blueprint;
        self.blueprints.keep(id.clone(), Arc::clone(&blueprint));
        Ok(blueprint)
    }
}

async fn publish(
    tx: &mut PgConnection,
    blueprint: Blueprint,
    now: DateTime<Utc>,
) -> Result<Published, sqlx::Error> {
    // Two publishers of one key number their versions one after the other.
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('blueprint ' || $1, 0))",
        blueprint.key.as_str()
    )
    .fetch_one(&mut *tx)
    .await?;
    let newest = sqlx::query!(
        "SELECT version, document, published_at FROM blueprint
         WHERE blueprint_key = $1 ORDER BY version DESC LIMIT 1",
        blueprint.key.as_str()
    )
    .fetch_optional(&mut *tx)
    .await?;
    let document = json(&blueprint);
    let key = blueprint.key.clone();
    let blueprint = Arc::new(blueprint);
    if let Some(newest) = newest.as_ref().filter(|newest| newest.document == document) {
        let id = BlueprintId { key, version: newest.version };
        let published_at = newest.published_at;
        return Ok(Published { id, blueprint, published_at, fresh: false });
    }
    let id = BlueprintId { key, version: newest.map_or(1, |newest| newest.version + 1) };
    sqlx::query!(
        "INSERT INTO blueprint (blueprint_key, version, document, published_at)
         VALUES ($1, $2, $3, $4)",
        id.key.as_str(),
        id.version,
        document,
        now,
    )
    .execute(tx)
    .await?;
    Ok(Published { id, blueprint, published_at: now, fresh: true })
}
