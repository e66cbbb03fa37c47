//! What may be ordered of an onboarding as it stands: asked by `obey` before it obeys, and shown to
//! people so that they are offered nothing else.

use chrono::{DateTime, Utc};

use super::transition::{no, require};
use super::{Connection, InvalidTransition, Onboarding, Status, StepKind};

/// What staff or the integrator may want. As shown to integrators: names are added, never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Retry,
    Answer,
    Adopt,
    Skip,
    RestartFrom,
    Cancel,
    RotateLink,
    RevokeLink,
    ExtendLink,
    Note,
    Assign,
    Snooze,
    Check,
    Reauthorize,
    SettleDrift,
    Upgrade,
    Offboard,
}

impl Action {
    pub const ALL: [Self; 17] = [
        Self::Retry,
        Self::Answer,
        Self::Adopt,
        Self::Skip,
        Self::RestartFrom,
        Self::Cancel,
        Self::RotateLink,
        Self::RevokeLink,
        Self::ExtendLink,
        Self::Note,
        Self::Assign,
        Self::Snooze,
        Self::Check,
        Self::Reauthorize,
        Self::SettleDrift,
        Self::Upgrade,
        Self::Offboard,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Answer => "answer",
            Self::Adopt => "adopt",
            Self::Skip => "skip",
            Self::RestartFrom => "restart_from",
            Self::Cancel => "cancel",
            Self::RotateLink => "rotate_link",
            Self::RevokeLink => "revoke_link",
            Self::ExtendLink => "extend_link",
            Self::Note => "note",
            Self::Assign => "assign",
            Self::Snooze => "snooze",
            Self::Check => "check",
            Self::Reauthorize => "reauthorize",
            Self::SettleDrift => "settle_drift",
            Self::Upgrade => "upgrade",
            Self::Offboard => "offboard",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

impl Onboarding {
    /// Whether this state allows the action at all; why not, for whoever wants it. What the action
    /// names (a candidate, a connection, a time) may still be refused.
    pub fn may(&self, action: Action, now: DateTime<Utc>) -> Result<(), InvalidTransition> {
        match action {
            Action::Note => Ok(()),
            Action::Assign | Action::Snooze => require(
                !self.status.is_terminal() || self.problem().is_some(),
                "Nobody has to look after it: it is live and well, or cancelled.",
            ),
            Action::Cancel => {
                self.require_open()?;
                require(
                    !self.was_live() || self.is_offboarded(),
                    "It was live. Offboard it to take it away.",
                )
            }
            Action::Check | Action::Upgrade => self.require_live(),
            Action::Reauthorize => {
                self.require_live()?;
                let to_person = |c: &Connection| c.needs_person() && c.authenticated.stands();
                require(
                    self.facts.connections.iter().any(to_person),
                    "It has no connection that a person signs in to.",
                )
            }
            Action::SettleDrift => {
                self.require_live()?;
                let differences = self.facts.life.iter().flat_map(|life| &life.differences);
                require(differences.count() > 0, "Cyclr has everything as it is on record here.")
            }
            Action::Offboard => self.may_offboard(),
            Action::Retry => require(
                matches!(self.status, Status::Stuck { .. } | Status::Retrying { .. }),
                "Only a stuck or retrying onboarding can be retried.",
            ),
            Action::Answer => self.may_answer(),
            Action::Adopt => require(
                !self.candidates().is_empty(),
                "It is not unclear which cycle belongs to this onboarding.",
            ),
            Action::Skip => self.may_skip(),
            Action::RestartFrom => {
                self.require_open()?;
                require(!self.is_offboarded(), "Everything of it is being taken away.")?;
                require(
                    self.step() != StepKind::CreateAccount,
                    "Its account is not there yet, so there is nothing to go back to.",
                )
            }
            Action::RotateLink => self.require_pages(),
            Action::RevokeLink => {
                self.require_pages()?;
                require(self.link.expires_at > now, "The link is over already.")
            }
            Action::ExtendLink => {
                self.require_pages()?;
                require(
                    self.link.expires_at > now,
                    "The link is over. Rotate it to get another one.",
                )
            }
        }
    }

    pub fn allowed_actions(&self, now: DateTime<Utc>) -> impl Iterator<Item = Action> {
        Action::ALL.into_iter().filter(move |action| self.may(*action, now).is_ok())
    }

    fn require_open(&self) -> Result<(), InvalidTransition> {
        require(!self.status.is_terminal(), "A live or cancelled onboarding stays as it is.")
    }

    fn require_pages(&self) -> Result<(), InvalidTransition> {
        require(
            self.status != Status::Cancelled && !self.is_offboarded(),
            "A cancelled onboarding has no link.",
        )
    }

    /// Once asked, answers can be put right until it is live.
    fn may_answer(&self) -> Result<(), InvalidTransition> {
        self.require_open()?;
        let asked = self.facts.questions().next().is_some();
        let here = match self.step() {
            StepKind::Map | StepKind::Activate => asked,
            StepKind::CreateAccount
            | StepKind::Install
            | StepKind::Connect
            | StepKind::Live
            | StepKind::Offboard => false,
        };
        require(here, "Nothing is asked right now.")
    }

    fn may_skip(&self) -> Result<(), InvalidTransition> {
        self.require_open()?;
        match self.step() {
            StepKind::Connect | StepKind::Map => Ok(()),
            StepKind::CreateAccount | StepKind::Install => {
                Err(no("Without an account and its cycles there is nothing to go on with."))
            }
            StepKind::Offboard => Err(no("Everything of it is being taken away.")),
            StepKind::Activate | StepKind::Live => Err(no(
                "An activation cannot be skipped: activate the cycle at Cyclr and retry, and it \
                 will be seen.",
            )),
        }
    }
}
