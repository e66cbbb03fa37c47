//! Whether both came to the same, and where they parted.

use serde_json::{Value, json};

use super::document::History;
use super::play::{Played, recorded};
use crate::onboarding::{Event, Health, Onboarding};

/// Lines that are shown from where the two parted.
const SHOWN: usize = 8;

/// What a replay came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The same events in the same order, and the same state at the end.
    Same {
        state: Ending,
        events: usize,
    },
    Different(Box<Difference>),
    /// What it would take is not in the document; a sentence for each thing.
    CannotBePlayed(Vec<String>),
}

/// Where the two parted.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub recorded: Ending,
    pub replayed: Ending,
    /// An order that was taken then and not here.
    pub refusal: Option<Refusal>,
    /// From the first event that differs on: as it was recorded, and as it was here.
    pub events: Vec<(Option<Move>, Option<Move>)>,
    /// The place of the first of them among what the engine did, counted from 1.
    pub first: Option<usize>,
}

/// How an onboarding stands, as far as it has to be the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    pub status: String,
    pub step: String,
    pub problem: Option<String>,
    pub blocker: String,
    pub health: Option<String>,
}

/// One event of the engine's, as far as it has to be the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub kind: &'static str,
    pub status: String,
    pub step: String,
    pub problem: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The line of the timeline, counted from 1.
    pub place: usize,
    pub kind: &'static str,
    pub why: String,
}

impl Move {
    pub(super) fn of(event: &Event, status: &str, step: &str) -> Self {
        let mut problem = None;
        if let Event::RetryPlanned { problem: code, .. }
        | Event::BecameStuck { problem: code, .. } = event
        {
            problem = Some(code.clone());
        }
        if let Event::HealthChanged { problem: code, .. } = event {
            problem.clone_from(code);
        }
        Self { kind: event.kind(), status: status.to_owned(), step: step.to_owned(), problem }
    }

    fn tell(&self) -> String {
        let Self { kind, status, step, problem } = self;
        let problem = problem.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        format!("{kind}{problem}, then {status} at {step}")
    }
}

impl Ending {
    pub(super) fn of(onboarding: &Onboarding) -> Self {
        Self {
            status: onboarding.status.name().to_owned(),
            step: onboarding.step().name().to_owned(),
            problem: onboarding.problem().map(|problem| problem.code.name().to_owned()),
            blocker: onboarding.blocker().name().to_owned(),
            health: onboarding.health().map(Health::name).map(str::to_owned),
        }
    }

    fn recorded(history: &History) -> Self {
        let stood = &history.onboarding;
        Self {
            status: stood.status.clone(),
            step: stood.step.clone(),
            problem: stood.problem.as_ref().map(|problem| problem.code.clone()),
            blocker: stood.blocker.clone(),
            health: stood.health.clone(),
        }
    }

    fn tell(&self) -> String {
        let Self { status, step, problem, blocker, health } = self;
        let problem = problem.as_deref().unwrap_or("none");
        let health = health.as_deref().unwrap_or("none");
        format!("{status} at {step}, problem {problem}, blocker {blocker}, health {health}")
    }

    fn to_json(&self) -> Value {
        json!({
            "status": self.status, "step": self.step, "problem": self.problem,
            "blocker": self.blocker, "health": self.health,
        })
    }
}

impl Verdict {
    pub(super) fn of(history: &History, played: Played) -> Self {
        let theirs = recorded(history);
        let Played { moves, ending, refusal } = played;
        let wanted = Ending::recorded(history);
        let longest = theirs.len().max(moves.len());
        let first = (0..longest).find(|place| theirs.get(*place) != moves.get(*place));
        if first.is_none() && refusal.is_none() && wanted == ending {
            return Self::Same { state: ending, events: history.timeline.len() };
        }
        let shown = first.into_iter().flat_map(|first| first..longest.min(first + SHOWN));
        let events = shown.map(|place| (theirs.get(place).cloned(), moves.get(place).cloned()));
        Self::Different(Box::new(Difference {
            events: events.collect(),
            recorded: wanted,
            replayed: ending,
            refusal,
            first: first.map(|first| first + 1),
        }))
    }

    /// 0 the same, 1 different, 2 it cannot be played.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Same { .. } => 0,
            Self::Different(_) => 1,
            Self::CannotBePlayed(_) => 2,
        }
    }

    /// For people, a line each. What somebody wrote into the document steers no terminal.
    pub fn tell(&self) -> Vec<String> {
        let lines = match self {
            Self::Same { state, events } => {
                vec![format!("The same: {events} events, and at the end it is {}.", state.tell())]
            }
            Self::Different(difference) => difference.tell(),
            Self::CannotBePlayed(why) => {
                why.iter().map(|why| format!("cannot be played again: {why}")).collect()
            }
        };
        let harmless = |line: String| {
            line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>()
        };
        lines.into_iter().map(harmless).collect()
    }

    pub fn to_json(&self) -> Value {
        match self {
            Self::Same { state, events } => {
                json!({ "verdict": "same", "state": state.to_json(), "events": events })
            }
            Self::Different(difference) => difference.to_json(),
            Self::CannotBePlayed(why) => json!({ "verdict": "cannot_be_played", "because": why }),
        }
    }
}

impl Difference {
    fn tell(&self) -> Vec<String> {
        let mut lines = vec![
            "It went another way.".to_owned(),
            format!("recorded  {}", self.recorded.tell()),
            format!("replayed  {}", self.replayed.tell()),
        ];
        if let Some(Refusal { place, kind, why }) = &self.refusal {
            lines.push(format!("At line {place}, {kind} is refused here: {why}"));
        }
        for ((theirs, ours), place) in self.events.iter().zip(self.first.unwrap_or(1)..) {
            let tell = |it: &Option<Move>| it.as_ref().map_or("nothing".to_owned(), Move::tell);
            lines.push(format!("{place:>4}  recorded  {}", tell(theirs)));
            lines.push(format!("      replayed  {}", tell(ours)));
        }
        lines
    }

    fn to_json(&self) -> Value {
        let event = |it: &Option<Move>| {
            it.as_ref().map(|it| {
                json!({
                    "kind": it.kind, "status": it.status, "step": it.step, "problem": it.problem,
                })
            })
        };
        let both = |(theirs, ours): &(Option<Move>, Option<Move>)| json!({ "recorded": event(theirs), "replayed": event(ours) });
        let refusal = self.refusal.as_ref().map(
            |refusal| json!({ "line": refusal.place, "kind": refusal.kind, "why": refusal.why }),
        );
        json!({
            "verdict": "different",
            "recorded": self.recorded.to_json(),
            "replayed": self.replayed.to_json(),
            "refused": refusal,
            "first_event": self.first,
            "events": self.events.iter().map(both).collect::<Vec<_>>(),
        })
    }
}
