//! Cycles: what is installed, what it lacks, and whether it runs.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use uuid::Uuid;

use super::super::Sandbox;
use super::super::cycle::{Cycle, Status};
use super::super::request::{Answer, InAccount, Page, Query, Refusal, Reply, Said, guid};
use super::super::shapes;
use super::super::world::{Account, World};

/// Deleted cycles stay listed (OBS).
pub(super) async fn list(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    query: Query,
) -> Result<Page, Refusal> {
    sandbox.read(|world, _| {
        let account = world.account(&account)?;
        let tagged = |cycle: &&Cycle| {
            query.text("tag").is_none_or(|tag| cycle.template.tags.iter().any(|one| one == tag))
        };
        let found: Vec<_> = account.cycles.iter().filter(tagged).collect();
        Ok(query.page(found.into_iter(), |cycle| shapes::cycle(cycle, account)))
    })
}

pub(super) async fn show(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Reply {
    let id = guid(&id)?;
    sandbox.read(|world, _| {
        let (cycle, account) = find(world, &account, id)?;
        Ok(Answer(shapes::cycle(cycle, account)))
    })
}

/// Goes to the recycle bin. What a second delete answers is unknown; here 404.
pub(super) async fn delete(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let id = guid(&id)?;
    sandbox.change(|world, _| {
        find_present(world, &account, id)?.status = Status::DeleteScheduled;
        Ok(StatusCode::OK)
    })
}

pub(super) async fn steps(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Reply {
    let id = guid(&id)?;
    sandbox.read(|world, _| {
        let (cycle, account) = find(world, &account, id)?;
        let places = 0..cycle.steps.len();
        Ok(Answer(places.filter_map(|place| shapes::step(cycle, place, account)).collect()))
    })
}

pub(super) async fn step(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((id, step)): Path<(String, String)>,
) -> Reply {
    let (id, step) = (guid(&id)?, guid(&step)?);
    sandbox.read(|world, _| {
        let (cycle, account) = find(world, &account, id)?;
        let place = cycle.place_of(step);
        let shown = place.and_then(|place| shapes::step(cycle, place, account));
        shown.map(Answer).ok_or_else(|| Refusal::missing("Step"))
    })
}

pub(super) async fn prerequisites(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Reply {
    let id = guid(&id)?;
    sandbox.read(|world, _| {
        let (cycle, account) = find(world, &account, id)?;
        Ok(Answer(shapes::cycle_prerequisites(cycle, account)))
    })
}

/// 200 without a documented body. The refusal's status is inferred, its text is LAUNCH's (DOC).
/// Any interval is taken; an active cycle is activated again: both answers are unknown.
pub(super) async fn activate(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
    said: Said,
) -> Result<StatusCode, Refusal> {
    let id = guid(&id)?;
    sandbox.change(|world, now| {
        find_present(world, &account, id)?;
        let (cycle, owner) = find(world, &account, id)?;
        if !owner.ready(cycle) {
            let message = "Please set up all the steps correctly before starting the cycle.";
            return Err(Refusal::bad(message));
        }
        let cycle = find_present(world, &account, id)?;
        cycle.activations += 1;
        if said.truth("RunOnce") {
            // It runs, which takes no time here, and pauses itself.
            cycle.status = Status::Paused;
            cycle.last_run_at = Some(now);
        } else {
            cycle.status = Status::Active;
        }
        Ok(StatusCode::OK)
    })
}

/// 200 also when it is paused already (OBS).
pub(super) async fn deactivate(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let id = guid(&id)?;
    sandbox.change(|world, _| {
        find_present(world, &account, id)?.status = Status::Paused;
        Ok(StatusCode::OK)
    })
}

fn find<'a>(
    world: &'a World,
    account: &str,
    id: Uuid,
) -> Result<(&'a Cycle, &'a Account), Refusal> {
    let account = world.account(account)?;
    let cycle = account.cycle(id).ok_or_else(|| Refusal::missing("Cycle"))?;
    Ok((cycle, account))
}

/// One that is not in the recycle bin.
fn find_present<'a>(
    world: &'a mut World,
    account: &str,
    id: Uuid,
) -> Result<&'a mut Cycle, Refusal> {
    let cycle = world.account_mut(account)?.cycle_mut(id);
    let cycle = cycle.filter(|cycle| cycle.status != Status::DeleteScheduled);
    cycle.ok_or_else(|| Refusal::missing("Cycle"))
}
