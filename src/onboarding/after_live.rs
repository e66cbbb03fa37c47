//! What may be ordered of an onboarding that went live: a look, a new sign-in, a newer blueprint, its end.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::transition::require;
use super::{
    BlueprintId, Connection, Event, InvalidTransition, Limits, Onboarding, Slot, Status, StepKind,
};
use crate::ids::{ConnectorId, CycleId, TemplateId};

/// A cycle of an earlier version of the blueprint. It runs until those that come after it are mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerCycle {
    pub template: TemplateId,
    pub cycle: CycleId,
    /// It was deleted at Cyclr.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

/// Everything of it at Cyclr is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offboarding {
    pub ordered_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<DateTime<Utc>>,
}

/// What was taken away at Cyclr.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    pub cycles: Vec<CycleId>,
    pub connectors: Vec<ConnectorId>,
    pub account: bool,
}

/// A newer version of the same blueprint.
#[derive(Debug, Clone, PartialEq)]
pub struct Upgrade {
    pub to: BlueprintId,
    /// The version's, in its order.
    pub templates: Vec<TemplateId>,
    pub pages_url: Option<Url>,
    /// Until when a link is good, should people be asked something.
    pub link_expires_at: DateTime<Utc>,
    pub reason: String,
}

impl Onboarding {
    /// Whether everything of it is being taken away, or was.
    pub fn is_offboarded(&self) -> bool {
        self.facts.offboarding.is_some()
    }

    /// Looks now, and compares everything.
    pub(super) fn check(&mut self, reason: Option<String>, now: DateTime<Utc>) -> Event {
        let life = self.life();
        (life.look_at, life.compare_next) = (now, true);
        Event::CheckOrdered { reason }
    }

    /// Asks for a sign-in again although Cyclr has one: the one it has is given up first, for nothing else
    /// would show that a new one was made.
    pub(super) fn reauthorize(
        &mut self,
        connector: Option<ConnectorId>,
        reason: String,
        link_expires_at: DateTime<Utc>,
        (limits, now): (&Limits, DateTime<Utc>),
    ) -> Result<Event, InvalidTransition> {
        let asked = |c: &Connection| connector.is_none_or(|named| named == c.connector);
        let mut connectors = Vec::new();
        for connection in self.facts.connections.iter_mut().filter(|c| asked(c)) {
            if connection.needs_person() && connection.authenticated.stands() {
                connection.to_renew = true;
                connectors.push(connection.connector);
            }
        }
        require(
            !connectors.is_empty(),
            "There is no connection of that kind that a person has to sign in to.",
        )?;
        self.reopen(now);
        self.link.expires_at = self.link.expires_at.max(link_expires_at);
        self.settle(limits, now);
        Ok(Event::ReauthorizationRequired { connectors, reason: Some(reason) })
    }

    /// Goes on to a newer version: what it has in common with the old one stays, what is new is installed, and
    /// what is left over runs until the new is mapped.
    pub(super) fn upgrade(
        &mut self,
        upgrade: Upgrade,
        (limits, now): (&Limits, DateTime<Utc>),
    ) -> Result<Event, InvalidTransition> {
        let Upgrade { to, templates, pages_url, link_expires_at, reason } = upgrade;
        require(to.key == self.blueprint.key, "That is a version of another blueprint.")?;
        require(
            to.version > self.blueprint.version,
            "It has that version or a newer one already.",
        )?;
        let mut old = std::mem::take(&mut self.facts.slots);
        for template in templates {
            let same =
                old.iter().position(|slot| slot.template == template && !slot.is_done_with());
            self.facts.slots.push(same.map_or_else(
                || Slot::new(template),
                |place| {
                    let mut slot = old.remove(place);
                    slot.forget_mapping();
                    slot.active.note(false);
                    slot
                },
            ));
        }
        let left = old.iter().flat_map(|slot| {
            let former = |cycle: &CycleId, retired| FormerCycle {
                template: slot.template,
                cycle: *cycle,
                retired,
            };
            // What was disowned is seen to already.
            let gone = slot.disowned.iter().map(move |cycle| former(cycle, true));
            slot.cycle.iter().map(move |cycle| former(cycle, false)).chain(gone)
        });
        self.facts.former.extend(left);
        self.facts.upgrades = self.facts.upgrades.saturating_add(1);
        let from = std::mem::replace(&mut self.blueprint, to).version;
        self.profile.pages_url = pages_url;
        let life = self.life();
        life.problem = None;
        life.differences.clear();
        self.link.expires_at = self.link.expires_at.max(link_expires_at);
        self.tries = 0;
        self.status = Status::Running;
        self.settle(limits, now);
        Ok(Event::UpgradeOrdered { from, to: self.blueprint.version, reason })
    }

    /// Takes everything away at Cyclr. What a worker may be making this very moment is looked for.
    pub(super) fn offboard(
        &mut self,
        reason: String,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Event {
        if matches!(self.status, Status::Running | Status::Retrying { .. }) {
            self.doubt(now);
        }
        self.facts.offboarding = Some(Offboarding { ordered_at: now, done_at: None });
        self.tries = 0;
        self.link.generation = self.link.generation.saturating_add(1);
        self.link.expires_at = self.link.expires_at.min(now);
        self.settle(limits, now);
        Event::OffboardOrdered { reason }
    }

    pub(super) fn note_removed(&mut self, removed: Removed, now: DateTime<Utc>) -> Event {
        if let Some(offboarding) = &mut self.facts.offboarding {
            offboarding.done_at.get_or_insert(now);
        }
        let Removed { cycles, connectors, account } = removed;
        Event::Offboarded { cycles, connectors, account }
    }

    pub(super) fn require_live(&self) -> Result<(), InvalidTransition> {
        require(self.status == Status::Live, "Only a live onboarding can be told that.")
    }

    pub(super) fn may_offboard(&self) -> Result<(), InvalidTransition> {
        require(self.status != Status::Cancelled, "A cancelled onboarding stays as it is.")?;
        require(self.step() != StepKind::Offboard, "Everything of it is being taken away already.")
    }
}

impl Slot {
    /// Its single run was ordered, or staff let it rest: it is not started again.
    pub(super) fn is_done_with(&self) -> bool {
        self.runs_once || self.at_rest.stands()
    }

    pub(super) fn is_failing(&self) -> bool {
        !self.at_rest.stands() && self.runs.as_ref().is_some_and(|runs| runs.failing)
    }

    pub(super) fn has_succeeded(&self) -> bool {
        self.runs.as_ref().is_some_and(|runs| runs.last_success_at.is_some())
    }

    pub(super) fn forget_mapping(&mut self) {
        self.mapped.note(false);
        self.mapping_skipped.note(false);
        self.questions.clear();
    }

    /// Its cycle is gone for good: another one takes its place.
    pub(super) fn begin_anew(&mut self) {
        self.disowned.extend(self.cycle.take());
        (self.seen_paused_at, self.chosen, self.runs) = (None, None, None);
        self.candidates.clear();
        self.forget_mapping();
        self.active.note(false);
        self.activation_doubted.note(false);
    }
}
