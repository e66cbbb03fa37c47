//! Where people stopped, told from what they did and never from a guess about time.

use serde::{Deserialize, Serialize};

use super::{Blocker, Connection, Onboarding, ProviderWord, Status, StepKind};

/// Why an onboarding waits for a person, as far as there is evidence. Stored names: added, never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Abandonment {
    /// Nobody has had the pages before them.
    NotOpened,
    /// Somebody has, and began nothing.
    OpenedNotStarted,
    /// Somebody set out to sign in, and did not come back.
    LeftAtProvider,
    /// The provider says that access was refused.
    Denied,
    /// An administrator or a colleague of theirs has to act.
    NeedsAdmin,
    /// Somebody came back, and Cyclr has no sign-in of theirs.
    ReturnedUnverified,
    /// The accounts are connected, and nobody has confirmed the answers.
    MappingIdle,
}

impl Abandonment {
    pub const ALL: [Self; 7] = [
        Self::NotOpened,
        Self::OpenedNotStarted,
        Self::LeftAtProvider,
        Self::Denied,
        Self::NeedsAdmin,
        Self::ReturnedUnverified,
        Self::MappingIdle,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::NotOpened => "not_opened",
            Self::OpenedNotStarted => "opened_not_started",
            Self::LeftAtProvider => "left_at_provider",
            Self::Denied => "denied",
            Self::NeedsAdmin => "needs_admin",
            Self::ReturnedUnverified => "returned_unverified",
            Self::MappingIdle => "mapping_idle",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Who must act next while it waits like that.
    pub const fn blocker(self) -> Blocker {
        match self {
            Self::NeedsAdmin => Blocker::CustomerAdmin,
            Self::NotOpened
            | Self::OpenedNotStarted
            | Self::LeftAtProvider
            | Self::Denied
            | Self::ReturnedUnverified
            | Self::MappingIdle => Blocker::EndUser,
        }
    }
}

impl Onboarding {
    /// `None` while it waits for nobody, and while somebody may be signing in this very moment. Changes with
    /// the facts only, so that lists and counters can keep it.
    pub fn abandonment(&self) -> Option<Abandonment> {
        if !matches!(self.status, Status::Waiting { .. }) {
            return None;
        }
        match self.step() {
            StepKind::Connect => self.stopped_connecting(),
            StepKind::Map if self.has_begun() => Some(Abandonment::MappingIdle),
            StepKind::Map
            | StepKind::CreateAccount
            | StepKind::Install
            | StepKind::Activate
            | StepKind::Live
            | StepKind::Offboard => Some(Abandonment::NotOpened),
        }
    }

    fn stopped_connecting(&self) -> Option<Abandonment> {
        let next = self.next_connection()?;
        if next.is_for_admin() {
            return Some(Abandonment::NeedsAdmin);
        }
        let Some(attempt) = next.attempt else {
            return Some(if self.has_begun() {
                Abandonment::OpenedNotStarted
            } else {
                Abandonment::NotOpened
            });
        };
        match attempt.said {
            Some(ProviderWord::Denied) => return Some(Abandonment::Denied),
            Some(ProviderWord::NeedsAdmin) => return Some(Abandonment::NeedsAdmin),
            Some(ProviderWord::Trouble) | None => {}
        }
        if !attempt.over {
            return None;
        }
        Some(if attempt.came_back_at.is_some() {
            Abandonment::ReturnedUnverified
        } else {
            Abandonment::LeftAtProvider
        })
    }

    /// Whether a person of the tenant was ever here.
    fn has_begun(&self) -> bool {
        let facts = &self.facts;
        facts.opened_at.is_some()
            || !facts.answers.is_empty()
            || facts.connections.iter().any(|connection| {
                let by_person = connection.needs_person() && !connection.found_connected;
                connection.attempt.is_some()
                    || (by_person && !connection.authenticated.is_untouched())
            })
    }

    /// The connection that is next: one at a time, in the order in which the templates brought them.
    pub fn next_connection(&self) -> Option<&Connection> {
        self.facts.connections.iter().find(|connection| connection.waits_for_person())
    }
}
