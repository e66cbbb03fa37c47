//! What became of each onboarding.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ids::{BulkOrderId, OnboardingId};
use crate::store::{Error, Store};

/// One of the onboardings that an order is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkItem {
    pub onboarding: OnboardingId,
    /// With the time of it; `None`: its turn has not come.
    pub result: Option<(ItemResult, DateTime<Utc>)>,
    /// Why it was refused or failed.
    pub reason: Option<String>,
}

/// By onboarding, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkItemPage {
    pub items: Vec<BulkItem>,
    pub more: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemResult {
    Done,
    /// Its state did not allow it.
    Refused,
    /// It did not match any more when its turn came.
    PassedBy,
    /// It could not be read.
    Failed,
}

impl ItemResult {
    pub const ALL: [Self; 4] = [Self::Done, Self::Refused, Self::PassedBy, Self::Failed];

    /// As stored and as shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::PassedBy => "passed_by",
            Self::Failed => "failed",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.name() == name)
    }
}

impl Store {
    /// At most `limit` of those after `after`; `result` narrows to one result, or to none yet.
    pub async fn list_bulk_items(
        &self,
        id: BulkOrderId,
        result: Option<Option<ItemResult>>,
        after: Option<OnboardingId>,
        limit: u16,
    ) -> Result<BulkItemPage, Error> {
        let wanted = result.map(|result| result.map_or("", ItemResult::name));
        let asking = sqlx::query!(
            "SELECT onboarding_id, result, reason, at FROM bulk_item
             WHERE bulk_order_id = $1 AND onboarding_id > $2
               AND ($3::text IS NULL OR coalesce(result, '') = $3)
             ORDER BY onboarding_id LIMIT $4",
            id.0,
            after.map_or(Uuid::nil(), |id| id.0),
            wanted,
            i64::from(limit) + 1,
        )
        .fetch_all(&self.pool);
        let mut rows = self.within(asking).await?;
        let more = rows.len() > usize::from(limit);
        rows.truncate(limit.into());
        let items = rows.into_iter().map(|row| {
            let unclear = || Error::inconsistent("bulk_item", "result", row.onboarding_id);
            let result = match row.result.as_deref() {
                None => None,
                Some(name) => Some(ItemResult::parse(name).ok_or_else(unclear)?),
            };
            Ok(BulkItem {
                onboarding: OnboardingId(row.onboarding_id),
                result: result.zip(row.at),
                reason: row.reason,
            })
        });
        Ok(BulkItemPage { items: items.collect::<Result<_, Error>>()?, more })
    }
}
