//! What can be ordered of many onboardings at once, as it is stored until the last of them was told.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Action, BlueprintId, Command, Restart, RestartStep, Upgrade};
use crate::ids::{BlueprintKey, ConnectorId, TemplateId};

/// Names are added, never changed. Times are fixed when it is ordered: those that are told late are told
/// the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum BulkCommand {
    Retry {
        reason: Option<String>,
    },
    Skip {
        connector: Option<ConnectorId>,
        reason: String,
    },
    RestartFrom {
        step: RestartStep,
        ask_again: bool,
        reason: String,
    },
    Cancel {
        reason: String,
    },
    RotateLink {
        expires_at: DateTime<Utc>,
    },
    RevokeLink,
    ExtendLink {
        expires_at: DateTime<Utc>,
    },
    Note {
        text: String,
    },
    Assign {
        assignee: Option<String>,
    },
    Snooze {
        until: Option<DateTime<Utc>>,
        reason: Option<String>,
    },
    Check {
        reason: Option<String>,
    },
    Reauthorize {
        connector: Option<ConnectorId>,
        reason: String,
        link_expires_at: DateTime<Utc>,
    },
    Upgrade {
        blueprint: BlueprintKey,
        version: i32,
        templates: Vec<TemplateId>,
        #[serde(default)]
        pages_url: Option<Url>,
        link_expires_at: DateTime<Utc>,
        reason: String,
    },
    Offboard {
        reason: String,
    },
}

impl BulkCommand {
    /// `None` for what is about one onboarding alone: its answers, its candidates, its people.
    pub fn of(command: Command) -> Option<Self> {
        Some(match command {
            Command::Retry { reason } => Self::Retry { reason },
            Command::Skip { connector, reason } => Self::Skip { connector, reason },
            Command::RestartFrom(Restart { from, ask_again, reason }) => {
                Self::RestartFrom { step: from, ask_again, reason }
            }
            Command::Cancel { reason } => Self::Cancel { reason },
            Command::RotateLink { expires_at } => Self::RotateLink { expires_at },
            Command::RevokeLink => Self::RevokeLink,
            Command::ExtendLink { expires_at } => Self::ExtendLink { expires_at },
            Command::Note { text } => Self::Note { text },
            Command::Assign { assignee } => Self::Assign { assignee },
            Command::Snooze { until, reason } => Self::Snooze { until, reason },
            Command::Check { reason } => Self::Check { reason },
            Command::Reauthorize { connector, reason, link_expires_at } => {
                Self::Reauthorize { connector, reason, link_expires_at }
            }
            Command::Upgrade(Upgrade { to, templates, pages_url, link_expires_at, reason }) => {
                let (blueprint, version) = (to.key, to.version);
                Self::Upgrade { blueprint, version, templates, pages_url, link_expires_at, reason }
            }
            Command::Offboard { reason } => Self::Offboard { reason },
            Command::OpenAttempt { .. }
            | Command::CredentialGiven(_)
            | Command::Answer(_)
            | Command::Correct(_)
            | Command::LookNow
            | Command::CameBack { .. }
            | Command::Opened
            | Command::HandOver { .. }
            | Command::AskApproval { .. }
            | Command::WantLink
            | Command::ChooseCandidate { .. }
            | Command::Disown { .. }
            | Command::SettleDrift { .. }
            | Command::HearOfError { .. }
            | Command::NoteRetired { .. } => return None,
        })
    }

    /// What each of them is told.
    pub fn command(&self) -> Command {
        match self.clone() {
            Self::Retry { reason } => Command::Retry { reason },
            Self::Skip { connector, reason } => Command::Skip { connector, reason },
            Self::RestartFrom { step, ask_again, reason } => {
                Command::RestartFrom(Restart { from: step, ask_again, reason })
            }
            Self::Cancel { reason } => Command::Cancel { reason },
            Self::RotateLink { expires_at } => Command::RotateLink { expires_at },
            Self::RevokeLink => Command::RevokeLink,
            Self::ExtendLink { expires_at } => Command::ExtendLink { expires_at },
            Self::Note { text } => Command::Note { text },
            Self::Assign { assignee } => Command::Assign { assignee },
            Self::Snooze { until, reason } => Command::Snooze { until, reason },
            Self::Check { reason } => Command::Check { reason },
            Self::Reauthorize { connector, reason, link_expires_at } => {
                Command::Reauthorize { connector, reason, link_expires_at }
            }
            Self::Upgrade { blueprint, version, templates, pages_url, link_expires_at, reason } => {
                let to = BlueprintId { key: blueprint, version };
                Command::Upgrade(Upgrade { to, templates, pages_url, link_expires_at, reason })
            }
            Self::Offboard { reason } => Command::Offboard { reason },
        }
    }

    /// What each of them has to allow.
    pub const fn action(&self) -> Action {
        match self {
            Self::Retry { .. } => Action::Retry,
            Self::Skip { .. } => Action::Skip,
            Self::RestartFrom { .. } => Action::RestartFrom,
            Self::Cancel { .. } => Action::Cancel,
            Self::RotateLink { .. } => Action::RotateLink,
            Self::RevokeLink => Action::RevokeLink,
            Self::ExtendLink { .. } => Action::ExtendLink,
            Self::Note { .. } => Action::Note,
            Self::Assign { .. } => Action::Assign,
            Self::Snooze { .. } => Action::Snooze,
            Self::Check { .. } => Action::Check,
            Self::Reauthorize { .. } => Action::Reauthorize,
            Self::Upgrade { .. } => Action::Upgrade,
            Self::Offboard { .. } => Action::Offboard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_what_was_ordered() {
        let at = DateTime::UNIX_EPOCH;
        let reason = || "why".to_owned();
        for (command, stored) in [
            (Command::Retry { reason: None }, r#"{"action":"retry","reason":null}"#),
            (
                Command::Skip { connector: Some(ConnectorId(7)), reason: reason() },
                r#"{"action":"skip","connector":7,"reason":"why"}"#,
            ),
            (
                Command::RestartFrom(Restart {
                    from: RestartStep::Map,
                    ask_again: true,
                    reason: reason(),
                }),
                r#"{"action":"restart_from","step":"map","ask_again":true,"reason":"why"}"#,
            ),
            (Command::Cancel { reason: reason() }, r#"{"action":"cancel","reason":"why"}"#),
            (
                Command::RotateLink { expires_at: at },
                r#"{"action":"rotate_link","expires_at":"1970-01-01T00:00:00Z"}"#,
            ),
            (Command::RevokeLink, r#"{"action":"revoke_link"}"#),
            (
                Command::ExtendLink { expires_at: at },
                r#"{"action":"extend_link","expires_at":"1970-01-01T00:00:00Z"}"#,
            ),
            (Command::Note { text: reason() }, r#"{"action":"note","text":"why"}"#),
            (Command::Assign { assignee: None }, r#"{"action":"assign","assignee":null}"#),
            (
                Command::Snooze { until: None, reason: None },
                r#"{"action":"snooze","until":null,"reason":null}"#,
            ),
        ] {
            let bulk = BulkCommand::of(command.clone()).unwrap();
            assert_eq!(serde_json::to_string(&bulk).unwrap(), stored);
            let read: BulkCommand = serde_json::from_str(stored).unwrap();
            assert_eq!(read.command(), command);
            assert_eq!(Some(read.action()), command.action());
        }
    }
}
