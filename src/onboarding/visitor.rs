//! What the tenant's people do on the hosted pages, and what their browsers bring back.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::transition::{no, require};
use super::{
    AnswerMistake, Approval, Attempt, AuthKind, CheckedAnswers, Connection, Event,
    InvalidTransition, Limits, Listed, Onboarding, ProviderWord, QuestionKey, SeenConnector,
    Status, StepKind,
};
use crate::ids::ConnectorId;

/// How long an administrator gets before somebody is told to ask again.
const REMIND_AFTER: TimeDelta = TimeDelta::days(3);
/// How long nobody is told that a new link is wanted, after they were told.
const LINK_PAUSE: TimeDelta = TimeDelta::minutes(15);

impl Onboarding {
    /// Checks what a person answered against every question that is asked now: all required ones
    /// must be there, none may be unknown. `listed`: what the connected accounts have to choose from.
    pub fn check_answers(
        &self,
        given: &BTreeMap<QuestionKey, String>,
        listed: &Listed,
    ) -> Result<CheckedAnswers, BTreeMap<QuestionKey, AnswerMistake>> {
        let mut checked = CheckedAnswers::default();
        let mut mistakes = BTreeMap::new();
        for question in self.facts.questions() {
            let text = given.get(&question.key).map_or("", String::as_str);
            let known = self.facts.answers.get(&question.key).map(String::as_str);
            match question.check(text, listed.get(&question.key), known) {
                Ok(answer) => {
                    let label = answer.as_ref().and_then(|answer| {
                        let choices = listed.get(&question.key)?.iter();
                        let choice = choices.clone().find(|choice| choice.value == *answer)?;
                        Some(choice.label.clone())
                    });
                    checked.labels.extend(label.map(|label| (question.key.clone(), label)));
                    checked.answers.insert(question.key.clone(), answer);
                }
                Err(mistake) => drop(mistakes.insert(question.key.clone(), mistake)),
            }
        }
        if mistakes.is_empty() { Ok(checked) } else { Err(mistakes) }
    }

    fn require_waiting_at(&self, step: StepKind) -> Result<(), InvalidTransition> {
        let reason = match step {
            StepKind::Connect => "No account is to be connected now.",
            StepKind::Map
            | StepKind::CreateAccount
            | StepKind::Install
            | StepKind::Activate
            | StepKind::Live
            | StepKind::Offboard => "Nothing is asked right now.",
        };
        let waits = matches!(self.status, Status::Waiting { .. }) && self.step() == step;
        require(waits, reason)
    }

    fn wanted_connection(
        &mut self,
        connector: ConnectorId,
    ) -> Result<&mut Connection, InvalidTransition> {
        self.require_waiting_at(StepKind::Connect)?;
        let connection = self.facts.connection_mut(connector).filter(|c| c.is_open());
        connection.ok_or(no("This account is connected already."))
    }

    pub(super) fn open_attempt(
        &mut self,
        connector: ConnectorId,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        let connection = self.wanted_connection(connector)?;
        let by_signing_in = connection.auth == Some(AuthKind::OAuth)
            || connection.ways.iter().any(|way| way.auth == AuthKind::OAuth);
        require(by_signing_in, "This account is not connected by signing in.")?;
        connection.attempt = Some(Attempt::begin(now, limits.attempt()));
        self.settle(limits, now);
        Ok(Event::AttemptOpened { connector })
    }

    pub(super) fn look_now(&mut self, now: DateTime<Utc>) -> Result<Event, InvalidTransition> {
        self.require_waiting_at(StepKind::Connect)?;
        require(!self.looks_soon(now), "A look is under way.")?;
        if let Status::Waiting { look_at, .. } = &mut self.status {
            *look_at = Some(now);
        }
        Ok(Event::LookOrdered)
    }

    fn looks_soon(&self, now: DateTime<Utc>) -> bool {
        matches!(self.status, Status::Waiting { look_at: Some(at), .. }
            if at <= now + TimeDelta::seconds(1))
    }

    /// The browser that set out is back. What it brings is kept as a hint, and Cyclr is asked at once.
    pub(super) fn come_back(
        &mut self,
        connector: ConnectorId,
        said: Option<ProviderWord>,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        let looks_soon = self.looks_soon(now);
        let connection = self.wanted_connection(connector)?;
        let attempt = connection.attempt.as_mut().ok_or(no("Nobody has set out to sign in."))?;
        let news = said.is_some_and(|said| attempt.said != Some(said));
        let first = attempt.came_back_at.is_none();
        attempt.came_back_at = attempt.came_back_at.or(Some(now));
        attempt.said = said.or(attempt.said);
        require(first || news || !looks_soon, "A look is under way.")?;
        self.settle(limits, now);
        if let Status::Waiting { look_at, .. } = &mut self.status {
            *look_at = Some(now);
        }
        Ok(Event::CameBack { connector, said })
    }

    pub(super) fn take_credential(
        &mut self,
        seen: SeenConnector,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        self.require_waiting_at(StepKind::Connect)?;
        let connector = seen.connector;
        require(self.facts.connection(connector).is_some(), "There is no such account.")?;
        let signs_in_next = seen.auth == Some(AuthKind::OAuth) && !seen.authenticated;
        self.see(vec![seen], now);
        self.settle(limits, now);
        Ok(if signs_in_next {
            Event::DetailsGiven { connector }
        } else {
            Event::CredentialGiven { connector }
        })
    }

    pub(super) fn take_answers(
        &mut self,
        answers: CheckedAnswers,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        self.require_waiting_at(StepKind::Map)?;
        let event = self.facts.take_answers(answers);
        self.settle(limits, now);
        Ok(event)
    }

    /// Once: later visits tell nothing new.
    pub(super) fn note_opened(
        &mut self,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        // While a worker is at it, its copy of the facts would win.
        require(matches!(self.status, Status::Waiting { .. }), "Nobody is waited for.")?;
        require(self.facts.opened_at.is_none(), "It was opened before.")?;
        self.facts.opened_at = Some(now);
        self.settle(limits, now);
        Ok(Event::Opened)
    }

    pub(super) fn hand_over(
        &mut self,
        connector: ConnectorId,
        to_colleague: bool,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        let connection = self.wanted_connection(connector)?;
        require(connection.needs_person(), "Nobody has to do anything for this account.")?;
        let news = connection.handed_over.note(to_colleague);
        require(
            news,
            if to_colleague { "A colleague was asked." } else { "No colleague was asked." },
        )?;
        self.settle(limits, now);
        Ok(Event::HandedOver { connector, to_colleague })
    }

    pub(super) fn ask_approval(
        &mut self,
        connector: ConnectorId,
        wanted: bool,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Result<Event, InvalidTransition> {
        let connection = self.wanted_connection(connector)?;
        require(wanted != connection.approval.is_some(), "That is known.")?;
        let asked = Approval { asked_at: now, remind_at: now + REMIND_AFTER };
        connection.approval = wanted.then_some(asked);
        if let Some(attempt) = connection.attempt.as_mut().filter(|_| !wanted) {
            attempt.said = attempt.said.filter(|said| *said != ProviderWord::NeedsAdmin);
        }
        self.settle(limits, now);
        Ok(Event::ApprovalAsked { connector, wanted })
    }

    /// Asking again soon tells nobody twice.
    pub(super) fn want_link(&mut self, now: DateTime<Utc>) -> Result<Event, InvalidTransition> {
        require(!self.status.is_terminal() && !self.is_offboarded(), "It is over.")?;
        let asked = self.facts.link_wanted_at.is_some_and(|at| now - at < LINK_PAUSE);
        require(!asked, "That is known.")?;
        self.facts.link_wanted_at = Some(now);
        Ok(Event::LinkWanted)
    }

    /// Ends attempts whose time is over, now that Cyclr was asked after them.
    pub(super) fn end_attempts(
        &mut self,
        looked_at: &[ConnectorId],
        now: DateTime<Utc>,
    ) -> Vec<ConnectorId> {
        let mut ended = Vec::new();
        let open = self.facts.connections.iter_mut().filter(|c| c.is_open());
        for connection in open.filter(|c| looked_at.contains(&c.connector)) {
            if let Some(attempt) = &mut connection.attempt
                && !attempt.over
                && attempt.closes_at <= now
            {
                attempt.over = true;
                ended.push(connection.connector);
            }
        }
        ended
    }
}
