//! What the journal keeps of a change: enough for support to tell the story without reading code.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Facts, Origin, ProviderWord};
use crate::ids::{AccountId, ConnectorId, CycleId};

/// Stored as `kind` and a JSON detail. Kinds and fields are added, never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    Started,
    AccountReady {
        account: AccountId,
        origin: Origin,
    },
    Installed {
        template: usize,
        cycle: CycleId,
        origin: Origin,
        /// It was unclear whether an earlier call had taken effect; this settled it.
        #[serde(default, skip_serializing_if = "is_false")]
        after_doubt: bool,
        /// The account connectors that came with it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        connectors: Vec<ConnectorId>,
    },
    ConnectionsSeen {
        connected: Vec<ConnectorId>,
        lost: Vec<ConnectorId>,
        /// The time of a sign-in ended, and it had not come through.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unfinished: Vec<ConnectorId>,
    },
    QuestionsAsked {
        template: usize,
        open: usize,
    },
    Mapped {
        template: usize,
        /// Surplus cycles that were deleted on the way.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        retired: Vec<CycleId>,
    },
    Unmapped {
        template: usize,
    },
    Activated {
        template: usize,
        #[serde(default, skip_serializing_if = "is_false")]
        after_doubt: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        retired: Vec<CycleId>,
    },
    RetryPlanned {
        problem: String,
        detail: Option<String>,
        tries: u32,
        after_seconds: i64,
        /// A change may have taken effect at Cyclr; it is looked for before anything is repeated.
        #[serde(default, skip_serializing_if = "is_false")]
        doubted: bool,
    },
    /// All calls to Cyclr are held back for a while; no try was spent.
    HeldBack {
        problem: String,
        detail: Option<String>,
        after_seconds: i64,
    },
    BecameStuck {
        problem: String,
        detail: Option<String>,
    },
    AttemptOpened {
        connector: ConnectorId,
    },
    CredentialGiven {
        connector: ConnectorId,
    },
    /// What a connector needs before a person can sign in to it.
    DetailsGiven {
        connector: ConnectorId,
    },
    Answered {
        questions: Vec<String>,
    },
    LookOrdered,
    /// A person of the tenant had the pages before them for the first time.
    Opened,
    /// The browser that set out came back, perhaps with what the provider said.
    CameBack {
        connector: ConnectorId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<ProviderWord>,
    },
    /// A colleague was asked to make a connection; or not any more.
    HandedOver {
        connector: ConnectorId,
        to_colleague: bool,
    },
    /// An administrator has to approve it at the provider; or has not any more.
    ApprovalAsked {
        connector: ConnectorId,
        wanted: bool,
    },
    /// Somebody holds a link that has ended, and asks for a new one.
    LinkWanted,
    RetryOrdered {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Staff passed over what was open at this step.
    Skipped {
        step: String,
        template: usize,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        connectors: Vec<ConnectorId>,
        reason: String,
    },
    Restarted {
        from: String,
        #[serde(default, skip_serializing_if = "is_false")]
        ask_again: bool,
        reason: String,
    },
    /// Who looks after it; none: nobody any more.
    Assigned {
        assignee: Option<String>,
    },
    /// Until when nobody needs to look; none: at once again.
    Snoozed {
        until: Option<DateTime<Utc>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    CandidateChosen {
        template: usize,
        cycle: CycleId,
        reason: String,
    },
    /// A worker whose result came too late had made this cycle; it is not to be used.
    CycleDisowned {
        template: usize,
        cycle: CycleId,
    },
    /// And it was deleted at Cyclr, never having run.
    CycleRetired {
        template: usize,
        cycle: CycleId,
    },
    LinkRotated {
        generation: i32,
    },
    LinkRevoked {
        generation: i32,
    },
    LinkExtended {
        expires_at: DateTime<Utc>,
    },
    Noted {
        text: String,
    },
    Cancelled {
        reason: String,
    },
    /// A live one is to be looked at now.
    CheckOrdered {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A live one fares otherwise than before.
    HealthChanged {
        health: String,
        problem: Option<String>,
        detail: Option<String>,
    },
    /// Cyclr told of a failed run.
    RunFailed {
        template: usize,
        message: String,
    },
    /// The tenant's people have to sign in again: a sign-in was lost, or it was ordered.
    ReauthorizationRequired {
        connectors: Vec<ConnectorId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// What became of a difference between Cyclr and the record.
    DriftSettled {
        difference: String,
        choice: String,
        reason: String,
    },
    UpgradeOrdered {
        from: i32,
        to: i32,
        reason: String,
    },
    OffboardOrdered {
        reason: String,
    },
    /// What it had at Cyclr was taken away.
    Offboarded {
        cycles: Vec<CycleId>,
        connectors: Vec<ConnectorId>,
        /// Whether the account went, too.
        account: bool,
    },
    /// What was known of people was erased; `everything`: also what mapping rules read.
    Erased {
        #[serde(default, skip_serializing_if = "is_false")]
        everything: bool,
    },
    /// The database was put back to an older state: what Cyclr has is looked for before anything is made.
    LooksFirst,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A connection was made, as integrators are told.
const CONNECTED: &str = "connection.succeeded";
/// A connection was not made, or was lost.
const NOT_CONNECTED: &str = "connection.failed";
/// A live one is well, or well again; it is not any more.
const HEALTHY: &str = "onboarding.healthy";
const UNHEALTHY: &str = "onboarding.unhealthy";
/// What it had at Cyclr was taken away.
const OFFBOARDED: &str = "onboarding.offboarded";
/// A person asks for a new link, which the integrator sends.
const LINK_WANTED: &str = "onboarding.link_requested";

impl Event {
    /// What the integrator is told because of it, beside a change of status; `facts` are those that it led
    /// to.
    pub fn messages(&self, facts: &Facts) -> Vec<&'static str> {
        match self {
            Self::ConnectionsSeen { connected, lost, unfinished } => {
                let made = (!connected.is_empty()).then_some(CONNECTED);
                let failed = !lost.is_empty() || !unfinished.is_empty();
                made.into_iter().chain(failed.then_some(NOT_CONNECTED)).collect()
            }
            Self::LinkWanted => vec![LINK_WANTED],
            Self::ReauthorizationRequired { .. } => vec![NOT_CONNECTED],
            Self::HealthChanged { problem: Some(_), .. } => vec![UNHEALTHY],
            Self::HealthChanged { problem: None, .. } => vec![HEALTHY],
            Self::Offboarded { .. } => vec![OFFBOARDED],
            Self::CredentialGiven { connector } => {
                let connection = facts.connection(*connector);
                let made = connection.is_some_and(|known| known.authenticated.stands());
                vec![if made { CONNECTED } else { NOT_CONNECTED }]
            }
            Self::Started
            | Self::AccountReady { .. }
            | Self::Installed { .. }
            | Self::QuestionsAsked { .. }
            | Self::Mapped { .. }
            | Self::Unmapped { .. }
            | Self::Activated { .. }
            | Self::RetryPlanned { .. }
            | Self::HeldBack { .. }
            | Self::BecameStuck { .. }
            | Self::AttemptOpened { .. }
            | Self::DetailsGiven { .. }
            | Self::Answered { .. }
            | Self::LookOrdered
            | Self::Opened
            | Self::CameBack { .. }
            | Self::HandedOver { .. }
            | Self::ApprovalAsked { .. }
            | Self::RetryOrdered { .. }
            | Self::Skipped { .. }
            | Self::Restarted { .. }
            | Self::Assigned { .. }
            | Self::Snoozed { .. }
            | Self::CandidateChosen { .. }
            | Self::CycleDisowned { .. }
            | Self::CycleRetired { .. }
            | Self::LinkRotated { .. }
            | Self::LinkRevoked { .. }
            | Self::LinkExtended { .. }
            | Self::Noted { .. }
            | Self::CheckOrdered { .. }
            | Self::RunFailed { .. }
            | Self::DriftSettled { .. }
            | Self::UpgradeOrdered { .. }
            | Self::OffboardOrdered { .. }
            | Self::Cancelled { .. }
            | Self::Erased { .. }
            | Self::LooksFirst => Vec::new(),
        }
    }

    /// As stored. Pinned by a test against the serialised form.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::AccountReady { .. } => "account_ready",
            Self::Installed { .. } => "installed",
            Self::ConnectionsSeen { .. } => "connections_seen",
            Self::QuestionsAsked { .. } => "questions_asked",
            Self::Mapped { .. } => "mapped",
            Self::Unmapped { .. } => "unmapped",
            Self::Activated { .. } => "activated",
            Self::RetryPlanned { .. } => "retry_planned",
            Self::HeldBack { .. } => "held_back",
            Self::BecameStuck { .. } => "became_stuck",
            Self::AttemptOpened { .. } => "attempt_opened",
            Self::CredentialGiven { .. } => "credential_given",
            Self::DetailsGiven { .. } => "details_given",
            Self::Answered { .. } => "answered",
            Self::LookOrdered => "look_ordered",
            Self::Opened => "opened",
            Self::CameBack { .. } => "came_back",
            Self::HandedOver { .. } => "handed_over",
            Self::ApprovalAsked { .. } => "approval_asked",
            Self::LinkWanted => "link_wanted",
            Self::RetryOrdered { .. } => "retry_ordered",
            Self::Skipped { .. } => "skipped",
            Self::Restarted { .. } => "restarted",
            Self::Assigned { .. } => "assigned",
            Self::Snoozed { .. } => "snoozed",
            Self::CandidateChosen { .. } => "candidate_chosen",
            Self::CycleDisowned { .. } => "cycle_disowned",
            Self::CycleRetired { .. } => "cycle_retired",
            Self::LinkRotated { .. } => "link_rotated",
            Self::LinkRevoked { .. } => "link_revoked",
            Self::LinkExtended { .. } => "link_extended",
            Self::Noted { .. } => "noted",
            Self::Cancelled { .. } => "cancelled",
            Self::CheckOrdered { .. } => "check_ordered",
            Self::HealthChanged { .. } => "health_changed",
            Self::RunFailed { .. } => "run_failed",
            Self::ReauthorizationRequired { .. } => "reauthorization_required",
            Self::DriftSettled { .. } => "drift_settled",
            Self::UpgradeOrdered { .. } => "upgrade_ordered",
            Self::OffboardOrdered { .. } => "offboard_ordered",
            Self::Offboarded { .. } => "offboarded",
            Self::Erased { .. } => "erased",
            Self::LooksFirst => "looks_first",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_carries_the_kind() {
        for event in [
            Event::Started,
            Event::LookOrdered,
            Event::QuestionsAsked { template: 0, open: 2 },
            Event::AttemptOpened { connector: ConnectorId(51) },
            Event::Cancelled { reason: "asked to".into() },
        ] {
            let stored = serde_json::to_value(&event).unwrap();
            assert_eq!(stored["kind"], event.kind());
            assert_eq!(serde_json::from_value::<Event>(stored).unwrap(), event);
        }
    }
}
