//! Cycles: what is installed, what it lacks, and whether it runs.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use uuid::Uuid;

use std::collections::BTreeMap;

use super::super::Sandbox;
use super::super::account::Account;
use super::super::cycle::{CYCLE_SETTINGS, Cycle, Status};
use super::super::effect::{Done, Effect};
use super::super::request::{Answer, InAccount, Page, Query, Refusal, Reply, Said, guid, moment};
use super::super::runs::Start;
use super::super::shapes;
use super::super::variants::Variants;
use super::super::world::World;

/// Deleted cycles stay listed (OBS).
pub(super) async fn list(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    query: Query,
) -> Result<Page, Refusal> {
    let icons = query.truth_or("includeicons", true);
    sandbox.read(|world, _| {
        let account = world.account(&account)?;
        let found = account.cycles.iter().filter(|cycle| is_wanted(cycle, account, &query));
        let mut found: Vec<_> = found.collect();
        if query.orders_by("Name") {
            found.sort_by_key(|cycle| cycle.name.to_lowercase());
        }
        Ok(query.page(found.into_iter(), |cycle| shapes::cycle(cycle, account, icons)))
    })
}

fn is_wanted(cycle: &Cycle, account: &Account, query: &Query) -> bool {
    let tags = &cycle.template.tags;
    let tagged = query.text("tag").is_none_or(|tag| tags.iter().any(|one| one == tag));
    let (name, version) = (query.text("connectorname"), query.text("connectorversion"));
    let connectors = cycle.connectors.values().filter_map(|id| account.connectors.get(id));
    let mut connectors = connectors.map(|one| &one.connector);
    let unasked = name.is_none() && version.is_none();
    tagged && (unasked || connectors.any(|one| one.is_called(name, version)))
}

pub(super) async fn show(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Reply {
    let id = guid(&id)?;
    sandbox.read(|world, _| {
        let (cycle, account) = find(world, &account, id)?;
        Ok(Answer(shapes::cycle(cycle, account, true)))
    })
}

/// Partial, as for accounts (INF). 409 while it runs (OBS).
pub(super) async fn update(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
    said: Said,
) -> Reply {
    let id = guid(&id)?;
    let changed = CYCLE_SETTINGS
        .into_iter()
        .filter_map(|name| said.value(name).map(|value| (name.to_owned(), value.clone())));
    let mut changed: BTreeMap<_, _> = changed.collect();
    sandbox.change(|world, _| {
        let cycle = find_still(world, &account, id)?;
        if said.value("Name").is_some() {
            let name = said.text("Name").filter(|name| !name.is_empty());
            cycle.name = name.ok_or_else(|| Refusal::bad("Name is required"))?;
        }
        cycle.settings.append(&mut changed);
        let (cycle, account) = find(world, &account, id)?;
        Ok(Answer(shapes::cycle(cycle, account, true)))
    })
}

/// Goes to the recycle bin, where it stays for 90 days (DOC). What a second delete answers
/// is a variant.
pub(super) async fn delete(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Done<StatusCode> {
    let id = guid(&id)?;
    let variants = sandbox.variants();
    sandbox.change(|world, now| {
        let (cycle, _) = find(world, &account, id)?;
        if cycle.status == Status::DeleteScheduled {
            return Ok((Effect::nothing(), variants.delete_again()?));
        }
        let cycle = find_present(world, &account, id)?;
        cycle.pause(Status::DeleteScheduled);
        cycle.deleted_at = Some(now);
        let due = cycle.next_due();
        world.expect(due);
        Ok((Effect::of("deleted cycle", &id), StatusCode::OK))
    })
}

/// All steps are actions here, so `filter=action` leaves none out; another filter has nothing.
pub(super) async fn steps(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
    query: Query,
) -> Reply {
    let id = guid(&id)?;
    let wanted = query.text("filter").is_none_or(|kind| kind.eq_ignore_ascii_case("action"));
    sandbox.read(|world, _| {
        let (cycle, account) = find(world, &account, id)?;
        let places = (0..cycle.steps.len()).filter(|_| wanted);
        Ok(Answer(places.filter_map(|place| shapes::step(cycle, place, account)).collect()))
    })
}

pub(super) async fn step(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((id, step)): Path<(String, String)>,
) -> Reply {
    let (id, step) = (guid(&id)?, guid(&step)?);
    sandbox.read(|world, _| show_step(world, &account, id, step))
}

/// Name and description. An action type that is none is refused (OBS).
pub(super) async fn update_step(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((id, step)): Path<(String, String)>,
    said: Said,
) -> Reply {
    let (id, step) = (guid(&id)?, guid(&step)?);
    let kind = said.text("ActionType");
    if kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("action") && kind != "1") {
        return Err(Refusal::malformed());
    }
    sandbox.change(|world, _| {
        let cycle = find_still(world, &account, id)?;
        let place = cycle.place_of(step).ok_or_else(|| Refusal::missing("Step"))?;
        if let Some(step) = cycle.steps.get_mut(place) {
            if let Some(name) = said.text("Name").filter(|name| !name.is_empty()) {
                step.name = Some(name);
            }
            if said.value("Description").is_some() {
                step.description = said.text("Description");
            }
        }
        show_step(world, &account, id, step)
    })
}

fn show_step(world: &World, account: &str, id: Uuid, step: Uuid) -> Reply {
    let (cycle, account) = find(world, account, id)?;
    let place = cycle.place_of(step);
    let shown = place.and_then(|place| shapes::step(cycle, place, account));
    shown.map(Answer).ok_or_else(|| Refusal::missing("Step"))
}

pub(super) async fn prerequisites(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Reply {
    let id = guid(&id)?;
    let code = sandbox.variants().variable_code();
    sandbox.read(|world, _| {
        let (cycle, account) = find(world, &account, id)?;
        Ok(Answer(shapes::cycle_prerequisites(cycle, account, code)))
    })
}

/// 200 without a documented body.
pub(super) async fn activate(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
    said: Said,
) -> Done<StatusCode> {
    let id = guid(&id)?;
    let variants = sandbox.variants();
    let start = Start::read(&said, variants)?;
    let usual = sandbox.0.shelves.error_webhook.as_ref();
    let started = sandbox.change(|world, now| {
        find_present(world, &account, id)?;
        let (cycle, owner) = find(world, &account, id)?;
        let going_on = variants.activate(owner.ready(cycle), cycle.is_running())?;
        let Some(()) = going_on else { return Ok(None) };
        let owner = world.account_mut(&account)?;
        let notice = owner.start(&account, id, &start, now, usual);
        let due = owner.cycle(id).and_then(Cycle::next_due);
        world.expect(due);
        Ok(Some((notice, now)))
    })?;
    let Some((notice, now)) = started else {
        return Ok((Effect::nothing(), StatusCode::OK));
    };
    sandbox.send(notice.into_iter().collect(), now);
    Ok((Effect::of("activated cycle", &id), StatusCode::OK))
}

impl Start {
    fn read(said: &Said, variants: Variants) -> Result<Self, Refusal> {
        let at = said.text("StartTime").filter(|text| !text.is_empty());
        let interval = said.text("Interval").map(|text| text.parse::<u32>());
        let start = Self {
            at: at.map(|text| moment(&text)).transpose()?,
            interval: variants.interval(interval.transpose().map_err(|_| Refusal::malformed())?)?,
            once: said.truth("RunOnce"),
            then: variants.after_single_run(),
        };
        variants.has_interval(&start)?;
        Ok(start)
    }
}

/// 200 also when it is paused already (OBS). Queued transactions are done at once here, so whether
/// they are to be finished first makes no difference.
pub(super) async fn deactivate(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Done<StatusCode> {
    let id = guid(&id)?;
    let status = sandbox.variants().after_deactivation();
    sandbox.change(|world, _| {
        find_present(world, &account, id)?.pause(status);
        Ok((Effect::of("stopped cycle", &id), StatusCode::OK))
    })
}

pub(super) fn find<'a>(
    world: &'a World,
    account: &str,
    id: Uuid,
) -> Result<(&'a Cycle, &'a Account), Refusal> {
    let account = world.account(account)?;
    let cycle = account.cycle(id).ok_or_else(|| Refusal::missing("Cycle"))?;
    Ok((cycle, account))
}

/// One that may be changed: neither running (OBS: 409) nor in the recycle bin.
pub(super) fn find_still<'a>(
    world: &'a mut World,
    account: &str,
    id: Uuid,
) -> Result<&'a mut Cycle, Refusal> {
    let cycle = find_present(world, account, id)?;
    if cycle.is_running() { Err(Refusal::running()) } else { Ok(cycle) }
}

/// One that is not in the recycle bin.
pub(super) fn find_present<'a>(
    world: &'a mut World,
    account: &str,
    id: Uuid,
) -> Result<&'a mut Cycle, Refusal> {
    let cycle = world.account_mut(account)?.cycle_mut(id);
    let cycle = cycle.filter(|cycle| cycle.status != Status::DeleteScheduled);
    cycle.ok_or_else(|| Refusal::missing("Cycle"))
}
