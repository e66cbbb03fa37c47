//! What is read and sent of orders to many.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::orders::after_live::{
    CheckOrder, OffboardOrder, ReauthorizeOrder, UpgradeManyOrder,
};
use crate::api::orders::care::{AssignOrder, SnoozeOrder};
use crate::api::orders::course::{CancelOrder, RestartOrder, RetryOrder, SkipOrder};
use crate::api::orders::link::{LinkAction, LinkOrder};
use crate::api::orders::words::NoteOrder;
use crate::api::shapes::kept;
use crate::onboarding::{Command, InvalidTransition, Onboarding};
use crate::store::{BulkItem, BulkOrder, BulkProgress, BulkState};
use crate::web::narrow::FilterParams;
use crate::web::{AppState, Error};

/// What is to be told to whom.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewBulkOrder)]
pub(in crate::api) struct NewBulkBody {
    /// As for the list; none of its fields: all onboardings.
    pub(super) filter: FilterParams,
    #[schema(value_type = ManyOrder)]
    pub(super) order: Value,
}

/// The same orders as to one onboarding: the name of the action with its fields. Read by itself, so that a mistake is
/// told with its place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum ManyOrder {
    Retry(RetryOrder),
    Skip(SkipOrder),
    RestartFrom(RestartOrder),
    Cancel(CancelOrder),
    RotateLink(LinkLife),
    RevokeLink(NoMore),
    ExtendLink(LinkLife),
    Note(NoteOrder),
    Assign(AssignOrder),
    Snooze(SnoozeOrder),
    Check(CheckOrder),
    Reauthorize(ReauthorizeOrder),
    Upgrade(UpgradeManyOrder),
    Offboard(OffboardOrder),
}

/// How long the link is good.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct LinkLife {
    /// From the preview on: 1 to 2,160 (90 days). `rotate_link` takes the usual time if it is left out.
    #[schema(minimum = 1, maximum = 2160)]
    expires_in_hours: Option<u32>,
}

/// The action says it all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NoMore {}

impl ManyOrder {
    /// The command of each. Mistakes are under the names of the order's fields.
    pub(super) async fn command(&self, state: &AppState) -> Result<Command, Error> {
        let link = |action, expires_in_hours| LinkOrder { action, expires_in_hours }.command(state);
        match self {
            Self::Retry(order) => order.command(),
            Self::Skip(order) => order.command(),
            Self::RestartFrom(order) => order.command(),
            Self::Cancel(order) => order.command(),
            Self::RotateLink(life) => link(LinkAction::Rotate, life.expires_in_hours),
            Self::RevokeLink(NoMore {}) => link(LinkAction::Revoke, None),
            Self::ExtendLink(life) => link(LinkAction::Extend, life.expires_in_hours),
            Self::Note(order) => order.command(),
            Self::Assign(order) => order.command(),
            Self::Snooze(order) => order.command(state.clock().now()),
            Self::Check(order) => order.command(),
            Self::Reauthorize(order) => order.command(state),
            Self::Upgrade(order) => order.command(state).await,
            Self::Offboard(order) => order.command(),
        }
    }
}

/// An order to many.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BulkOrder)]
pub(in crate::api) struct BulkBody {
    id: Uuid,
    /// `previewed`: nobody was told anything yet. `running`. `done`: everybody had their turn.
    /// `cancelled`: those that had none get none.
    state: &'static str,
    /// As it was given.
    #[schema(value_type = Object)]
    filter: Value,
    #[schema(value_type = Object)]
    order: Value,
    /// Who gave it: `key:` and the name of the API key. In the timelines it stands with this id.
    actor: String,
    /// How many matched when it was previewed; it is not started for more.
    previewed: u64,
    progress: ProgressBody,
    created_at: DateTime<Utc>,
    /// Until when a preview can be started; `null` once it is no preview any more.
    #[schema(required)]
    preview_ends_at: Option<DateTime<Utc>>,
    #[schema(required)]
    started_at: Option<DateTime<Utc>>,
    #[schema(required)]
    ended_at: Option<DateTime<Utc>>,
}

/// How many of those that matched when it was started have come how far.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BulkProgress)]
struct ProgressBody {
    total: u64,
    pending: u64,
    done: u64,
    /// Their state did not allow it; each item says why.
    refused: u64,
    /// They did not match any more when their turn came.
    passed_by: u64,
    /// They could not be read. The log of the service says more.
    failed: u64,
}

/// What would be told to whom.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkPreview)]
pub(in crate::api) struct BulkPreviewBody {
    pub(super) order: BulkBody,
    /// The newest of those that match, at most ten.
    pub(super) sample: Vec<SampleBody>,
}

/// One of those that match.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BulkSample)]
pub(in crate::api) struct SampleBody {
    onboarding_id: Uuid,
    reference: String,
    tenant_id: String,
    status: &'static str,
    step: &'static str,
    /// Whether it would take the order as it stands.
    allowed: bool,
    /// Why it would not.
    #[schema(required)]
    reason: Option<&'static str>,
}

impl SampleBody {
    pub(super) fn of(onboarding: &Onboarding, may: Result<(), InvalidTransition>) -> Self {
        Self {
            onboarding_id: onboarding.id.0,
            reference: onboarding.reference.to_string(),
            tenant_id: onboarding.tenant.to_string(),
            status: onboarding.status.name(),
            step: onboarding.step().name(),
            allowed: may.is_ok(),
            reason: may.err().map(|why| why.reason),
        }
    }
}

/// One page of orders to many.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkOrderPage)]
pub(in crate::api) struct BulkPageBody {
    pub(super) data: Vec<BulkBody>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required)]
    pub(super) next_cursor: Option<String>,
}

/// What became of one onboarding.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkItem)]
pub(in crate::api) struct ItemBody {
    onboarding_id: Uuid,
    /// `pending`, `done`, `refused`, `passed_by` or `failed`.
    result: &'static str,
    /// Why it was refused or failed.
    #[schema(required)]
    reason: Option<String>,
    /// When it had its turn.
    #[schema(required)]
    at: Option<DateTime<Utc>>,
}

/// One page of what became of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkItemPage)]
pub(in crate::api) struct ItemPageBody {
    pub(super) data: Vec<ItemBody>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required)]
    pub(super) next_cursor: Option<String>,
}

impl From<&BulkOrder> for BulkBody {
    fn from(order: &BulkOrder) -> Self {
        let asked = |name: &str| order.asked.get(name).cloned().unwrap_or_default();
        let is_preview = order.state == BulkState::Previewed;
        Self {
            id: order.id.0,
            state: order.state.name(),
            filter: asked("filter"),
            order: asked("order"),
            actor: order.actor.clone(),
            previewed: order.previewed,
            progress: ProgressBody::from(order.progress),
            created_at: kept(order.created_at),
            preview_ends_at: is_preview.then(|| kept(order.preview_ends_at())),
            started_at: order.started_at.map(kept),
            ended_at: order.ended_at.map(kept),
        }
    }
}

impl From<BulkProgress> for ProgressBody {
    fn from(progress: BulkProgress) -> Self {
        let BulkProgress { pending, done, refused, passed_by, failed } = progress;
        Self { total: progress.total(), pending, done, refused, passed_by, failed }
    }
}

impl From<BulkItem> for ItemBody {
    fn from(item: BulkItem) -> Self {
        Self {
            onboarding_id: item.onboarding.0,
            result: item.result.map_or(PENDING, |(result, _)| result.name()),
            reason: item.reason,
            at: item.result.map(|(_, at)| kept(at)),
        }
    }
}

/// The result of those whose turn has not come.
pub(super) const PENDING: &str = "pending";
