//! Making and revoking keys. A key and the answer that shows it are one transaction.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::answers::{find_answer, keep_answer};
use super::api_keys::{ApiKeyRow, MARK};
use super::staff::insert_act;
use super::trouble::again;
use super::{
    Act, Actor, Answer, ApiKey, Error, IdempotencyKey, KeyScope, OnceError, OrderedAnswer, Sight,
    Store,
};
use crate::ids::ApiKeyId;
use crate::secret::{ExposeSecret as _, Secret, digest, random_token};

/// Characters after the mark that are kept, for people to tell keys apart.
const SHOWN: usize = 8;

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    pub name: String,
    pub scopes: Vec<KeyScope>,
    pub sight: Sight,
    pub expires_at: Option<DateTime<Utc>>,
}

impl NewApiKey {
    /// Good for everything, without an end.
    pub fn unlimited(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            scopes: KeyScope::ALL.to_vec(),
            sight: Sight::All,
            expires_at: None,
        }
    }
}

/// Makes the answer: its status, its body, and the body as it is kept, which must not show the key.
pub type KeyRender<'a> = &'a (dyn Fn(&ApiKey, &Secret) -> (u16, String, String) + Send + Sync);

/// Makes the answer to a revocation: its status and its body.
pub type RevokedRender<'a> = &'a (dyn Fn(&ApiKey) -> (u16, String) + Send + Sync);

impl Store {
    /// Makes a key that is good for everything. The text in the answer is kept nowhere.
    pub async fn create_api_key(&self, name: &str) -> Result<(ApiKey, Secret), Error> {
        self.make_api_key(&NewApiKey::unlimited(name)).await
    }

    /// Makes a key. The text in the answer is kept nowhere.
    pub async fn make_api_key(&self, new: &NewApiKey) -> Result<(ApiKey, Secret), Error> {
        let (made, key) = self.spell(new);
        self.within(async {
            let mut session = self.pool.acquire().await?;
            Ok::<_, Error>(insert(&mut session, &made, &key).await?)
        })
        .await?;
        Ok((made, key))
    }

    /// Makes a key, or finds the answer that the same request got before.
    pub async fn order_api_key(
        &self,
        new: &NewApiKey,
        once: Option<&IdempotencyKey>,
        render: KeyRender<'_>,
    ) -> Result<OrderedAnswer, OnceError> {
        self.within(again(|| self.try_order_api_key(new, once, render))).await
    }

    async fn try_order_api_key(
        &self,
        new: &NewApiKey,
        once: Option<&IdempotencyKey>,
        render: KeyRender<'_>,
    ) -> Result<OrderedAnswer, OnceError> {
        let mut tx = self.pool.begin().await?;
        if let Some(once) = once
            && let Some(answer) = find_answer(&mut tx, once).await?
        {
            return Ok(OrderedAnswer::Earlier { status: answer.status, kept: answer.body });
        }
        let (made, key) = self.spell(new);
        insert(&mut tx, &made, &key).await?;
        let (status, body, kept) = render(&made, &key);
        if let Some(once) = once {
            let answer = Answer { status, body: kept, shows: None };
            keep_answer(&mut tx, once, &answer, made.created_at).await?;
        }
        tx.commit().await?;
        Ok(OrderedAnswer::Fresh { status, body })
    }

    fn spell(&self, new: &NewApiKey) -> (ApiKey, Secret) {
        let token = random_token();
        let made = ApiKey {
            id: ApiKeyId(Uuid::now_v7()),
            name: new.name.clone(),
            prefix: Some(format!("{MARK}{}", &token[..SHOWN])),
            scopes: new.scopes.clone(),
            sight: new.sight.clone(),
            created_at: self.clock.now(),
            last_used_at: None,
            expires_at: new.expires_at,
            revoked_at: None,
        };
        (made, Secret::from(format!("{MARK}{token}")))
    }

    /// Ends a key at once, in every process. One that was revoked before stays as it was. `None`:
    /// there is no such key.
    pub async fn revoke_api_key(
        &self,
        id: ApiKeyId,
        once: Option<&IdempotencyKey>,
        render: RevokedRender<'_>,
    ) -> Result<Option<Answer>, OnceError> {
        self.within(again(|| self.try_revoke_api_key(id, once, render))).await
    }

    async fn try_revoke_api_key(
        &self,
        id: ApiKeyId,
        once: Option<&IdempotencyKey>,
        render: RevokedRender<'_>,
    ) -> Result<Option<Answer>, OnceError> {
        let mut tx = self.pool.begin().await?;
        if let Some(once) = once
            && let Some(answer) = find_answer(&mut tx, once).await?
        {
            return Ok(Some(answer));
        }
        let now = self.clock.now();
        let row = sqlx::query_as!(
            ApiKeyRow,
            "UPDATE api_key SET revoked_at = coalesce(revoked_at, $2) WHERE api_key_id = $1
             RETURNING api_key_id, name, prefix, scopes, blueprints, created_at, last_used_at,
                       expires_at, revoked_at",
            id.0,
            now,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let (status, body) = render(&ApiKey::try_from(row)?);
        let answer = Answer { status, body, shows: None };
        if let Some(once) = once {
            keep_answer(&mut tx, once, &answer, now).await?;
        }
        tx.commit().await?;
        Ok(Some(answer))
    }

    /// Ends all keys of that name. Says how many.
    pub async fn revoke_api_keys(&self, name: &str) -> Result<u64, Error> {
        let asking = sqlx::query!(
            "UPDATE api_key SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL",
            name,
            self.clock.now(),
        )
        .execute(&self.pool);
        let done = self.within(asking).await?;
        Ok(done.rows_affected())
    }
}

impl Store {
    /// Ends a key because staff want it, with their line in the audit. Says whether it was good until now.
    pub async fn revoke_api_key_by_staff(
        &self,
        id: ApiKeyId,
        (actor, act): (&Actor, &Act),
    ) -> Result<bool, Error> {
        let now = self.clock.now();
        let work = async {
            let mut tx = self.pool.begin().await?;
            let done = sqlx::query!(
                "UPDATE api_key SET revoked_at = $2 WHERE api_key_id = $1 AND revoked_at IS NULL",
                id.0,
                now,
            )
            .execute(&mut *tx)
            .await?;
            if done.rows_affected() == 0 {
                return Ok(false);
            }
            insert_act(&mut tx, actor, act, now).await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>(true)
        };
        Ok(self.within(work).await?)
    }
}

async fn insert(
    session: &mut PgConnection,
    made: &ApiKey,
    key: &Secret,
) -> Result<(), sqlx::Error> {
    let key = key.expose_secret();
    let blueprints = made.sight.keys();
    let scopes: Vec<_> = made.scopes.iter().map(|scope| scope.name().to_owned()).collect();
    sqlx::query!(
        "INSERT INTO api_key
             (api_key_id, name, prefix, digest, created_at, scopes, blueprints, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        made.id.0,
        made.name,
        &key[MARK.len()..MARK.len() + SHOWN],
        digest(key),
        made.created_at,
        &scopes,
        blueprints.as_deref(),
        made.expires_at,
    )
    .execute(session)
    .await?;
    Ok(())
}
