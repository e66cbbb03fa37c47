//! What surrounds the machine: Cyclr, the store with its versions, people, and time.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use gangway::ids::{
    AccountId, BlueprintKey, ConnectorId, CycleId, OnboardingId, Reference, TemplateId, TenantId,
};
use gangway::onboarding::{
    Account, AuthKind, BlueprintId, Candidate, Command, Facts, Gain, Limits, LinkState, Onboarding,
    Origin, Outcome, Problem, ProblemCode, Question, QuestionKey, QuestionKind, Restart,
    RestartStep, SeenConnector, Status, StepKind, StepLimits, StepTable,
};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

use super::check;
use crate::house::{dawn, profile};

/// More good turns than any onboarding here needs.
const ENOUGH: u64 = 200;

/// A template as this world's Cyclr has it.
struct Template {
    /// Its connectors, by place in [`World::connectors`].
    uses: Vec<usize>,
    questions: Vec<Question>,
}

struct Connector {
    auth: AuthKind,
    authenticated: bool,
}

pub(super) struct World {
    dice: Xoshiro256PlusPlus,
    now: DateTime<Utc>,
    limits: Limits,
    templates: Vec<Template>,
    connectors: Vec<Connector>,
    /// What the store holds.
    pub(super) kept: Onboarding,
    /// What a worker took and has not given a result for; the row may have moved on since.
    taken: Option<Onboarding>,
}

impl World {
    pub(super) fn begin(seed: u64) -> Self {
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(seed);
        let connectors = (0..dice.random_range(0..4)).map(|_| Connector {
            auth: AuthKind::ALL[dice.random_range(0..AuthKind::ALL.len())],
            authenticated: dice.random_ratio(1, 4),
        });
        let connectors: Vec<_> = connectors.collect();
        let templates = (0..dice.random_range(1..4)).map(|template| Template {
            uses: (0..connectors.len()).filter(|_| dice.random_bool(0.5)).collect(),
            questions: (0..dice.random_range(0..3)).map(|n| question(template, n)).collect(),
        });
        let templates: Vec<_> = templates.collect();
        let limits = Limits {
            waiting_hours: dice.random_range(1..100),
            tries: dice.random_range(1..13),
            retry_hours: dice.random_range(1..30),
            attempt_minutes: dice.random_range(1..60),
            steps: StepTable {
                install: Some(StepLimits {
                    tries: Some(dice.random_range(1..5)),
                    retry_hours: None,
                }),
                ..StepTable::default()
            },
        };
        let ids = (0..templates.len()).map(|n| TemplateId(Uuid::from_u128(n as u128))).collect();
        let mut kept = Onboarding::begin(
            (OnboardingId(Uuid::from_u128(seed.into())), Reference::spell(seed)),
            (TenantId::parse("acme").unwrap(), profile("Acme")),
            (BlueprintId { key: BlueprintKey::parse("b").unwrap(), version: 1 }, ids),
            LinkState { generation: 1, expires_at: dawn() + TimeDelta::days(7) },
            dawn(),
        );
        kept.facts.account_id = AccountId::parse("acme").ok();
        Self { dice, now: dawn(), limits, templates, connectors, kept, taken: None }
    }

    /// One thing happens; says what.
    pub(super) fn step(&mut self) -> Result<&'static str, String> {
        self.now += TimeDelta::milliseconds(self.dice.random_range(0..2_000));
        match self.dice.random_range(0..100_u32) {
            0..40 => self.work(),
            40..55 => self.give_result(),
            55..85 => self.person(),
            85 if self.dice.random_ratio(1, 5) => {
                self.restart();
                Ok("restarted: read back from what is stored")
            }
            85..92 => {
                let away = [60, 600, 3_600, 100_000][self.dice.random_range(0..4)];
                self.now += TimeDelta::seconds(away);
                Ok("time passes")
            }
            _ => {
                self.provider();
                Ok("the world changes by itself")
            }
        }
    }

    /// A worker takes what is due, and gives its result at once or later.
    fn work(&mut self) -> Result<&'static str, String> {
        let Some(due) = self.kept.due_at(self.now) else { return Ok("nothing is due") };
        self.now = self.now.max(due);
        // Whoever had it before is late from now on.
        let mut taken = self.kept.clone();
        if self.taken.is_some() {
            taken = taken.in_doubt(self.now);
        }
        self.taken = Some(taken);
        if self.dice.random_bool(0.7) { self.give_result() } else { Ok("a worker is at work") }
    }

    fn give_result(&mut self) -> Result<&'static str, String> {
        let Some(taken) = self.taken.take() else { return Ok("no worker is at work") };
        let outcome = self.outcome(&taken);
        let result = taken.apply(outcome, &self.limits, self.now);
        check::change(&taken, &result, &self.limits, self.now, false)?;
        if taken.version != self.kept.version {
            return Ok("a late result is refused");
        }
        if !result.to.facts.covers(&self.kept.facts) {
            return Err("a result that is kept takes something back".to_owned());
        }
        self.kept = result.to;
        Ok("a result is kept")
    }

    /// What a step comes to: mostly what Cyclr has to say, sometimes a fault, now and then nonsense.
    fn outcome(&mut self, onboarding: &Onboarding) -> Outcome {
        let after = TimeDelta::seconds(self.dice.random_range(0..600));
        match self.dice.random_range(0..100_u32) {
            0..75 => self.truth(onboarding).map_or_else(
                || Outcome::Stuck(Problem::new(ProblemCode::InternalFault)),
                Outcome::Done,
            ),
            75..88 => {
                let doubt = self.dice.random_bool(0.5);
                Outcome::Retry { after, problem: self.problem(), doubt }
            }
            88..92 => Outcome::HeldBack { after, problem: self.problem() },
            92..95 => Outcome::Stuck(self.problem()),
            95..97 => Outcome::Ambiguous(vec![candidate(1), candidate(2)]),
            _ => Outcome::Done(self.nonsense()),
        }
    }

    /// What the step that is next finds at this world's Cyclr.
    fn truth(&self, onboarding: &Onboarding) -> Option<Gain> {
        let (step, slot) = onboarding.facts.position();
        Some(match step {
            StepKind::CreateAccount => {
                let id = onboarding.facts.account_id.clone()?;
                Gain::Account(Account { id, origin: Origin::Made })
            }
            StepKind::Install => Gain::Installed {
                slot,
                cycle: self.newest_cycle(onboarding, slot),
                origin: Origin::Adopted,
                connectors: self.templates[slot]
                    .uses
                    .iter()
                    .map(|at| self.show(*at, false))
                    .collect(),
                seen_paused_at: Some(self.now),
            },
            StepKind::Connect => {
                let known = 0..self.connectors.len();
                let known = known.filter(|at| onboarding.facts.connection(id_of(*at)).is_some());
                Gain::Connections(known.map(|at| self.show(at, true)).collect())
            }
            StepKind::Map => {
                let asked = &self.templates[slot].questions;
                let known = &onboarding.facts.slots[slot].questions;
                if known == asked || asked.is_empty() {
                    Gain::Mapped { slot, retired: Vec::new() }
                } else {
                    Gain::Questions(vec![(slot, asked.clone())])
                }
            }
            StepKind::Activate => Gain::Activated { slot, once: false, retired: Vec::new() },
            StepKind::Live | StepKind::Offboard => return None,
        })
    }

    /// One that was given up is there no more: the next one is another.
    fn newest_cycle(&self, onboarding: &Onboarding, slot: usize) -> CycleId {
        let given_up = &onboarding.facts.slots[slot].disowned;
        let ours = (100 + slot as u128..).step_by(self.templates.len());
        let mut ours = ours.map(|n| CycleId(Uuid::from_u128(n)));
        ours.find(|cycle| !given_up.contains(cycle)).unwrap()
    }

    fn show(&self, at: usize, all: bool) -> SeenConnector {
        let Connector { auth, authenticated } = self.connectors[at];
        SeenConnector {
            connector: id_of(at),
            name: format!("Connector {at}"),
            auth: all.then_some(auth),
            // What needs nobody is authenticated by the step that looks.
            authenticated: authenticated || all && !auth.needs_person(),
            details: None,
        }
    }

    fn nonsense(&mut self) -> Gain {
        let slot = self.dice.random_range(0..=self.templates.len());
        match self.dice.random_range(0..6_u32) {
            0 => Gain::Account(Account {
                id: AccountId::parse("somebody-else").unwrap(),
                origin: Origin::Adopted,
            }),
            1 => Gain::Installed {
                slot,
                cycle: CycleId(Uuid::from_u128(7)),
                origin: Origin::Made,
                connectors: Vec::new(),
                seen_paused_at: None,
            },
            2 => Gain::Unmapped { slot },
            3 => Gain::Activated { slot, once: false, retired: vec![stray(1)] },
            4 => Gain::Questions(vec![(slot, vec![question(9, 9)])]),
            _ => Gain::Connections(Vec::new()),
        }
    }

    fn problem(&mut self) -> Problem {
        let codes = ProblemCode::all().count();
        let at = self.dice.random_range(0..codes);
        ProblemCode::all().nth(at).map(Problem::new).unwrap()
    }

    /// A person wants something, mostly what is asked of them.
    fn person(&mut self) -> Result<&'static str, String> {
        let some = ConnectorId(self.dice.random_range(0..4));
        let command = match self.dice.random_range(0..100_u32) {
            0..30 => self.helpful(),
            30..45 => Some(Command::OpenAttempt { connector: some }),
            45..49 => Some(Command::LookNow),
            49..51 => Some(Command::CameBack { connector: some, said: None }),
            51..52 => Some(Command::Opened),
            52..53 => Some(Command::HandOver {
                connector: some,
                to_colleague: self.dice.random_bool(0.5),
            }),
            53..54 => {
                Some(Command::AskApproval { connector: some, wanted: self.dice.random_bool(0.5) })
            }
            54..55 => Some(Command::WantLink),
            55..70 => Some(Command::Retry { reason: None }),
            70..80 => Some(Command::Answer(
                BTreeMap::from([(
                    QuestionKey("0.0".to_owned()),
                    self.dice.random_bool(0.5).then(|| "answer".to_owned()),
                )])
                .into(),
            )),
            80..88 => {
                let seen = SeenConnector { connector: some, ..self.any_connector() };
                Some(Command::CredentialGiven(seen))
            }
            88..90 => Some(Command::ChooseCandidate {
                cycle: stray(self.dice.random_range(1..4)),
                reason: "seen".to_owned(),
            }),
            90..92 => Some(Command::Disown {
                slot: self.dice.random_range(0..=self.templates.len()),
                cycle: stray(self.dice.random_range(1..4)),
            }),
            92..93 => Some(Command::NoteRetired { slot: 0, cycle: stray(1) }),
            93..94 => Some(Command::RotateLink { expires_at: self.now + TimeDelta::days(1) }),
            94..98 => Some(self.staff(some)),
            _ if self.dice.random_ratio(1, 4) => {
                Some(Command::Cancel { reason: "asked to".to_owned() })
            }
            _ => None,
        };
        let Some(command) = command else { return Ok("a person thinks it over") };
        self.order(command)
    }

    /// What staff may do beside trying again.
    fn staff(&mut self, some: ConnectorId) -> Command {
        let reason = "they say so".to_owned();
        match self.dice.random_range(0..8_u32) {
            0 => Command::Skip { connector: Some(some), reason },
            1 => Command::Skip { connector: None, reason },
            2 => Command::Assign { assignee: Some("ada".to_owned()) },
            3 => {
                Command::Snooze { until: Some(self.now + TimeDelta::days(2)), reason: Some(reason) }
            }
            4 => Command::Correct(
                BTreeMap::from([(QuestionKey("0.0".to_owned()), Some("corrected".to_owned()))])
                    .into(),
            ),
            _ => Command::RestartFrom(Restart {
                from: RestartStep::ALL[self.dice.random_range(0..RestartStep::ALL.len())],
                ask_again: self.dice.random_bool(0.3),
                reason,
            }),
        }
    }

    fn any_connector(&mut self) -> SeenConnector {
        let auth = AuthKind::ALL[self.dice.random_range(0..AuthKind::ALL.len())];
        SeenConnector {
            connector: ConnectorId(0),
            name: "Some".to_owned(),
            auth: Some(auth),
            authenticated: self.dice.random_bool(0.5),
            details: None,
        }
    }

    fn order(&mut self, command: Command) -> Result<&'static str, String> {
        let is_retry = command == Command::Retry { reason: None };
        let Ok(change) = self.kept.obey(command, &self.limits, self.now) else {
            return Ok("a person is refused");
        };
        check::change(&self.kept, &change, &self.limits, self.now, is_retry)?;
        self.kept = change.to;
        Ok("a person is obeyed")
    }

    /// What the one who is next would do; `None` when that is not a person.
    fn helpful(&mut self) -> Option<Command> {
        match (&self.kept.status, self.kept.step()) {
            (Status::Stuck { .. }, _) => Some(Command::Retry { reason: None }),
            (Status::Waiting { .. }, StepKind::Map) => {
                let open = self.kept.facts.open_questions();
                let answer = |question: &Question| question.required.then(|| "yes".to_owned());
                let answers: BTreeMap<_, _> = open.map(|q| (q.key.clone(), answer(q))).collect();
                Some(Command::Answer(answers.into()))
            }
            (Status::Waiting { .. }, _) => {
                let open = self.kept.facts.connections.iter().find(|c| c.is_open())?;
                Some(Command::CredentialGiven(SeenConnector {
                    connector: open.connector,
                    name: open.name.clone(),
                    auth: open.auth,
                    authenticated: true,
                    details: None,
                }))
            }
            (Status::Running | Status::Retrying { .. } | Status::Live | Status::Cancelled, _) => {
                None
            }
        }
    }

    /// Somebody signs in at a provider, or an authorisation is lost there.
    fn provider(&mut self) {
        if !self.connectors.is_empty() {
            let at = self.dice.random_range(0..self.connectors.len());
            self.connectors[at].authenticated = self.dice.random_ratio(3, 4);
        }
    }

    /// All that is left of the machine is what the store wrote down.
    fn restart(&mut self) {
        let text = serde_json::to_string(&self.kept.facts).unwrap();
        let facts: Facts = serde_json::from_str(&text).unwrap();
        assert_eq!(facts, self.kept.facts, "what is stored reads back");
        self.kept.facts = facts;
    }

    /// From here on all goes well and everybody does their part: it must end, and soon. Leaves the
    /// world as it was.
    pub(super) fn reach_the_end(&mut self) -> Result<u64, String> {
        let (kept, now) = (self.kept.clone(), self.now);
        for connector in &mut self.connectors {
            connector.authenticated = true;
        }
        let mut turns = 0;
        while !self.kept.status.is_terminal() {
            turns += 1;
            if turns > ENOUGH {
                return Err(format!("there is no end in sight from {kept:?}: {:?}", self.kept));
            }
            if let Some(command) = self.helpful() {
                self.order(command)?;
                continue;
            }
            let due = self.kept.due_at(self.now).ok_or("nobody is next")?;
            self.now = self.now.max(due);
            let gain = self.truth(&self.kept).ok_or("nothing is left, and it is not live")?;
            let result = self.kept.apply(Outcome::Done(gain), &self.limits, self.now);
            check::change(&self.kept, &result, &self.limits, self.now, false)?;
            self.kept = result.to;
        }
        (self.kept, self.now) = (kept, now);
        Ok(turns)
    }
}

fn id_of(at: usize) -> ConnectorId {
    ConnectorId(i64::try_from(at).unwrap())
}

fn question(template: usize, number: usize) -> Question {
    Question {
        key: QuestionKey(format!("{template}.{number}")),
        label: format!("Question {number}"),
        kind: QuestionKind::Text,
        help: None,
        example: None,
        default: None,
        options: Vec::new(),
        required: number == 0,
        lookup: None,
    }
}

/// A cycle that is not the one this world's Cyclr would show.
fn stray(n: u128) -> CycleId {
    CycleId(Uuid::from_u128(7_000 + n))
}

fn candidate(n: u128) -> Candidate {
    let (name, status) = ("Ledger".to_owned(), "Paused".to_owned());
    Candidate { cycle: stray(n), name, status, created_at: None }
}
