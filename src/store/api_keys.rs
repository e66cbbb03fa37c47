//! The integrator's keys. The key itself is seen once, by whoever makes it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Error, Store};
use crate::ids::{ApiKeyId, BlueprintKey};
use crate::secret::{Secret, digest, random_token};

/// A key that is known and not revoked.
#[derive(Debug, Clone)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub scopes: Vec<KeyScope>,
    pub sight: Sight,
    pub created_at: DateTime<Utc>,
}

/// What a key is good for. None is part of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyScope {
    /// Looking at onboardings.
    Read,
    /// Starting onboardings and giving orders about them.
    Write,
    Blueprints,
    Webhooks,
    /// Making and revoking keys.
    Admin,
}

impl KeyScope {
    pub const ALL: [Self; 5] =
        [Self::Read, Self::Write, Self::Blueprints, Self::Webhooks, Self::Admin];

    /// As stored and as shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Blueprints => "blueprints",
            Self::Webhooks => "webhooks",
            Self::Admin => "admin",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// Which onboardings somebody may see. What is out of sight does not exist for them: queries take
/// this along, so that no door has to remember it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    All,
    /// Those of these blueprints.
    Only(Vec<BlueprintKey>),
}

impl Sight {
    pub fn covers(&self, key: &BlueprintKey) -> bool {
        match self {
            Self::All => true,
            Self::Only(keys) => keys.contains(key),
        }
    }

    /// For `$n::text[] IS NULL OR blueprint_key = ANY ($n)`.
    pub(super) fn keys(&self) -> Option<Vec<String>> {
        match self {
            Self::All => None,
            Self::Only(keys) => Some(keys.iter().map(ToString::to_string).collect()),
        }
    }
}

impl Store {
    /// Makes a key that is good for everything. The text in the answer is kept nowhere.
    pub async fn create_api_key(&self, name: &str) -> Result<(ApiKey, Secret), Error> {
        let key = format!("gwk_{}", random_token());
        let id = ApiKeyId(Uuid::now_v7());
        let created_at = self.clock.now();
        let scopes = KeyScope::ALL.map(|scope| scope.name().to_owned());
        let asking = sqlx::query!(
            "INSERT INTO api_key (api_key_id, name, digest, created_at, scopes)
             VALUES ($1, $2, $3, $4, $5)",
            id.0,
            name,
            digest(&key),
            created_at,
            &scopes,
        )
        .execute(&self.pool);
        self.within(asking).await?;
        let (name, scopes) = (name.to_owned(), KeyScope::ALL.to_vec());
        Ok((ApiKey { id, name, scopes, sight: Sight::All, created_at }, Secret::from(key)))
    }

    /// Looks a key up by its digest: the comparison leaks nothing about a key that is not known.
    pub async fn find_api_key(&self, key: &str) -> Result<Option<ApiKey>, Error> {
        let asking = sqlx::query!(
            "SELECT api_key_id, name, created_at, scopes, blueprints FROM api_key
             WHERE digest = $1 AND revoked_at IS NULL",
            digest(key),
        )
        .fetch_optional(&self.pool);
        let Some(row) = self.within(asking).await? else { return Ok(None) };
        let unclear = |column| Error::inconsistent("api_key", column, row.api_key_id);
        let scopes: Option<Vec<_>> = row.scopes.iter().map(|name| KeyScope::parse(name)).collect();
        let sight = match row.blueprints {
            None => Sight::All,
            Some(keys) => {
                let keys: Result<Vec<_>, _> = keys.into_iter().map(BlueprintKey::parse).collect();
                Sight::Only(keys.map_err(|_| unclear("blueprints"))?)
            }
        };
        Ok(Some(ApiKey {
            id: ApiKeyId(row.api_key_id),
            name: row.name,
            scopes: scopes.ok_or_else(|| unclear("scopes"))?,
            sight,
            created_at: row.created_at,
        }))
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
