//! An order to many as it stands.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::ids::BulkOrderId;
use crate::onboarding::BulkCommand;
use crate::store::api_keys::read_sight;
use crate::store::{Error, Filter, Sight};

/// One order to many.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkOrder {
    pub id: BulkOrderId,
    pub actor: String,
    /// What whoever gave it may see; nothing else is told.
    pub sight: Sight,
    /// As it was asked for.
    pub asked: Value,
    pub filter: Filter,
    pub command: BulkCommand,
    /// How many matched when it was previewed.
    pub previewed: u64,
    pub state: BulkState,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub progress: BulkProgress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkState {
    /// Nobody was told anything yet.
    Previewed,
    Running,
    /// Everybody had their turn.
    Done,
    /// Those that had no turn get none.
    Cancelled,
}

impl BulkState {
    pub const ALL: [Self; 4] = [Self::Previewed, Self::Running, Self::Done, Self::Cancelled];

    /// As stored and as shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Previewed => "previewed",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// How many there are of each result; counted at the moment of asking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BulkProgress {
    pub pending: u64,
    pub done: u64,
    pub refused: u64,
    pub passed_by: u64,
    pub failed: u64,
}

impl BulkProgress {
    pub const fn total(self) -> u64 {
        self.pending + self.done + self.refused + self.passed_by + self.failed
    }
}

/// How long a preview can be started.
pub(super) const PREVIEW_LIFE: TimeDelta = TimeDelta::minutes(15);

impl BulkOrder {
    /// Until when a preview can be started.
    pub fn preview_ends_at(&self) -> DateTime<Utc> {
        self.created_at + PREVIEW_LIFE
    }
}

/// The columns of `bulk_order` that are read.
pub(super) struct BulkRow {
    pub(super) bulk_order_id: Uuid,
    pub(super) actor: String,
    pub(super) blueprints: Option<Vec<String>>,
    pub(super) asked: Value,
    pub(super) filter: Value,
    pub(super) command: Value,
    pub(super) previewed: i64,
    pub(super) state: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) ended_at: Option<DateTime<Utc>>,
}

impl TryFrom<BulkRow> for BulkOrder {
    type Error = Error;

    fn try_from(row: BulkRow) -> Result<Self, Error> {
        let unclear = |column| Error::inconsistent("bulk_order", column, row.bulk_order_id);
        Ok(Self {
            id: BulkOrderId(row.bulk_order_id),
            actor: row.actor,
            sight: read_sight(row.blueprints).ok_or_else(|| unclear("blueprints"))?,
            asked: row.asked,
            filter: serde_json::from_value(row.filter).map_err(|_| unclear("filter"))?,
            command: serde_json::from_value(row.command).map_err(|_| unclear("command"))?,
            previewed: row.previewed.unsigned_abs(),
            state: BulkState::parse(&row.state).ok_or_else(|| unclear("state"))?,
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            progress: BulkProgress::default(),
        })
    }
}
