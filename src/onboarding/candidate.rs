//! When it is unclear which cycle is ours: what staff are shown, what they choose, what is disowned.

use chrono::{DateTime, Utc};

use super::transition::{no, require};
use super::{
    Candidate, Event, InvalidTransition, Limits, Onboarding, Problem, ProblemCode, Slot, Status,
    StepKind,
};
use crate::ids::CycleId;

impl Onboarding {
    /// What staff may choose from; empty unless that is the problem.
    pub fn candidates(&self) -> &[Candidate] {
        let asked = matches!(&self.status, Status::Stuck { problem }
            if problem.code == ProblemCode::AmbiguousInstall);
        let (_, slot) = self.facts.position();
        match self.facts.slots.get(slot) {
            Some(slot) if asked => &slot.candidates,
            Some(_) | None => &[],
        }
    }

    pub(super) fn ask_which(&mut self, candidates: Vec<Candidate>) -> Event {
        let ids: Vec<_> = candidates.iter().map(|one| one.cycle.to_string()).collect();
        if let Some(slot) = self.slot_to_install() {
            slot.candidates = candidates;
            slot.chosen = None;
        }
        let detail = format!("candidates: {}", ids.join(", "));
        self.get_stuck(Problem::with(ProblemCode::AmbiguousInstall, detail))
    }

    pub(super) fn choose_candidate(
        &mut self,
        cycle: CycleId,
        reason: String,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        let offered = self.candidates().iter().any(|one| one.cycle == cycle);
        require(offered, "This cycle is not one of the candidates.")?;
        let (_, template) = self.facts.position();
        let slot = self.slot_to_install().ok_or(no("Nothing is to be installed now."))?;
        slot.chosen = Some(cycle);
        self.tries = 0;
        self.status = Status::Running;
        self.settle(limits, now);
        Ok(Event::CandidateChosen { template, cycle, reason })
    }

    /// Refused when the cycle is recorded after all: then somebody else has adopted it.
    pub(super) fn disown(
        &mut self,
        slot: usize,
        cycle: CycleId,
    ) -> Result<Event, InvalidTransition> {
        let terminal = self.status.is_terminal();
        let place = self.facts.slots.get_mut(slot).ok_or(no("There is no such template."))?;
        require(place.cycle != Some(cycle), "The cycle is this onboarding's.")?;
        // Once another one is recorded, or nobody looks any more, nobody can adopt it.
        if place.cycle.is_none() && !terminal && !place.disowned.contains(&cycle) {
            place.disowned.push(cycle);
        }
        Ok(Event::CycleDisowned { template: slot, cycle })
    }

    fn slot_to_install(&mut self) -> Option<&mut Slot> {
        match self.facts.position() {
            (StepKind::Install, slot) => self.facts.slots.get_mut(slot),
            (
                StepKind::CreateAccount
                | StepKind::Connect
                | StepKind::Map
                | StepKind::Activate
                | StepKind::Live
                | StepKind::Offboard,
                _,
            ) => None,
        }
    }
}
