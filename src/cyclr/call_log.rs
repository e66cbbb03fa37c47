//! What was said to Cyclr, for staff to read: no query, no header, no body, no token.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::error::Error;
use crate::telemetry::meters;

/// Collects the requests made on behalf of one caller. Clones share the list.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    calls: Arc<Mutex<Vec<Call>>>,
    of_a_beginning: bool,
}

/// One request that was made, or could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What it was for, in words, such as "install template".
    pub name: &'static str,
    pub method: &'static str,
    /// The path alone, percent-encoded.
    pub path: String,
    /// `None` when no answer came.
    pub status: Option<u16>,
    /// `ok`, `missing` (404), `refused`, `credentials`, `no_answer`, `unreadable`, `unsent`, or
    /// `abandoned` when the caller stopped waiting.
    pub outcome: &'static str,
    pub duration: Duration,
    pub at: DateTime<Utc>,
    /// Cyclr's words or the cause of the failure; only when it failed.
    pub message: Option<String>,
}

impl CallLog {
    /// For the first call of all of an onboarding: where calls wait for their turn, those that go on
    /// with something, and those that a person waits for, are preferred to it.
    pub fn of_a_beginning() -> Self {
        Self { of_a_beginning: true, ..Self::default() }
    }

    /// Hands over what was collected so far and starts anew.
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.lock())
    }

    /// Adds a line, such as one for something that was asked for by other means.
    pub fn push(&self, call: Call) {
        self.lock().push(call);
    }

    /// Whether Cyclr has answered anything since the list was begun.
    pub(super) fn has_answer(&self) -> bool {
        self.lock().iter().any(|call| call.status.is_some())
    }

    /// Whether this is about something begun already, or a person waits for it.
    pub(super) fn goes_on(&self) -> bool {
        !self.of_a_beginning || self.has_answer()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line that writes itself when dropped, so that a call whose caller went away is there too.
pub(super) struct Entry {
    log: CallLog,
    started: Instant,
    call: Option<Call>,
}

impl Entry {
    pub(super) fn begin(
        log: &CallLog,
        name: &'static str,
        method: &'static str,
        path: &str,
        at: DateTime<Utc>,
    ) -> Self {
        let call = Call {
            name,
            method,
            path: path.to_owned(),
            status: None,
            outcome: "abandoned",
            duration: Duration::ZERO,
            at,
            message: None,
        };
        Self { log: log.clone(), started: Instant::now(), call: Some(call) }
    }

    pub(super) fn answered(&mut self, status: u16) {
        if let Some(call) = &mut self.call {
            call.status = Some(status);
        }
    }

    /// For a call that was not made and was not meant to be: there is nothing to read about.
    pub(super) fn forget(mut self) {
        self.call = None;
    }

    pub(super) fn close<T>(mut self, result: &Result<T, Error>) {
        if let Some(call) = &mut self.call {
            match result {
                Ok(_) => call.outcome = "ok",
                Err(error) => {
                    call.outcome = outcome(error);
                    call.message = error.detail();
                }
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(mut call) = self.call.take() {
            call.duration = self.started.elapsed();
            meters::cyclr_call(call.name, call.outcome, call.duration);
            self.log.push(call);
        }
    }
}

fn outcome(error: &Error) -> &'static str {
    match error {
        Error::Unsent { .. } => "unsent",
        Error::NoAnswer { .. } => "no_answer",
        Error::Refused { status: 404, .. } => "missing",
        Error::Refused { .. } => "refused",
        Error::Unreadable { .. } => "unreadable",
        Error::Credentials { .. } => "credentials",
    }
}
