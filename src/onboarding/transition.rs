//! How an onboarding changes: `apply` for what a step found out, `obey` for what a person wants.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Action, Candidate, CheckedAnswers, DriftChoice, DriftCode, Event, Gain, HeardError, Limits,
    Onboarding, Origin, Problem, ProblemCode, ProviderWord, Restart, SeenConnector, Status,
    Upgrade,
};
use crate::ids::{ConnectorId, CycleId};

/// What running a step came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Something was achieved or seen. Whether that leads on, or a person is next, is derived.
    Done(Gain),
    /// Not now. `doubt`: a change may have taken effect at Cyclr without our knowing.
    Retry {
        after: TimeDelta,
        problem: Problem,
        doubt: bool,
    },
    /// Not asked at all: Cyclr is known to be away, and everything that this process runs holds back.
    /// Spends no try.
    HeldBack {
        after: TimeDelta,
        problem: Problem,
    },
    /// Several cycles of the template could be ours, and a person has to say which.
    Ambiguous(Vec<Candidate>),
    Stuck(Problem),
}

/// What a person wants, or the engine in a person's manner: without a lease.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A visitor sets out to sign in at the provider.
    OpenAttempt {
        connector: ConnectorId,
    },
    /// A credential was handed to Cyclr, which then showed this.
    CredentialGiven(SeenConnector),
    /// Checked answers, see [`Onboarding::check_answers`].
    Answer(CheckedAnswers),
    /// Somebody says that they are through: look now rather than later.
    LookNow,
    /// A browser came back from a provider, perhaps with its word. Looks now, too.
    CameBack {
        connector: ConnectorId,
        said: Option<ProviderWord>,
    },
    /// A person of the tenant has the pages before them.
    Opened,
    /// A colleague is asked to make a connection; nobody any more.
    HandOver {
        connector: ConnectorId,
        to_colleague: bool,
    },
    /// An administrator is asked to approve a connection at the provider; it need not be any more.
    AskApproval {
        connector: ConnectorId,
        wanted: bool,
    },
    /// Somebody holds a link that has ended and asks for a new one.
    WantLink,
    Retry {
        reason: Option<String>,
    },
    /// Checked answers of staff or the integrator; good also once the tenant's people have answered.
    Correct(CheckedAnswers),
    /// What is open at the present step is passed over: one connection or all, the mapping.
    Skip {
        connector: Option<ConnectorId>,
        reason: String,
    },
    RestartFrom(Restart),
    /// Somebody looks after it; nobody any more.
    Assign {
        assignee: Option<String>,
    },
    /// Nobody needs to look before then; at once again.
    Snooze {
        until: Option<DateTime<Utc>>,
        reason: Option<String>,
    },
    /// Staff say which of the candidates is ours.
    ChooseCandidate {
        cycle: CycleId,
        reason: String,
    },
    /// A worker that came too late made this cycle: nobody is to adopt it.
    Disown {
        slot: usize,
        cycle: CycleId,
    },
    /// A disowned cycle was deleted at Cyclr.
    NoteRetired {
        slot: usize,
        cycle: CycleId,
    },
    RotateLink {
        expires_at: DateTime<Utc>,
    },
    /// Every address and every visit ends; there is no other one until it is rotated.
    RevokeLink,
    /// The address stays and is good for longer.
    ExtendLink {
        expires_at: DateTime<Utc>,
    },
    /// Something to remember. Changes nothing.
    Note {
        text: String,
    },
    Cancel {
        reason: String,
    },
    /// A live one is looked at now, and everything on record compared.
    Check {
        reason: Option<String>,
    },
    /// The tenant's people sign in again: to one connection, or to all that need a person.
    Reauthorize {
        connector: Option<ConnectorId>,
        reason: String,
        link_expires_at: DateTime<Utc>,
    },
    /// What becomes of a difference between Cyclr and the record.
    SettleDrift {
        code: DriftCode,
        object: String,
        choice: DriftChoice,
        reason: String,
    },
    Upgrade(Upgrade),
    /// Everything of it at Cyclr is taken away.
    Offboard {
        reason: String,
    },
    /// Cyclr tells of a failed run of this cycle.
    HearOfError {
        cycle: CycleId,
        error: HeardError,
    },
}

/// The command is not for this state. Says why, for the person who gave it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct InvalidTransition {
    pub reason: &'static str,
}

/// A change, ready to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    pub to: Onboarding,
    /// The journal line; none when nothing worth telling happened (a look that saw nothing new).
    pub event: Option<Event>,
    /// The kind of the outgoing message, when the status became another one.
    pub announces: Option<&'static str>,
}

impl Command {
    /// What has to be allowed for it; `None` where the command itself finds out.
    pub const fn action(&self) -> Option<Action> {
        Some(match self {
            Self::Retry { .. } => Action::Retry,
            Self::Correct(_) => Action::Answer,
            Self::Skip { .. } => Action::Skip,
            Self::RestartFrom(_) => Action::RestartFrom,
            Self::Assign { .. } => Action::Assign,
            Self::Snooze { .. } => Action::Snooze,
            Self::ChooseCandidate { .. } => Action::Adopt,
            Self::RotateLink { .. } => Action::RotateLink,
            Self::RevokeLink => Action::RevokeLink,
            Self::ExtendLink { .. } => Action::ExtendLink,
            Self::Note { .. } => Action::Note,
            Self::Cancel { .. } => Action::Cancel,
            Self::Check { .. } => Action::Check,
            Self::Reauthorize { .. } => Action::Reauthorize,
            Self::SettleDrift { .. } => Action::SettleDrift,
            Self::Upgrade(_) => Action::Upgrade,
            Self::Offboard { .. } => Action::Offboard,
            Self::OpenAttempt { .. }
            | Self::CredentialGiven(_)
            | Self::Answer(_)
            | Self::LookNow
            | Self::CameBack { .. }
            | Self::Opened
            | Self::HandOver { .. }
            | Self::AskApproval { .. }
            | Self::WantLink
            | Self::Disown { .. }
            | Self::NoteRetired { .. }
            | Self::HearOfError { .. } => return None,
        })
    }
}

impl Transition {
    /// The cycle that this run of a step has made, with the template it is of. If the change is not
    /// kept, nobody knows of it.
    pub fn installed(&self) -> Option<(usize, CycleId)> {
        match &self.event {
            Some(Event::Installed { template, cycle, origin: Origin::Made, .. }) => {
                Some((*template, *cycle))
            }
            Some(_) | None => None,
        }
    }

    /// Whether a connection was made, which others of the tenant may wait for too.
    pub fn connects(&self) -> bool {
        match &self.event {
            Some(Event::ConnectionsSeen { connected, .. }) => !connected.is_empty(),
            Some(Event::CredentialGiven { .. }) => true,
            Some(_) | None => false,
        }
    }
}

/// How long to wait after a step that reported nothing new.
const NOTHING_NEW: TimeDelta = TimeDelta::seconds(15);

impl Onboarding {
    /// The same, knowing that an earlier worker vanished: what it did last may have taken effect.
    #[must_use]
    pub fn in_doubt(&self, now: DateTime<Utc>) -> Self {
        let mut doubted = self.clone();
        doubted.doubt(now);
        doubted.facts.taken_over_at = doubted.facts.taken_over_at.max(Some(now));
        doubted
    }

    /// Total: a terminal or stuck onboarding stays as it is, and a gain that does not fit the facts
    /// makes it stuck with an internal fault instead of taking something known away.
    pub fn apply(&self, outcome: Outcome, limits: &Limits, now: DateTime<Utc>) -> Transition {
        let mut to = self.clone();
        if self.status == Status::Live {
            let event = to.live_on(outcome, limits, now);
            return self.transition(to, event, now);
        }
        if matches!(self.status, Status::Cancelled | Status::Stuck { .. }) {
            return self.transition(to, None, now);
        }
        let event = match outcome {
            Outcome::Done(gain) => match to.gain(gain, now) {
                Ok(event) => {
                    to.tries = 0;
                    to.settle(limits, now);
                    if to.status == Status::Running && to.facts == self.facts {
                        // Going on at once would only say the same again, for ever.
                        to.tries = self.tries;
                        let problem = Problem::with(ProblemCode::CyclrContradicts, "nothing new");
                        to.put_off(NOTHING_NEW, problem, false, limits, now)
                    } else {
                        event
                    }
                }
                Err(problem) => Some(to.get_stuck(problem)),
            },
            Outcome::Retry { after, problem, doubt } => {
                to.put_off(after, problem, doubt, limits, now)
            }
            Outcome::HeldBack { after, problem } => to.hold_back(after, problem, now),
            Outcome::Ambiguous(candidates) => Some(to.ask_which(candidates)),
            Outcome::Stuck(problem) => Some(to.get_stuck(problem)),
        };
        self.transition(to, event, now)
    }

    /// Refuses what this state does not allow, and says why.
    pub fn obey(
        &self,
        command: Command,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Result<Transition, InvalidTransition> {
        let mut to = self.clone();
        if let Some(action) = command.action() {
            self.may(action, now)?;
        }
        let event = match command {
            Command::OpenAttempt { connector } => to.open_attempt(connector, limits, now)?,
            Command::CredentialGiven(seen) => to.take_credential(seen, limits, now)?,
            Command::Answer(answers) => to.take_answers(answers, limits, now)?,
            Command::LookNow => to.look_now(now)?,
            Command::CameBack { connector, said } => to.come_back(connector, said, limits, now)?,
            Command::Opened => to.note_opened(limits, now)?,
            Command::HandOver { connector, to_colleague } => {
                to.hand_over(connector, to_colleague, limits, now)?
            }
            Command::AskApproval { connector, wanted } => {
                to.ask_approval(connector, wanted, limits, now)?
            }
            Command::WantLink => to.want_link(now)?,
            Command::Retry { reason } => to.retry(reason, limits, now),
            Command::Correct(answers) => to.correct(answers, limits, now),
            Command::Skip { connector, reason } => to.skip(connector, reason, limits, now)?,
            Command::RestartFrom(restart) => to.restart(restart, limits, now)?,
            Command::Assign { assignee } => to.assign(assignee),
            Command::Snooze { until, reason } => to.snooze(until, reason, now)?,
            Command::ChooseCandidate { cycle, reason } => {
                to.choose_candidate(cycle, reason, limits, now)?
            }
            Command::Disown { slot, cycle } => to.disown(slot, cycle)?,
            Command::NoteRetired { slot, cycle } => Event::CycleRetired { template: slot, cycle },
            Command::RotateLink { expires_at } => to.rotate_link(expires_at),
            Command::RevokeLink => to.revoke_link(now),
            Command::ExtendLink { expires_at } => to.extend_link(expires_at)?,
            Command::Note { text } => Event::Noted { text },
            Command::Cancel { reason } => {
                to.status = Status::Cancelled;
                Event::Cancelled { reason }
            }
            Command::Check { reason } => to.check(reason, now),
            Command::Reauthorize { connector, reason, link_expires_at } => {
                to.reauthorize(connector, reason, link_expires_at, (limits, now))?
            }
            Command::SettleDrift { code, object, choice, reason } => {
                to.settle_drift((code, object), choice, reason, (limits, now))?
            }
            Command::Upgrade(upgrade) => to.upgrade(upgrade, (limits, now))?,
            Command::Offboard { reason } => to.offboard(reason, limits, now),
            Command::HearOfError { cycle, error } => {
                self.require_live()?;
                to.hear_of_error(cycle, error, now).ok_or(no("That is known."))?
            }
        };
        Ok(self.transition(to, Some(event), now))
    }

    fn retry(&mut self, reason: Option<String>, limits: &Limits, now: DateTime<Utc>) -> Event {
        let vouched = |problem: &Problem| problem.code == ProblemCode::ActivationUnclear;
        if self.status.problem().is_some_and(vouched) {
            // Staff were asked to look, and say that it has not run.
            let (_, slot) = self.facts.position();
            if let Some(slot) = self.facts.slots.get_mut(slot) {
                slot.activation_doubted.note(false);
            }
        }
        self.tries = 0;
        self.status = Status::Running;
        self.settle(limits, now);
        Event::RetryOrdered { reason }
    }

    fn transition(&self, mut to: Self, event: Option<Event>, now: DateTime<Utc>) -> Transition {
        to.version = self.version + 1;
        let moved = to.status.name() != self.status.name();
        if moved || to.step() != self.step() {
            to.since = now;
            // What somebody put off is another matter now.
            to.snoozed_until = None;
        }
        if to.status.is_terminal() && to.problem().is_none() {
            to.assignee = None;
        }
        let announces = moved.then(|| announcement(&to.status));
        Transition { to, event, announces }
    }
}

const fn announcement(status: &Status) -> &'static str {
    match status {
        Status::Running => "onboarding.running",
        Status::Retrying { .. } => "onboarding.retrying",
        Status::Waiting { .. } => "onboarding.waiting",
        Status::Stuck { .. } => "onboarding.stuck",
        Status::Live => "onboarding.live",
        Status::Cancelled => "onboarding.cancelled",
    }
}

pub(super) const fn no(reason: &'static str) -> InvalidTransition {
    InvalidTransition { reason }
}

pub(super) fn require(allowed: bool, reason: &'static str) -> Result<(), InvalidTransition> {
    if allowed { Ok(()) } else { Err(no(reason)) }
}
