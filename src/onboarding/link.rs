//! What people do with the address of the pages.

use chrono::{DateTime, Utc};

use super::transition::require;
use super::{Event, InvalidTransition, LinkState, Onboarding, Status};

impl Onboarding {
    fn require_pages(&self) -> Result<(), InvalidTransition> {
        require(self.status != Status::Cancelled, "A cancelled onboarding has no link.")
    }

    fn next_generation(&self) -> i32 {
        self.link.generation.saturating_add(1)
    }

    pub(super) fn rotate_link(
        &mut self,
        expires_at: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        self.require_pages()?;
        let generation = self.next_generation();
        self.link = LinkState { generation, expires_at };
        Ok(Event::LinkRotated { generation })
    }

    /// Visits that began with an earlier address end with their generation, at their next request.
    pub(super) fn revoke_link(&mut self, now: DateTime<Utc>) -> Result<Event, InvalidTransition> {
        self.require_pages()?;
        require(self.link.expires_at > now, "The link is over already.")?;
        let generation = self.next_generation();
        self.link = LinkState { generation, expires_at: now };
        Ok(Event::LinkRevoked { generation })
    }

    /// One that is over is not taken up again: it may be over because somebody wanted it to be.
    pub(super) fn extend_link(
        &mut self,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        self.require_pages()?;
        require(self.link.expires_at > now, "The link is over. Rotate it to get another one.")?;
        require(
            expires_at > self.link.expires_at,
            "The link is good for at least as long already.",
        )?;
        self.link.expires_at = expires_at;
        Ok(Event::LinkExtended { expires_at })
    }
}
