//! Where Cyclr differs from what is on record, and what may be decided about it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::transition::{no, require};
use super::{CycleState, Event, InvalidTransition, Limits, Look, Onboarding, ProblemCode, Status};

/// Kinds of differences. Stored names: added, never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftCode {
    AccountMissing,
    CycleMissing,
    CycleStopped,
    ConnectorMissing,
    MappingChanged,
}

/// One thing that is not at Cyclr as it is on record here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub code: DriftCode,
    /// Which template of the blueprint, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<usize>,
    /// The id at Cyclr of what it is about.
    pub object: String,
    /// What Cyclr has, in words.
    pub found: String,
    /// Staff know of it and leave it as it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignored: bool,
}

/// What is done about a difference. Names are added, never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftChoice {
    /// What Cyclr has is right from now on.
    Adopt,
    /// What is on record is done again at Cyclr.
    Reapply,
    /// Both stay as they are, and it counts as known until it changes.
    Ignore,
}

/// Longest description of a difference, in characters.
const LONGEST: usize = 240;

impl DriftCode {
    pub const ALL: [Self; 5] = [
        Self::AccountMissing,
        Self::CycleMissing,
        Self::CycleStopped,
        Self::ConnectorMissing,
        Self::MappingChanged,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountMissing => "account_missing",
            Self::CycleMissing => "cycle_missing",
            Self::CycleStopped => "cycle_stopped",
            Self::ConnectorMissing => "connector_missing",
            Self::MappingChanged => "mapping_changed",
        }
    }

    pub(super) const fn problem(self) -> ProblemCode {
        match self {
            Self::AccountMissing => ProblemCode::AccountMissing,
            Self::CycleMissing => ProblemCode::CycleMissing,
            Self::CycleStopped => ProblemCode::CycleStopped,
            Self::ConnectorMissing => ProblemCode::ConnectorMissing,
            Self::MappingChanged => ProblemCode::MappingChanged,
        }
    }

    /// What may be decided. Nothing is made anew for an account that is gone: that is a start of its own, after
    /// this onboarding was offboarded.
    pub const fn choices(self) -> &'static [DriftChoice] {
        use DriftChoice::{Adopt, Ignore, Reapply};
        match self {
            Self::AccountMissing => &[Ignore],
            Self::ConnectorMissing => &[Adopt, Ignore],
            Self::CycleMissing | Self::CycleStopped | Self::MappingChanged => {
                &[Adopt, Reapply, Ignore]
            }
        }
    }

    /// What a choice does, for staff who are about to make it.
    pub const fn foretell(self, choice: DriftChoice) -> &'static str {
        match (self, choice) {
            (Self::CycleMissing, DriftChoice::Reapply) => {
                "The template is installed anew, mapped and activated; the cycle that is gone is not used \
                 any more."
            }
            (Self::CycleStopped, DriftChoice::Reapply) => "The cycle is activated again.",
            (Self::MappingChanged, DriftChoice::Reapply) => {
                "The inputs are written again as the blueprint and the answers say. A running cycle is \
                 stopped for that only if the blueprint lets it."
            }
            (Self::CycleMissing | Self::CycleStopped, DriftChoice::Adopt) => {
                "Nothing is called at Cyclr. The template stays as it is there and is not looked after any \
                 more."
            }
            (Self::ConnectorMissing, DriftChoice::Adopt) => {
                "Nothing is called at Cyclr. The connection is not asked for any more."
            }
            (Self::MappingChanged, DriftChoice::Adopt) => {
                "Nothing is called at Cyclr. The inputs stay as Cyclr has them, from now on."
            }
            (
                Self::AccountMissing
                | Self::CycleMissing
                | Self::CycleStopped
                | Self::ConnectorMissing
                | Self::MappingChanged,
                DriftChoice::Ignore,
            ) => "Nothing is called at Cyclr, and it counts as known until it changes.",
            (Self::AccountMissing, DriftChoice::Adopt | DriftChoice::Reapply)
            | (Self::ConnectorMissing, DriftChoice::Reapply) => "This cannot be chosen here.",
        }
    }
}

impl DriftChoice {
    pub const ALL: [Self; 3] = [Self::Adopt, Self::Reapply, Self::Ignore];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Reapply => "reapply",
            Self::Ignore => "ignore",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }
}

impl Difference {
    fn new(code: DriftCode, slot: Option<usize>, object: String, found: &str) -> Self {
        let found = found.chars().take(LONGEST).collect();
        Self { code, slot, object, found, ignored: false }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.code, self.slot, &self.object, &self.found)
            == (other.code, other.slot, &other.object, &other.found)
    }

    /// In one line, for staff.
    pub fn tell(&self) -> String {
        let object = &self.object;
        match self.code {
            DriftCode::AccountMissing => format!("the account {object} is gone from Cyclr"),
            DriftCode::CycleMissing => format!("the cycle {object} is gone from Cyclr"),
            DriftCode::CycleStopped => format!("Cyclr has the cycle {object} as {}", self.found),
            DriftCode::ConnectorMissing => {
                format!("the account connector {object} is gone from Cyclr")
            }
            DriftCode::MappingChanged => {
                format!("inputs of the cycle {object} are not as they were written: {}", self.found)
            }
        }
    }
}

impl Onboarding {
    /// What Cyclr shows otherwise than it is on record, and nobody has accepted.
    pub(super) fn find_differences(&self, look: &Look) -> Vec<Difference> {
        let mut found = Vec::new();
        if look.account_is_gone {
            let account = self.facts.account.as_ref().map(|account| account.id.to_string());
            let account = account.unwrap_or_default();
            return vec![Difference::new(DriftCode::AccountMissing, None, account, "gone")];
        }
        // Causes before what comes of them: Cyclr stops a cycle whose connector is gone.
        for connector in &look.missing_connectors {
            let wanted = self.facts.connection(*connector);
            if wanted.is_some_and(|known| !known.set_aside.stands()) {
                let code = DriftCode::ConnectorMissing;
                found.push(Difference::new(code, None, connector.to_string(), "gone"));
            }
        }
        for seen in &look.cycles {
            let Some(slot) = self.facts.slots.get(seen.slot) else { continue };
            let Some(cycle) = slot.cycle.filter(|_| !slot.at_rest.stands()) else { continue };
            let (code, word) = match &seen.state {
                CycleState::Fine => continue,
                CycleState::Stopped(word) => (DriftCode::CycleStopped, word.as_str()),
                CycleState::Gone => (DriftCode::CycleMissing, "gone"),
            };
            found.push(Difference::new(code, Some(seen.slot), cycle.to_string(), word));
        }
        for (place, inputs) in look.mappings.iter().flatten() {
            let Some(slot) = self.facts.slots.get(*place) else { continue };
            let kept = slot.mapping_skipped.stands() || slot.at_rest.stands();
            if let Some(cycle) = slot.cycle.filter(|_| !inputs.is_empty() && !kept) {
                let inputs = inputs.join(", ");
                found.push(Difference::new(
                    DriftCode::MappingChanged,
                    Some(*place),
                    cycle.to_string(),
                    &inputs,
                ));
            }
        }
        found
    }

    /// A person decides what becomes of a difference.
    pub(super) fn settle_drift(
        &mut self,
        (code, object): (DriftCode, String),
        choice: DriftChoice,
        reason: String,
        (limits, now): (&Limits, DateTime<Utc>),
    ) -> Result<Event, InvalidTransition> {
        let differences = &mut self.life().differences;
        let place = differences.iter().position(|d| d.code == code && d.object == object);
        let place = place.ok_or(no("There is no such difference any more. Look again."))?;
        require(
            code.choices().contains(&choice),
            "That cannot be chosen for a difference of this kind.",
        )?;
        let told = differences[place].tell();
        let slot = differences[place].slot;
        if choice == DriftChoice::Ignore {
            differences[place].ignored = true;
        } else {
            differences.remove(place);
            match choice {
                DriftChoice::Adopt => self.adopt_difference(code, slot, &object),
                DriftChoice::Reapply => self.reapply(code, slot),
                DriftChoice::Ignore => {}
            }
        }
        self.recall_problem();
        self.settle(limits, now);
        if self.status == Status::Live {
            // Whether that was all is for a look to say.
            self.life().look_at = now;
        }
        let choice = choice.name().to_owned();
        Ok(Event::DriftSettled { difference: told, choice, reason })
    }

    /// The problem goes with the difference that it was about.
    fn recall_problem(&mut self) {
        let life = self.life();
        let next = life.differences.iter().find(|difference| !difference.ignored);
        let next = next.map(|next| super::Problem::with(next.code.problem(), next.tell()));
        let about_runs = |p: &super::Problem| p.code == ProblemCode::RunsFailing;
        life.problem = next.or_else(|| life.problem.take().filter(about_runs));
    }

    fn adopt_difference(&mut self, code: DriftCode, slot: Option<usize>, object: &str) {
        let slot = slot.and_then(|slot| self.facts.slots.get_mut(slot));
        match (code, slot) {
            (DriftCode::CycleMissing | DriftCode::CycleStopped, Some(slot)) => {
                slot.at_rest.note(true);
            }
            (DriftCode::MappingChanged, Some(slot)) => {
                slot.mapping_skipped.note(true);
            }
            (DriftCode::ConnectorMissing, _) => {
                let wanted = object.parse().ok();
                let connections = self.facts.connections.iter_mut();
                for connection in connections.filter(|c| Some(c.connector.0) == wanted) {
                    connection.set_aside.note(true);
                }
            }
            (DriftCode::AccountMissing, _)
            | (
                DriftCode::CycleMissing | DriftCode::CycleStopped | DriftCode::MappingChanged,
                None,
            ) => {}
        }
    }

    fn reapply(&mut self, code: DriftCode, slot: Option<usize>) {
        let Some(slot) = slot.and_then(|slot| self.facts.slots.get_mut(slot)) else { return };
        match code {
            DriftCode::CycleMissing => slot.begin_anew(),
            DriftCode::CycleStopped => {
                slot.active.note(false);
            }
            DriftCode::MappingChanged => {
                slot.mapped.note(false);
                // Writing may stop it for a moment; whether it runs is looked at afterwards.
                slot.active.note(false);
            }
            DriftCode::AccountMissing | DriftCode::ConnectorMissing => {}
        }
    }
}
