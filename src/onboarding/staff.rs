//! What staff may do beside trying again: pass over something, go back, put an answer right, look
//! after an onboarding themselves.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::transition::{no, require};
use super::{
    CheckedAnswers, Event, Facts, InstallIntent, InvalidTransition, Limits, Onboarding,
    QuestionKey, Slot, Status, StepKind,
};
use crate::ids::ConnectorId;

/// Where an onboarding can go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartStep {
    /// Other cycles of the templates; those that are there were never started, and go.
    Install,
    /// Every connection is looked at again; none is passed over any more.
    Connect,
    /// Every input is written again.
    Map,
    /// Every cycle is looked at again, and activated if it is not active.
    Activate,
}

impl RestartStep {
    pub const ALL: [Self; 4] = [Self::Install, Self::Connect, Self::Map, Self::Activate];

    pub const fn step(self) -> StepKind {
        match self {
            Self::Install => StepKind::Install,
            Self::Connect => StepKind::Connect,
            Self::Map => StepKind::Map,
            Self::Activate => StepKind::Activate,
        }
    }
}

/// Why and where to an onboarding goes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Restart {
    pub from: RestartStep,
    /// Whether the tenant's people are asked again what they have answered already.
    pub ask_again: bool,
    pub reason: String,
}

impl Onboarding {
    /// Passes over what is open at the present step. The check before the activation stays: what
    /// Cyclr cannot do without keeps the cycle from starting.
    pub(super) fn skip(
        &mut self,
        connector: Option<ConnectorId>,
        reason: String,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        let (step, template) = self.facts.position();
        let mut connectors = Vec::new();
        match step {
            StepKind::Connect => {
                let asked = |c: ConnectorId| connector.is_none_or(|named| named == c);
                for connection in &mut self.facts.connections {
                    if connection.is_open() && asked(connection.connector) {
                        connection.set_aside.note(true);
                        connectors.push(connection.connector);
                    }
                }
                require(!connectors.is_empty(), "This connection is not open.")?;
            }
            StepKind::Map => {
                require(connector.is_none(), "No connection is open any more.")?;
                if let Some(slot) = self.facts.slots.get_mut(template) {
                    slot.mapping_skipped.note(true);
                }
            }
            StepKind::CreateAccount
            | StepKind::Install
            | StepKind::Activate
            | StepKind::Live
            | StepKind::Offboard => return Err(no("This step cannot be skipped.")),
        }
        self.begin_again(limits, now);
        let step = step.name().to_owned();
        Ok(Event::Skipped { step, template, connectors, reason })
    }

    pub(super) fn restart(
        &mut self,
        restart: Restart,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        let Restart { from, ask_again, reason } = restart;
        require(from.step() <= self.step(), "It has not come as far as that.")?;
        match from {
            RestartStep::Install => self.give_up_cycles(now)?,
            RestartStep::Connect => self.doubt_connections(),
            RestartStep::Map => self.facts.slots.iter_mut().for_each(Slot::forget_mapping),
            RestartStep::Activate => {
                self.facts.slots.iter_mut().for_each(|slot| doubt_activation(slot, now));
            }
        }
        if ask_again {
            self.facts.asked_again.note(true);
            // Also those that were answered long ago belong to a mapping.
            self.facts.slots.iter_mut().for_each(Slot::forget_mapping);
        }
        self.begin_again(limits, now);
        let step = self.step();
        if let (StepKind::Connect, Status::Waiting { look_at, .. }) = (step, &mut self.status) {
            // Nobody may have to do anything: that is for Cyclr to say.
            *look_at = Some(now);
        }
        Ok(Event::Restarted { from: from.step().name().to_owned(), ask_again, reason })
    }

    /// Like an answer of the tenant's people, and good also after they have answered.
    pub(super) fn correct(
        &mut self,
        checked: CheckedAnswers,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Event {
        let known = &self.facts.answers;
        let differs = |key: &QuestionKey, answer: &Option<String>| {
            known.get(key).is_some_and(|known| *known != answer.clone().unwrap_or_default())
        };
        let changed: Vec<_> = checked
            .answers
            .iter()
            .filter(|(key, answer)| differs(key, answer))
            .map(|(key, _)| key)
            .collect();
        for slot in &mut self.facts.slots {
            if slot.questions.iter().any(|question| changed.contains(&&question.key)) {
                slot.mapped.note(false);
                slot.mapping_skipped.note(false);
            }
        }
        let event = self.facts.take_answers(checked);
        self.begin_again(limits, now);
        event
    }

    pub(super) fn assign(&mut self, assignee: Option<String>) -> Event {
        self.assignee.clone_from(&assignee);
        Event::Assigned { assignee }
    }

    pub(super) fn snooze(
        &mut self,
        until: Option<DateTime<Utc>>,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        require(until.is_none_or(|until| until > now), "That time is over already.")?;
        self.snoozed_until = until;
        Ok(Event::Snoozed { until, reason })
    }

    fn begin_again(&mut self, limits: &Limits, now: DateTime<Utc>) {
        self.tries = 0;
        if self.status.problem().is_some() {
            self.status = Status::Running;
        }
        self.settle(limits, now);
    }

    /// Only what never ran is given up: two active cycles would do everything twice.
    fn give_up_cycles(&mut self, now: DateTime<Utc>) -> Result<(), InvalidTransition> {
        let may_have_run =
            |slot: &Slot| !slot.active.is_untouched() || !slot.activation_doubted.is_untouched();
        require(
            !self.facts.slots.iter().any(may_have_run),
            "A cycle of it may have run already, and another one would do the same again. Restart \
             from map or activate instead.",
        )?;
        for slot in &mut self.facts.slots {
            // A call may be under way, and what was made before is to be found and deleted.
            let intent = slot.install.get_or_insert(InstallIntent { at: now, doubted_at: None });
            intent.doubted_at = intent.doubted_at.max(Some(now));
            if let Some(cycle) = slot.cycle.take() {
                slot.disowned.push(cycle);
            }
            (slot.seen_paused_at, slot.chosen) = (None, None);
            slot.candidates.clear();
            slot.forget_mapping();
        }
        // The new cycles name those that they need.
        for connection in &mut self.facts.connections {
            connection.set_aside.note(true);
        }
        Ok(())
    }

    fn doubt_connections(&mut self) {
        for connection in &mut self.facts.connections {
            connection.set_aside.note(false);
            connection.authenticated.note(false);
        }
    }
}

fn doubt_activation(slot: &mut Slot, now: DateTime<Utc>) {
    if slot.active.note(false) {
        slot.activation_doubted.note(true);
        slot.activation_doubted_at = slot.activation_doubted_at.max(Some(now));
    }
}

impl Facts {
    /// An optional question left empty is answered, with nothing: it is not asked again.
    pub(super) fn take_answers(&mut self, checked: CheckedAnswers) -> Event {
        let CheckedAnswers { answers, labels } = checked;
        let questions = answers.keys().map(|key| key.0.clone()).collect();
        self.labels.retain(|key, _| !answers.contains_key(key));
        self.labels.extend(labels);
        let answers = answers.into_iter().map(|(key, answer)| (key, answer.unwrap_or_default()));
        self.answers.extend(answers);
        self.asked_again.note(false);
        Event::Answered { questions }
    }
}
