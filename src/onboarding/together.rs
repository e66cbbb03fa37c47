//! Two steps under one commit: which may be run one after the other before anything is kept.
//!
//! A commit between two steps is there for whoever takes over after a death in between. Where that
//! worker finds from the earlier state all that both steps may have done, one commit less is enough.

use super::{Blueprint, Onboarding, Origin, Status, StepKind, Transition};

impl Transition {
    /// Whether the next step can be run at once and its result be kept together with this one.
    ///
    /// - The account and its first cycle: the intent to install is durable since the start, and a
    ///   takeover that finds the account made doubts that install too.
    /// - The last mapping and the first activation: what is mapped already is not written again, and
    ///   after a takeover a cycle is read before it is activated. Not for one that runs a single
    ///   time: its order is never given before everything until then is kept.
    pub fn can_wait_for_next(&self, from: &Onboarding, blueprint: &Blueprint) -> bool {
        // A run that begins at a retry or ends in one is told by itself.
        if from.status != Status::Running || self.to.status != Status::Running {
            return false;
        }
        let (next, slot) = self.to.facts.position();
        match (from.step(), next) {
            (StepKind::CreateAccount, StepKind::Install) => {
                from.facts.slots.get(slot).is_some_and(|slot| slot.install.is_some())
            }
            (StepKind::Map, StepKind::Activate) => {
                blueprint.templates.get(slot).is_some_and(|template| !template.schedule.run_once)
            }
            (
                StepKind::CreateAccount
                | StepKind::Install
                | StepKind::Connect
                | StepKind::Map
                | StepKind::Activate
                | StepKind::Live
                | StepKind::Offboard,
                _,
            ) => false,
        }
    }
}

impl Onboarding {
    /// A worker that vanished while it made the account may have gone on to the first install; not if
    /// the account was made only now, for then there was nothing to install into. (One that vanished
    /// while it mapped: `taken_over_at` makes the activation look first.)
    pub(super) fn doubt_install_before_account(&mut self, account: Origin) {
        let was_there = match account {
            Origin::Made => false,
            Origin::Adopted | Origin::Named => true,
        };
        let Some(taken_over_at) = self.facts.taken_over_at.filter(|_| was_there) else { return };
        if let Some(intent) = self.facts.slots.first_mut().and_then(|slot| slot.install.as_mut()) {
            intent.doubted_at = intent.doubted_at.max(Some(taken_over_at));
        }
    }
}
