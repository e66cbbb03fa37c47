//! The integrator's keys as they stand. The key itself is seen once, by whoever makes it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Error, Store};
use crate::ids::{ApiKeyId, BlueprintKey};
use crate::secret::digest;

/// A key, without what opens the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    /// How the key begins, for people to tell keys apart. `None`: a key from before this was kept.
    pub prefix: Option<String>,
    pub scopes: Vec<KeyScope>,
    pub sight: Sight,
    pub created_at: DateTime<Utc>,
    /// Behind by a minute at most.
    pub last_used_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
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

    /// Whether a key that sees some blueprints only may have it. Endpoints and keys are everybody's.
    pub const fn fits_restricted(self) -> bool {
        match self {
            Self::Read | Self::Write | Self::Blueprints => true,
            Self::Webhooks | Self::Admin => false,
        }
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

    /// Whether whoever sees this much may let somebody see `other`.
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, Self::All | Self::Only(_)) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(_), Self::Only(keys)) => keys.iter().all(|key| self.covers(key)),
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

/// What [`Sight::keys`] wrote.
pub(super) fn read_sight(keys: Option<Vec<String>>) -> Option<Sight> {
    let Some(keys) = keys else { return Some(Sight::All) };
    let keys: Result<Vec<_>, _> = keys.into_iter().map(BlueprintKey::parse).collect();
    keys.ok().map(Sight::Only)
}

/// The columns of `api_key` that are shown.
pub(super) struct ApiKeyRow {
    pub(super) api_key_id: Uuid,
    pub(super) name: String,
    pub(super) prefix: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) blueprints: Option<Vec<String>>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) last_used_at: Option<DateTime<Utc>>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) revoked_at: Option<DateTime<Utc>>,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = Error;

    fn try_from(row: ApiKeyRow) -> Result<Self, Error> {
        let unclear = |column| Error::inconsistent("api_key", column, row.api_key_id);
        let scopes: Option<Vec<_>> = row.scopes.iter().map(|name| KeyScope::parse(name)).collect();
        let sight = read_sight(row.blueprints).ok_or_else(|| unclear("blueprints"))?;
        Ok(Self {
            id: ApiKeyId(row.api_key_id),
            name: row.name,
            prefix: row.prefix.map(|shown| format!("{MARK}{shown}")),
            scopes: scopes.ok_or_else(|| unclear("scopes"))?,
            sight,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        })
    }
}

/// What every key begins with, so that a leaked one is recognised.
pub(super) const MARK: &str = "gwk_";

impl Store {
    /// The key, if it may be used right now. Asked anew for each request, so that a revocation holds
    /// at the next one in every process. Looked up by its digest: how long that takes tells nothing
    /// about keys that exist.
    pub async fn find_api_key(&self, key: &str) -> Result<Option<ApiKey>, Error> {
        let asking = sqlx::query_as!(
            ApiKeyRow,
            "SELECT api_key_id, name, prefix, scopes, blueprints, created_at, last_used_at,
                    expires_at, revoked_at
             FROM api_key
             WHERE digest = $1 AND revoked_at IS NULL
               AND (expires_at IS NULL OR expires_at > coalesce($2, now()))",
            digest(key),
            self.clock.for_database(),
        )
        .fetch_optional(&self.pool);
        let Some(row) = self.within(asking).await? else { return Ok(None) };
        let known = ApiKey::try_from(row)?;
        self.key_uses.note(&known, self.clock.now());
        Ok(Some(known))
    }

    /// A key in whatever state.
    pub async fn show_api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, Error> {
        let asking = sqlx::query_as!(
            ApiKeyRow,
            "SELECT api_key_id, name, prefix, scopes, blueprints, created_at, last_used_at,
                    expires_at, revoked_at
             FROM api_key WHERE api_key_id = $1",
            id.0,
        )
        .fetch_optional(&self.pool);
        self.within(asking).await?.map(ApiKey::try_from).transpose()
    }

    /// All of them, newest first: for the command line.
    pub async fn list_all_api_keys(&self) -> Result<Vec<ApiKey>, Error> {
        const AT_ONCE: u16 = 500;
        let mut keys: Vec<ApiKey> = Vec::new();
        loop {
            let page = self.list_api_keys(keys.last().map(|last| last.id), AT_ONCE).await?;
            let full = page.len() == usize::from(AT_ONCE);
            keys.extend(page);
            if !full {
                return Ok(keys);
            }
        }
    }

    /// Keys in whatever state, newest first, at most `limit`: those before `before`.
    pub async fn list_api_keys(
        &self,
        before: Option<ApiKeyId>,
        limit: u16,
    ) -> Result<Vec<ApiKey>, Error> {
        // Ids are ordered by age, so the first page is what comes before the last id there can be.
        let before = before.map_or(Uuid::max(), |id| id.0);
        let asking = sqlx::query_as!(
            ApiKeyRow,
            "SELECT api_key_id, name, prefix, scopes, blueprints, created_at, last_used_at,
                    expires_at, revoked_at
             FROM api_key WHERE api_key_id < $1 ORDER BY api_key_id DESC LIMIT $2",
            before,
            i64::from(limit),
        )
        .fetch_all(&self.pool);
        self.within(asking).await?.into_iter().map(ApiKey::try_from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_lets_others_see_more_than_they_see() {
        let only = |keys: &[&str]| {
            Sight::Only(keys.iter().map(|key| BlueprintKey::parse(*key).unwrap()).collect())
        };
        for (has, gives, may) in [
            (Sight::All, Sight::All, true),
            (Sight::All, only(&["crm"]), true),
            (only(&["crm"]), Sight::All, false),
            (only(&["crm", "erp"]), only(&["erp"]), true),
            (only(&["crm"]), only(&["crm", "erp"]), false),
            (only(&["crm"]), only(&[]), true),
        ] {
            assert_eq!(has.includes(&gives), may, "{has:?} {gives:?}");
        }
    }
}
