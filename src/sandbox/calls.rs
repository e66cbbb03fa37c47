//! The record of calls: what the sandbox heard, and what came of it.
//!
//! Bounded, so that a sandbox that runs for weeks does not grow with every call. No token, no
//! credential and no value of a query is in it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::extract::Request;
use axum::http::header;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::Sandbox;
use super::effect::Effect;
use super::faults::StruckBy;
use super::request::{Query, Refusal};

/// A call to the API as the sandbox heard it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeardCall {
    /// Its place among all calls since the record was begun.
    pub number: u64,
    /// When it came, by the sandbox's clock.
    pub at: DateTime<Utc>,
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The names in the query.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<String>,
    /// The `X-Cyclr-Account` header.
    pub account: Option<String>,
    /// The client id, where its token is known, and a short label of the token: the same for calls
    /// with the same one, and no way back to it.
    pub caller: Option<String>,
    /// `None` while it is unanswered, and for ever when the connection died.
    pub status: Option<u16>,
    /// Whether the endpoint ran and did what was asked, whatever then became of the answer.
    pub performed: bool,
    /// What it did, once it is known.
    pub effect: Option<Effect>,
    /// The fault that struck it.
    pub fault: Option<StruckBy>,
    /// From its head to the head of its answer, in microseconds of real time.
    pub took_micros: Option<u64>,
}

/// Which calls are shown.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    account: Option<String>,
    method: Option<String>,
    path: Option<String>,
    since: Option<DateTime<Utc>>,
    before: Option<u64>,
    limit: usize,
}

const REMEMBERED: usize = 100_000;
/// Calls on one page, where the asker names no other number.
const PAGE: usize = 1000;
const LARGEST_PAGE: usize = 10_000;

/// The latest calls in the order in which they came.
#[derive(Debug)]
pub(super) struct CallBook {
    recording: bool,
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    /// Calls that were forgotten, so that one still under way does not find another's place.
    forgotten: u64,
    calls: VecDeque<HeardCall>,
}

/// Where a call stands in the book; `None` when it is not recorded.
#[derive(Clone, Copy)]
pub(super) struct Place(Option<u64>);

impl CallBook {
    pub(super) fn new(recording: bool) -> Self {
        Self { recording, pages: Mutex::default() }
    }

    pub(super) fn read(&self) -> Vec<HeardCall> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).calls.iter().cloned().collect()
    }

    /// So many of the newest, the newest first, and how many are remembered.
    pub(super) fn latest(&self, count: usize) -> (Vec<HeardCall>, usize) {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        (pages.calls.iter().rev().take(count).cloned().collect(), pages.calls.len())
    }

    /// The newest of the wanted ones, in the order in which they came.
    pub(super) fn find(&self, wanted: &Wanted) -> Vec<HeardCall> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let found = pages.calls.iter().rev().filter(|call| wanted.takes(call));
        let mut found: Vec<_> = found.take(wanted.limit).cloned().collect();
        found.reverse();
        found
    }

    pub(super) fn forget(&self) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.forgotten += pages.calls.len() as u64;
        pages.calls.clear();
    }

    pub(super) fn write(&self, sandbox: &Sandbox, request: &Request) -> Place {
        let path = request.uri().path();
        let of_the_api = path == "/oauth/token" || path.starts_with("/v1.0/");
        if !self.recording || !of_the_api {
            return Place(None);
        }
        let account = request.headers().get("x-cyclr-account");
        let query = request.uri().query().unwrap_or_default();
        let call = HeardCall {
            number: 0,
            at: sandbox.0.clock.now(),
            method: request.method().to_string(),
            path: path.to_owned(),
            query: form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into()).collect(),
            account: account.and_then(|value| value.to_str().ok()).map(str::to_owned),
            caller: caller(sandbox, request),
            status: None,
            performed: false,
            effect: None,
            fault: None,
            took_micros: None,
        };
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.calls.len() == REMEMBERED {
            pages.calls.pop_front();
            pages.forgotten += 1;
        }
        let number = pages.forgotten + pages.calls.len() as u64;
        pages.calls.push_back(HeardCall { number, ..call });
        Place(Some(number))
    }

    pub(super) fn amend(&self, place: Place, change: impl FnOnce(&mut HeardCall)) {
        let Some(place) = place.0 else { return };
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let index = place.checked_sub(pages.forgotten);
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some(call) = index.and_then(|index| pages.calls.get_mut(index)) {
            change(call);
        }
    }
}

fn caller(sandbox: &Sandbox, request: &Request) -> Option<String> {
    let header = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let token = header.rsplit(' ').next()?;
    // Past `read`, so that writing a call down makes no run of a cycle happen.
    let world = sandbox.0.world.lock().unwrap_or_else(PoisonError::into_inner);
    let client = world.access_tokens.get(token).map(|known| known.client.as_str());
    let [first, second, third, ..]: [u8; 32] = Sha256::digest(token).into();
    let client = client.filter(|client| !client.is_empty()).unwrap_or("unknown");
    Some(format!("{client} token {first:02x}{second:02x}{third:02x}"))
}

impl Wanted {
    /// `account`, `method`, the beginning of the `path`, `since` a date; and a page: at most
    /// `limit` calls, the newest of those `before` a number.
    pub(super) fn read(query: &Query) -> Result<Self, Refusal> {
        let own = |name| query.text(name).map(str::to_owned);
        let whole = |name: &str| {
            let given = query.text(name).map(str::parse::<u64>).transpose();
            given.map_err(|_| Refusal::bad(format!("{name} must be a whole number.")))
        };
        let since = query.text("since").map(DateTime::parse_from_rfc3339).transpose();
        let since = since.map_err(|_| Refusal::bad("since must be a date as in RFC 3339."))?;
        let limit = whole("limit")?.map_or(PAGE, |limit| usize::try_from(limit).unwrap_or(PAGE));
        Ok(Self {
            account: own("account"),
            method: own("method"),
            path: own("path"),
            since: since.map(|since| since.to_utc()),
            before: whole("before")?,
            limit: limit.min(LARGEST_PAGE),
        })
    }

    fn takes(&self, call: &HeardCall) -> bool {
        self.account.as_ref().is_none_or(|account| call.account.as_ref() == Some(account))
            && self.method.as_ref().is_none_or(|method| call.method.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|path| call.path.starts_with(path.as_str()))
            && self.since.is_none_or(|since| call.at >= since)
            && self.before.is_none_or(|before| call.number < before)
    }
}
