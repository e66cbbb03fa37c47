//! What the journal keeps of a change: enough for support to tell the story without reading code.

use serde::{Deserialize, Serialize};

use super::Origin;
use crate::ids::{AccountId, ConnectorId, CycleId};

/// Stored as `kind` and a JSON detail. Kinds and fields are added, never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    Started,
    AccountReady { account: AccountId, origin: Origin },
    Installed { template: usize, cycle: CycleId, origin: Origin },
    ConnectionsSeen { connected: Vec<ConnectorId>, lost: Vec<ConnectorId> },
    QuestionsAsked { template: usize, open: usize },
    Mapped { template: usize },
    Unmapped { template: usize },
    Activated { template: usize },
    RetryPlanned { problem: String, detail: Option<String>, tries: u32, after_seconds: i64 },
    BecameStuck { problem: String, detail: Option<String> },
    AttemptOpened { connector: ConnectorId },
    CredentialGiven { connector: ConnectorId },
    Answered { questions: Vec<String> },
    LookOrdered,
    RetryOrdered,
    LinkRotated { generation: i32 },
    Cancelled { reason: String },
}

impl Event {
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
            Self::BecameStuck { .. } => "became_stuck",
            Self::AttemptOpened { .. } => "attempt_opened",
            Self::CredentialGiven { .. } => "credential_given",
            Self::Answered { .. } => "answered",
            Self::LookOrdered => "look_ordered",
            Self::RetryOrdered => "retry_ordered",
            Self::LinkRotated { .. } => "link_rotated",
            Self::Cancelled { .. } => "cancelled",
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
