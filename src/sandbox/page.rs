//! The page for people: what exists, what was heard, and the clock.
//!
//! It works without a script. With `?watch=yes` it loads itself again every few seconds.

use std::cmp::Reverse;

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use chrono::{DateTime, TimeDelta, Utc};

use super::Sandbox;
use super::account::{Account, AccountConnector};
use super::browser::page;
use super::calls::HeardCall;
use super::catalogue::Template as Integration;
use super::cycle::{Cycle, Status};
use super::duplicates;
use super::request::{Query, Refusal};
use super::world::World;

/// Accounts on the page; the rest are counted.
const ACCOUNTS: usize = 50;
/// Calls on the page, the newest first.
const CALLS: usize = 40;
/// Templates on the page.
const TEMPLATES: usize = 20;
/// How far the clock goes at a press of a button.
const STEPS: [(&str, i64); 4] =
    [("5 minutes", 300), ("1 hour", 3600), ("1 day", 86_400), ("14 days", 1_209_600)];

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/", get(index))
        .route("/_sandbox/page/clock", post(advance))
        .route("/_sandbox/page/reset", post(reset))
}

#[derive(Template)]
#[template(path = "sandbox/index.html")]
struct Index {
    now: String,
    watch: bool,
    steps: [(&'static str, i64); 4],
    counts: Vec<Count>,
    accounts: Vec<AccountRow>,
    more: usize,
    calls: Vec<CallRow>,
    heard: usize,
    templates: Vec<TemplateRow>,
}

struct Count {
    number: usize,
    of: Option<usize>,
    what: &'static str,
    bad: bool,
}

struct AccountRow {
    id: String,
    name: String,
    connectors: Vec<(String, bool)>,
    cycles: Vec<CycleRow>,
}

struct CycleRow {
    name: String,
    status: &'static str,
    look: &'static str,
    runs: u64,
    errors: u64,
    lacks: bool,
}

struct CallRow {
    method: String,
    path: String,
    time: String,
    account: String,
    caller: String,
    status: String,
    look: &'static str,
    effect: String,
    /// A fault struck it.
    struck: bool,
}

struct TemplateRow {
    name: String,
    id: String,
    connectors: String,
}

async fn index(State(sandbox): State<Sandbox>, query: Query) -> Response {
    let (calls, heard) = sandbox.0.calls.latest(CALLS);
    let watch = query.text("watch").is_some();
    let shelves = &sandbox.0.shelves;
    let published = shelves.templates.iter().filter(|one| one.published);
    let templates = published.take(TEMPLATES).map(|one| sandbox.template_row(one)).collect();
    let shown = sandbox.read(|world, now| Index {
        now: day_and_time(now),
        watch,
        steps: STEPS,
        counts: counts(world, heard),
        accounts: newest(world).into_iter().map(account_row).collect(),
        more: world.accounts.len().saturating_sub(ACCOUNTS),
        calls: calls.iter().map(call_row).collect(),
        heard,
        templates,
    });
    page(StatusCode::OK, &shown)
}

/// The button's form; the page is shown again afterwards.
async fn advance(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let form = Query::from_form(&body);
    let seconds = form.text("seconds").and_then(|text| text.parse::<i64>().ok());
    let known = seconds.filter(|seconds| STEPS.iter().any(|(_, step)| step == seconds));
    if let Some(seconds) = known {
        sandbox.advance(TimeDelta::seconds(seconds));
    }
    Redirect::to("/").into_response()
}

/// As `POST /_sandbox/reset`.
async fn reset(State(sandbox): State<Sandbox>) -> Result<Response, Refusal> {
    sandbox.begin_anew()?;
    Ok(Redirect::to("/").into_response())
}

fn newest(world: &World) -> Vec<(&String, &Account)> {
    let mut accounts: Vec<_> = world.accounts.iter().collect();
    accounts.sort_by_key(|(_, account)| Reverse(account.created_at));
    accounts.truncate(ACCOUNTS);
    accounts
}

fn counts(world: &World, heard: usize) -> Vec<Count> {
    let accounts = world.accounts.values();
    let connectors = || accounts.clone().flat_map(|account| account.connectors.values());
    let cycles = || {
        let all = accounts.clone().flat_map(|account| &account.cycles);
        all.filter(|cycle| cycle.status != Status::DeleteScheduled)
    };
    let open = connectors().filter(|one| one.authenticated()).count();
    let active = cycles().filter(|cycle| cycle.is_running()).count();
    let count = |number, of, what| Count { number, of, what, bad: false };
    let twice = duplicates::of(world).len();
    vec![
        count(
            world.accounts.len(),
            None,
            if world.accounts.len() == 1 { "account" } else { "accounts" },
        ),
        count(open, Some(connectors().count()), "connectors signed in"),
        count(active, Some(cycles().count()), "cycles running"),
        count(heard, None, if heard == 1 { "call heard" } else { "calls heard" }),
        Count {
            bad: twice > 0,
            ..count(
                twice,
                None,
                if twice == 1 { "thing there twice" } else { "things there twice" },
            )
        },
    ]
}

fn account_row((id, account): (&String, &Account)) -> AccountRow {
    let connector = |one: &AccountConnector| (one.name.clone(), one.authenticated());
    AccountRow {
        id: id.clone(),
        name: account.name.clone(),
        connectors: account.connectors.values().map(connector).collect(),
        cycles: account.cycles.iter().map(|cycle| cycle_row(cycle, account)).collect(),
    }
}

fn cycle_row(cycle: &Cycle, account: &Account) -> CycleRow {
    let (status, look) = match cycle.status {
        Status::Active => ("Active", "good"),
        Status::Paused => ("Paused", "quiet"),
        Status::Stopped => ("Stopped", "bad"),
        Status::DeleteScheduled => ("In the recycle bin", "quiet"),
    };
    let waits = matches!(cycle.status, Status::Paused | Status::Stopped);
    CycleRow {
        name: cycle.name.clone(),
        status,
        look,
        runs: cycle.history.runs,
        errors: cycle.history.errors,
        lacks: waits && !account.ready(cycle),
    }
}

fn call_row(call: &HeardCall) -> CallRow {
    let look = match call.status {
        Some(200..=299) => "good",
        Some(_) => "bad",
        None => "quiet",
    };
    CallRow {
        method: call.method.clone(),
        path: call.path.clone(),
        account: call.account.clone().unwrap_or_default(),
        status: call.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
        look,
        time: call.at.format("%H:%M:%S").to_string(),
        caller: call.caller.clone().unwrap_or_default(),
        effect: call.effect.as_ref().map(ToString::to_string).unwrap_or_default(),
        struck: call.fault.is_some(),
    }
}

fn day_and_time(at: DateTime<Utc>) -> String {
    at.format("%A, %-d %B %Y, %H:%M:%S UTC").to_string()
}

impl Sandbox {
    fn template_row(&self, template: &Integration) -> TemplateRow {
        let connectors = &self.0.shelves.connectors;
        let mut names: Vec<&str> = Vec::new();
        for step in &template.steps {
            let Some(connector) = connectors.get(&step.connector) else { continue };
            if !names.contains(&connector.name.as_str()) {
                names.push(&connector.name);
            }
        }
        TemplateRow {
            name: template.name.clone(),
            id: template.id.to_string(),
            connectors: names.join(", "),
        }
    }
}
