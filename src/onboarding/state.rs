//! An onboarding and what can be read off it.

use chrono::{DateTime, Utc};

use super::{Abandonment, Blocker, BlueprintId, Facts, InstallIntent, Problem, Profile, StepKind};
use crate::ids::{OnboardingId, Reference, TemplateId, TenantId};

/// One tenant on its way through one blueprint.
#[derive(Debug, Clone, PartialEq)]
pub struct Onboarding {
    pub id: OnboardingId,
    pub reference: Reference,
    pub tenant: TenantId,
    pub blueprint: BlueprintId,
    /// Grows by one with each change that is kept.
    pub version: i64,
    pub status: Status,
    /// Since when status and step are what they are.
    pub since: DateTime<Utc>,
    /// Failed tries in a row at the present step.
    pub tries: u32,
    pub facts: Facts,
    pub profile: Profile,
    pub link: LinkState,
    /// Who of the integrator's people looks after it. Until it is live or cancelled.
    pub assignee: Option<String>,
    /// Until when nobody needs to look; over as soon as status or step change.
    pub snoozed_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// What is happening. "Running" never hides trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Gangway acts.
    Running,
    /// Gangway will act again at a known time.
    Retrying {
        problem: Problem,
        retry_at: DateTime<Utc>,
    },
    /// A person of the tenant must act. While one is signing in at a provider, `look_at` says when
    /// Cyclr is asked again whether they came through.
    Waiting {
        deadline: DateTime<Utc>,
        look_at: Option<DateTime<Utc>>,
    },
    /// A person of the integrator must act.
    Stuck {
        problem: Problem,
    },
    Live,
    Cancelled,
}

/// The durable address of an onboarding's pages. The token in it is derived from these, never kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkState {
    /// Raised to end every link made before.
    pub generation: i32,
    pub expires_at: DateTime<Utc>,
}

impl Status {
    /// Stored names, in the order in which people read them.
    pub const NAMES: [&'static str; 6] =
        ["running", "retrying", "waiting", "stuck", "live", "cancelled"];

    pub const fn name(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Retrying { .. } => "retrying",
            Self::Waiting { .. } => "waiting",
            Self::Stuck { .. } => "stuck",
            Self::Live => "live",
            Self::Cancelled => "cancelled",
        }
    }

    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Live | Self::Cancelled)
    }

    pub const fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Retrying { problem, .. } | Self::Stuck { problem } => Some(problem),
            Self::Running | Self::Waiting { .. } | Self::Live | Self::Cancelled => None,
        }
    }

    /// When it is tried again by itself.
    pub const fn retry_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Retrying { retry_at, .. } => Some(*retry_at),
            Self::Running
            | Self::Waiting { .. }
            | Self::Stuck { .. }
            | Self::Live
            | Self::Cancelled => None,
        }
    }

    pub const fn deadline(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Waiting { deadline, .. } => Some(*deadline),
            Self::Running
            | Self::Retrying { .. }
            | Self::Stuck { .. }
            | Self::Live
            | Self::Cancelled => None,
        }
    }
}

impl Onboarding {
    /// A new one, ready to be driven. `templates` are the blueprint's, in its order.
    pub fn begin(
        (id, reference): (OnboardingId, Reference),
        (tenant, profile): (TenantId, Profile),
        (blueprint, templates): (BlueprintId, Vec<TemplateId>),
        link: LinkState,
        now: DateTime<Utc>,
    ) -> Self {
        let mut facts = Facts::new(templates);
        // Durable with the start, so that the account and its first cycle can be made in one go.
        if let Some(first) = facts.slots.first_mut() {
            first.install = Some(InstallIntent { at: now, doubted_at: None });
        }
        Self {
            id,
            reference,
            tenant,
            blueprint,
            version: 1,
            status: Status::Running,
            since: now,
            tries: 0,
            facts,
            profile,
            link,
            assignee: None,
            snoozed_until: None,
            created_at: now,
        }
    }

    /// Where it stands.
    pub fn step(&self) -> StepKind {
        self.facts.position().0
    }

    /// The one party that must act next.
    pub fn blocker(&self) -> Blocker {
        match &self.status {
            Status::Live => self.problem().map_or(Blocker::None, |problem| problem.code.blocker()),
            Status::Running | Status::Cancelled => Blocker::None,
            Status::Waiting { .. } => {
                self.abandonment().map_or(Blocker::EndUser, Abandonment::blocker)
            }
            Status::Retrying { problem, .. } | Status::Stuck { problem } => problem.code.blocker(),
        }
    }

    /// When a worker should take it next, as far as the state alone decides; `None` for never.
    pub fn due_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match &self.status {
            Status::Running => Some(now),
            Status::Retrying { retry_at, .. } => Some(*retry_at),
            Status::Waiting { look_at, .. } => *look_at,
            Status::Live => Some(self.next_look_at_live()),
            Status::Stuck { .. } | Status::Cancelled => None,
        }
    }
}
