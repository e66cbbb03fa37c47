//! Runs of active cycles: when they happen, how they end, and what is told of them.
//!
//! A run takes no time. It happens when its hour has come and somebody looks, so a clock that is
//! moved on by a month makes a month's runs at the next look; beyond a bound they are counted as
//! missed. How runs end is scripted: by the catalogue for each template, or by an order for one
//! cycle.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::account::Account;
use super::catalogue::{RunOutcome, StepErrorAction};
use super::cycle::{Cycle, Status};
use super::world::World;

/// Transactions and incidents that a cycle remembers.
const REMEMBERED: usize = 50;
/// Runs of one cycle in one look.
const AT_ONCE: usize = 100;
/// Minutes between runs where none are given. What Cyclr takes then is unknown.
pub(super) const USUAL_INTERVAL: u32 = 60;

/// One pass through a cycle's steps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Transaction {
    pub(super) id: Uuid,
    pub(super) at: DateTime<Utc>,
    pub(super) outcome: RunOutcome,
    pub(super) tasks: u64,
}

/// What support would look at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Incident {
    pub(super) at: DateTime<Utc>,
    pub(super) level: Level,
    pub(super) short: String,
    pub(super) full: String,
    pub(super) step: Uuid,
    pub(super) step_name: String,
    pub(super) transaction: Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Level {
    Error,
    Warning,
}

/// A transaction-error webhook that is to be sent.
#[derive(Debug, Clone)]
pub(super) struct Notice {
    pub(super) url: Url,
    pub(super) body: Value,
}

impl World {
    /// Lets every run happen whose hour has come.
    pub(super) fn run_what_is_due(
        &mut self,
        now: DateTime<Utc>,
        usual: Option<&Url>,
    ) -> Vec<Notice> {
        let mut notices = Vec::new();
        if self.next_run_at.is_none_or(|next| next > now) {
            return notices;
        }
        for (id, account) in &mut self.accounts {
            for place in 0..account.cycles.len() {
                for _ in 0..AT_ONCE {
                    let due = account.cycles.get(place).and_then(|cycle| cycle.next_run_at);
                    let Some(at) = due.filter(|at| *at <= now) else { break };
                    notices.extend(account.run(id, place, at, usual));
                }
                if let Some(cycle) = account.cycles.get_mut(place) {
                    cycle.skip_missed(now);
                }
            }
            account.cycles.retain(|cycle| cycle.gone_at().is_none_or(|gone| gone > now));
        }
        self.find_next_run();
        notices
    }

    /// Something of a cycle is due then. (What was called off stays noted: it costs one look in vain.)
    pub(super) fn expect(&mut self, due: Option<DateTime<Utc>>) {
        self.next_run_at = self.next_run_at.into_iter().chain(due).min();
    }

    /// Looks through all cycles, so not after each call.
    pub(super) fn find_next_run(&mut self) {
        let cycles = self.accounts.values().flat_map(|account| &account.cycles);
        self.next_run_at = cycles.filter_map(Cycle::next_due).min();
    }
}

impl Account {
    /// One run of the cycle in this place; tells what is to be sent of it.
    pub(super) fn run(
        &mut self,
        id: &str,
        place: usize,
        at: DateTime<Utc>,
        usual: Option<&Url>,
    ) -> Option<Notice> {
        let cycle = self.cycles.get_mut(place)?;
        let incident = cycle.run(at);
        let incident = incident?;
        let enabled = self.settings.get("TransactionErrorWebhookEnabled") == Some(&json!(true));
        let with_warnings = self.settings.get(super::shapes::WITH_WARNINGS) == Some(&json!(true));
        if incident.level == Level::Warning && !with_warnings {
            return None;
        }
        let own = self.settings.get("TransactionErrorWebhookUrl").and_then(Value::as_str);
        let own = own.filter(|_| enabled).and_then(|url| Url::parse(url).ok());
        let url = own.or_else(|| usual.cloned())?;
        let cycle = self.cycles.get(place)?;
        Some(Notice { url, body: self.notice(id, cycle, &incident) })
    }

    /// The body that is documented for the transaction-error webhook (DOC).
    fn notice(&self, id: &str, cycle: &Cycle, incident: &Incident) -> Value {
        json!({
            "Timestamp": super::shapes::date(incident.at),
            "AccountId": self.internal_id,
            "AccountExternalId": id,
            "AccountName": self.name,
            "CycleId": cycle.id,
            "CycleName": cycle.name,
            "StepId": incident.step,
            "StepName": incident.step_name,
            "StepType": 1,
            "TransactionId": incident.transaction,
            "Message": incident.short,
            "Detail": incident.full,
            "IncidentLevel": incident.level,
        })
    }
}

/// How a cycle is to be started.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    /// The first run; at once when absent or past (INF).
    pub(super) at: Option<DateTime<Utc>>,
    /// Minutes between runs; no matter for one that runs once or waits for a call (DOC).
    pub(super) interval: Option<u32>,
    /// It pauses itself after one run (DOC).
    pub(super) once: bool,
    /// The status that it has after that run.
    pub(super) then: Status,
}

impl Account {
    /// Starts a cycle, and lets its first run happen when that is due. One that is to run a single
    /// time does so at once.
    pub(super) fn start(
        &mut self,
        account: &str,
        id: Uuid,
        start: &Start,
        now: DateTime<Utc>,
        usual: Option<&Url>,
    ) -> Option<Notice> {
        let place = self.cycles.iter().position(|cycle| cycle.id == id)?;
        let cycle = self.cycles.get_mut(place)?;
        cycle.activations += 1;
        if start.once {
            cycle.single_runs += 1;
            let notice = self.run(account, place, now, usual);
            self.cycles.get_mut(place)?.pause(start.then);
            return notice;
        }
        cycle.status = Status::Active;
        cycle.interval = start.interval;
        if cycle.waits_for_webhook() {
            return None;
        }
        let first = start.at.filter(|at| *at > now).unwrap_or(now);
        cycle.next_run_at = Some(first);
        if first > now { None } else { self.run(account, place, now, usual) }
    }
}

impl Cycle {
    /// No longer active, and no run is to come.
    pub(super) fn pause(&mut self, status: Status) {
        self.status = status;
        self.next_run_at = None;
    }

    /// When something happens to it by itself.
    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.next_run_at.or_else(|| self.gone_at())
    }

    /// When the recycle bin lets go of it (DOC: after 90 days).
    fn gone_at(&self) -> Option<DateTime<Utc>> {
        self.deleted_at.map(|at| at + TimeDelta::days(90))
    }

    fn skip_missed(&mut self, now: DateTime<Utc>) {
        if self.next_run_at.is_some_and(|next| next <= now) {
            self.next_run_at = Some(now + self.every());
        }
    }

    fn every(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.interval.unwrap_or(USUAL_INTERVAL).max(1)))
    }

    /// What went wrong, if anything did.
    fn run(&mut self, at: DateTime<Utc>) -> Option<Incident> {
        let ordered = self.history.ordered.pop_front();
        let outcome = ordered.unwrap_or_else(|| self.template.outcome(self.history.runs));
        let steps = self.steps.len() as u64;
        let tasks = if outcome == RunOutcome::Fail { 1 } else { steps };
        let transaction = Transaction { id: Uuid::new_v4(), at, outcome, tasks };
        let incident = self.incident(&transaction);
        let history = &mut self.history;
        history.runs += 1;
        history.tasks_used += tasks;
        keep(&mut history.transactions, transaction);
        if let Some(incident) = &incident {
            match incident.level {
                Level::Error => history.errors += 1,
                Level::Warning => history.warnings += 1,
            }
            keep(&mut history.incidents, incident.clone());
        }
        if outcome != RunOutcome::Fail {
            self.last_run_at = Some(at);
        }
        self.next_run_at = self.next_run_at.map(|_| at + self.every());
        let is_over = match self.template.on_step_error {
            StepErrorAction::StopIntegration => outcome == RunOutcome::Fail,
            StepErrorAction::Ignore | StepErrorAction::StopTransaction => false,
        };
        if is_over {
            self.pause(Status::Stopped);
        }
        incident
    }

    fn incident(&self, transaction: &Transaction) -> Option<Incident> {
        let (level, place) = match transaction.outcome {
            RunOutcome::Succeed => return None,
            RunOutcome::Warn => (Level::Warning, self.steps.len() - 1),
            RunOutcome::Fail => (Level::Error, 0),
        };
        let step = self.steps.get(place)?;
        let step_name = self.step_name(place)?.to_owned();
        let method = self.template.steps.get(place).map(|step| step.method.name.clone())?;
        Some(Incident {
            at: transaction.at,
            level,
            short: "Failed to call the method".to_owned(),
            full: format!(
                "404 Not Found\r\n{{\"message\":\"Nothing is there.\"}}\r\n\r\n\r\nHTTP Request:\r\n\
                 GET https://provider.invalid/ HTTP/1.1\r\nAuthorization: REDACTED\r\n\
                 X-Method: {method}"
            ),
            step: step.id,
            step_name,
            transaction: transaction.id,
        })
    }
}

fn keep<T>(list: &mut std::collections::VecDeque<T>, one: T) {
    if list.len() == REMEMBERED {
        list.pop_front();
    }
    list.push_back(one);
}
