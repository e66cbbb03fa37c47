//! What people do with the address of the pages.

use chrono::{DateTime, Utc};

use super::transition::require;
use super::{Blocker, Event, InvalidTransition, LinkState, Onboarding, Status, StepKind};

impl Onboarding {
    /// Whether people may be given the link. Not once it is over; and not while nothing can be done with
    /// it, because the integrator has to put something right before anybody's account can be connected.
    pub fn offers_link(&self, now: DateTime<Utc>) -> bool {
        let cannot_begin = match self.step() {
            StepKind::CreateAccount | StepKind::Install => {
                matches!(self.status, Status::Stuck { .. }) && self.blocker() == Blocker::Integrator
            }
            StepKind::Connect
            | StepKind::Map
            | StepKind::Activate
            | StepKind::Live
            | StepKind::Offboard => false,
        };
        self.link.expires_at > now && !cannot_begin
    }

    fn next_generation(&self) -> i32 {
        self.link.generation.saturating_add(1)
    }

    pub(super) fn rotate_link(&mut self, expires_at: DateTime<Utc>) -> Event {
        let generation = self.next_generation();
        self.link = LinkState { generation, expires_at };
        Event::LinkRotated { generation }
    }

    /// Visits that began with an earlier address end with their generation, at their next request.
    pub(super) fn revoke_link(&mut self, now: DateTime<Utc>) -> Event {
        let generation = self.next_generation();
        self.link = LinkState { generation, expires_at: now };
        Event::LinkRevoked { generation }
    }

    /// One that is over is not taken up again: it may be over because somebody wanted it to be.
    pub(super) fn extend_link(
        &mut self,
        expires_at: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        require(
            expires_at > self.link.expires_at,
            "The link is good for at least as long already.",
        )?;
        self.link.expires_at = expires_at;
        Ok(Event::LinkExtended { expires_at })
    }
}
