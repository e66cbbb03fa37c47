//! What became of runs: incidents and transactions.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};

use super::super::Sandbox;
use super::super::account::Account;
use super::super::cycle::Cycle;
use super::super::request::{Answer, InAccount, Page, Query, Refusal, Reply, guid};
use super::super::runs::Level;
use super::super::shapes;
use super::cycles::{find, find_present};

pub(super) async fn incidents(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
    query: Query,
) -> Result<Page, Refusal> {
    let id = guid(&id)?;
    let within = Span::read(&query)?;
    sandbox.read(|world, _| {
        let (cycle, _) = find(world, &account, id)?;
        let found = cycle.history.incidents.iter().filter(|one| within.has(one.at));
        let found: Vec<_> = found.collect();
        Ok(query.page(found.into_iter(), |one| shapes::incident(cycle, one)))
    })
}

/// Of all cycles of the account, of one level.
pub(super) async fn incidents_of_level(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(level): Path<String>,
    query: Query,
) -> Result<Page, Refusal> {
    let level = match level.to_lowercase().as_str() {
        "error" => Level::Error,
        "warning" => Level::Warning,
        _ => return Err(Refusal::malformed()),
    };
    let within = Span::read(&query)?;
    sandbox.read(|world, _| {
        let found = of_all(world.account(&account)?, |cycle| &cycle.history.incidents);
        let mut found: Vec<_> =
            found.filter(|(_, one)| one.level == level && within.has(one.at)).collect();
        found.sort_by_key(|(_, one)| one.at);
        Ok(query.page(found.into_iter(), |(cycle, one)| shapes::incident(cycle, one)))
    })
}

/// Forgets them, and begins to count anew.
pub(super) async fn clear_incidents(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let id = guid(&id)?;
    sandbox.change(|world, _| {
        let history = &mut find_present(world, &account, id)?.history;
        history.incidents.clear();
        (history.errors, history.warnings) = (0, 0);
        Ok(StatusCode::OK)
    })
}

/// Of all cycles of the account.
pub(super) async fn all_transactions(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    query: Query,
) -> Result<Page, Refusal> {
    let within = Span::read(&query)?;
    sandbox.read(|world, _| {
        let found = of_all(world.account(&account)?, |cycle| &cycle.history.transactions);
        let mut found: Vec<_> = found.filter(|(_, one)| within.has(one.at)).collect();
        found.sort_by_key(|(_, one)| one.at);
        let shown = found.into_iter().map(|(cycle, one)| shapes::transaction(cycle, one));
        let shown: Vec<_> = shown.filter(|one| has_status(one, &query)).collect();
        Ok(query.page(shown.into_iter(), |one| one))
    })
}

pub(super) async fn transactions(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
    query: Query,
) -> Result<Page, Refusal> {
    let id = guid(&id)?;
    let within = Span::read(&query)?;
    sandbox.read(|world, _| {
        let (cycle, _) = find(world, &account, id)?;
        let found = cycle.history.transactions.iter().filter(|one| within.has(one.at));
        let shown = found.map(|one| shapes::transaction(cycle, one));
        let shown: Vec<_> = shown.filter(|one| has_status(one, &query)).collect();
        Ok(query.page(shown.into_iter(), |one| one))
    })
}

pub(super) async fn transaction(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((id, transaction)): Path<(String, String)>,
) -> Reply {
    let (id, transaction) = (guid(&id)?, guid(&transaction)?);
    sandbox.read(|world, _| {
        let (cycle, _) = find(world, &account, id)?;
        let found = cycle.history.transactions.iter().find(|one| one.id == transaction);
        let found = found.ok_or_else(|| Refusal::missing("Transaction"))?;
        Ok(Answer(shapes::transaction(cycle, found)))
    })
}

fn of_all<'a, T: 'a>(
    account: &'a Account,
    kept: impl Fn(&'a Cycle) -> &'a std::collections::VecDeque<T>,
) -> impl Iterator<Item = (&'a Cycle, &'a T)> {
    account.cycles.iter().flat_map(move |cycle| kept(cycle).iter().map(move |one| (cycle, one)))
}

fn has_status(shown: &serde_json::Value, query: &Query) -> bool {
    let wanted = query.text("status");
    wanted.is_none_or(|wanted| {
        shown["Status"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(wanted))
    })
}

/// `after` and `before` of a query.
struct Span {
    after: Option<DateTime<Utc>>,
    before: Option<DateTime<Utc>>,
}

impl Span {
    fn read(query: &Query) -> Result<Self, Refusal> {
        Ok(Self { after: query.moment("after")?, before: query.moment("before")? })
    }

    fn has(&self, at: DateTime<Utc>) -> bool {
        self.after.is_none_or(|after| at > after) && self.before.is_none_or(|before| at < before)
    }
}
