//! Orders to all that match: chosen, previewed with what would become of some of them, started, watched.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;
use uuid::Uuid;

use super::account::proof_wanted;
use super::act::is_destructive;
use super::case::label;
use super::chrome::Chrome;
use super::inputs::{Input, InputKind, inputs_for_many};
use super::list::{Row, given, spell};
use super::operator::{Looks, Operator, Repairs};
use super::order::{self, Given, Order, read_for_many};
use super::sign_in::Nothing;
use super::words::Moment;
use crate::engine::{BulkRequest, MOST_IN_BULK};
use crate::ids::BulkOrderId;
use crate::onboarding::{Action, BulkCommand};
use crate::store::{Act, BulkDeed, BulkOrder, BulkRefusal, BulkState, Filter, Sight};
use crate::web::narrow::{Narrowed, read_asked};
use crate::web::{AppState, Error, Kind, Page, Protected};

const PLACE: &str = "/console/bulk";

#[derive(Template)]
#[template(path = "console/bulk_new.html")]
struct NewPage {
    chrome: Chrome,
    /// The list's query.
    narrowed: String,
    count: u64,
    actions: Vec<(&'static str, &'static str, bool)>,
    action: &'static str,
    label: &'static str,
    inputs: Vec<Input>,
    needs_reason: bool,
    reason: String,
    mistake: Option<String>,
}

#[derive(Template)]
#[template(path = "console/bulk.html")]
struct BulkPage {
    chrome: Chrome,
    id: Uuid,
    label: &'static str,
    reason: String,
    list: String,
    actor: String,
    created: Moment,
    state: &'static str,
    previewed: u64,
    results: [(&'static str, u64); 5],
    /// How much of it is over, in percent.
    share: u64,
    is_preview: bool,
    is_running: bool,
    is_destructive: bool,
    sample: Vec<(Row, Option<&'static str>)>,
}

#[derive(Template)]
#[template(path = "console/bulk_list.html")]
struct ListPage {
    chrome: Chrome,
    orders: Vec<Line>,
}

struct Line {
    address: String,
    label: &'static str,
    actor: String,
    created: Moment,
    state: &'static str,
    count: u64,
    done: u64,
}

pub(super) async fn list(
    operator: Operator<Looks>,
    State(app): State<AppState>,
) -> Result<Response, Error> {
    let now = app.clock().now();
    let orders = app.store().list_bulk(&Sight::All, None, 100).await?.into_iter();
    let line = |order: BulkOrder| Line {
        address: format!("{PLACE}/{}", order.id),
        label: label(order.command.action()),
        actor: order.actor,
        created: Moment::new(order.created_at, now),
        state: order.state.name(),
        count: order.previewed,
        done: order.progress.done,
    };
    let chrome = Chrome { is_live: true, ..Chrome::new(&app, &operator, PLACE, "Orders to many") };
    Ok(Page(ListPage { chrome, orders: orders.map(line).collect() }).into_response())
}

/// What a list's query is narrowed to.
fn read_filter(query: &str) -> Result<Filter, Error> {
    let Narrowed(filter, paging) = Narrowed::read(query)?;
    Ok(read_asked(&filter, &paging)?.0)
}

pub(super) async fn choose(
    operator: Operator<Repairs>,
    State(app): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let (mine, list): (Vec<_>, Vec<_>) =
        given(query.as_deref()).into_iter().partition(|(name, _)| name == "action");
    let list: Vec<_> =
        list.into_iter().filter(|(name, _)| !matches!(&**name, "cursor" | "limit")).collect();
    let action = mine.first().map_or(Some(Action::Retry), |(_, name)| Action::parse(name));
    let action = action.ok_or_else(Error::not_found)?;
    let narrowed = spell(&list);
    let page = new_page((&app, &operator), narrowed, action, &Given::new(), None).await?;
    Ok(Page(page).into_response())
}

async fn new_page(
    (app, operator): (&AppState, &Operator<Repairs>),
    narrowed: String,
    action: Action,
    given: &Given,
    mistake: Option<String>,
) -> Result<NewPage, Error> {
    let filter = read_filter(&narrowed)?;
    let count = app.store().count(&filter, &Sight::All).await?.total;
    let inputs = inputs_for_many(action, given, &operator.member().email);
    let fits = |action: &Action| inputs_for_many(*action, given, "").is_some();
    let named = |other: Action| (other.name(), label(other), other == action);
    Ok(NewPage {
        chrome: Chrome {
            has_mistakes: mistake.is_some(),
            ..Chrome::new(app, operator, PLACE, "An order to all that match")
        },
        narrowed,
        count,
        actions: Action::ALL.into_iter().filter(fits).map(named).collect(),
        action: action.name(),
        label: label(action),
        inputs: inputs.ok_or_else(Error::not_found)?,
        needs_reason: order::needs_reason(action),
        reason: order::shown(given, "reason"),
        mistake,
    })
}

/// Keeps a preview. Nobody is told anything yet.
pub(super) async fn preview(
    operator: Operator<Repairs>,
    State(app): State<AppState>,
    Protected(mut typed): Protected<Given>,
) -> Result<Response, Error> {
    let narrowed = typed.remove("narrowed").unwrap_or_default();
    let action = typed.remove("action").as_deref().and_then(Action::parse);
    let action = action.ok_or_else(Error::not_found)?;
    let filter = read_filter(&narrowed)?;
    let count = app.store().count(&filter, &Sight::All).await?.total;
    let read = read_for_many(&app, action, &typed).await?;
    let read = read.and_then(|Order { command, reason }| {
        let command = BulkCommand::of(command);
        Ok((command.ok_or("This is about one onboarding alone.")?, reason))
    });
    let read = match count {
        0 => Err("Nothing matches any more.".to_owned()),
        count if count > MOST_IN_BULK => {
            Err(format!("It matches {count}; narrow it down to {MOST_IN_BULK}."))
        }
        _ => read,
    };
    let (command, reason) = match read {
        Ok(read) => read,
        Err(mistake) => {
            let (place, mistake) = ((&app, &operator), Some(mistake));
            let page = new_page(place, narrowed, action, &typed, mistake).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response());
        }
    };
    let request = BulkRequest {
        actor: operator.member().actor().name,
        sight: Sight::All,
        asked: json!({ "list": narrowed, "reason": reason }),
        filter,
        command,
    };
    let kept = app.engine.preview_bulk(request, count, None, &name).await?;
    Ok(Redirect::to(&format!("{PLACE}/{}", kept.body)).into_response())
}

/// All that is needed of an order that was changed: where it is.
fn name(order: &BulkOrder) -> (u16, String) {
    (303, order.id.to_string())
}

pub(super) async fn show(
    operator: Operator<Looks>,
    State(app): State<AppState>,
    Path(id): Path<Uuid>,
) -> Result<Response, Error> {
    let order = find(&app, id).await?;
    let now = app.clock().now();
    let action = order.command.action();
    let text = |name: &str| order.asked[name].as_str().unwrap_or_default().to_owned();
    let is_preview = order.state == BulkState::Previewed;
    let sample = if is_preview {
        app.engine.look_at_many(&order.filter, &order.sight).await?.sample
    } else {
        Vec::new()
    };
    let progress = order.progress;
    let over = progress.total() - progress.pending;
    let is_running = order.state == BulkState::Running;
    let title = format!("{}: {} onboardings", label(action), order.previewed);
    let page = BulkPage {
        chrome: Chrome { is_live: is_running, ..Chrome::new(&app, &operator, PLACE, title) },
        id,
        label: label(action),
        reason: text("reason"),
        list: format!("/console/onboardings?{}", text("list")),
        created: Moment::new(order.created_at, now),
        state: order.state.name(),
        previewed: order.previewed,
        results: [
            ("still to come", progress.pending),
            ("done", progress.done),
            ("refused by their state", progress.refused),
            ("passed by: did not match any more", progress.passed_by),
            ("failed", progress.failed),
        ],
        share: (over * 100).checked_div(progress.total()).unwrap_or(0),
        is_preview,
        is_running,
        is_destructive: is_destructive(action),
        sample: sample
            .iter()
            .map(|one| (Row::new(one, now), one.may(action, now).err().map(|why| why.reason)))
            .collect(),
        actor: order.actor,
    };
    Ok(Page(page).into_response())
}

pub(super) async fn start(
    operator: Operator<Repairs>,
    State(app): State<AppState>,
    Path(id): Path<Uuid>,
    Protected(Nothing {}): Protected<Nothing>,
) -> Result<Response, Error> {
    let order = find(&app, id).await?;
    let place = format!("{PLACE}/{id}");
    if is_destructive(order.command.action())
        && let Some(proof) = proof_wanted(&app, &operator, &place)
    {
        return Ok(proof);
    }
    let (actor, act) = (operator.member().actor(), act("start_bulk", &order));
    let deed = BulkDeed { once: None, render: &name, audit: Some((&actor, &act)) };
    match app.engine.start_bulk((order.id, &Sight::All), deed).await? {
        Ok(_) => Ok(Redirect::to(&place).into_response()),
        Err(refusal) => Err(refused(refusal)),
    }
}

pub(super) async fn cancel(
    operator: Operator<Repairs>,
    State(app): State<AppState>,
    Path(id): Path<Uuid>,
    Protected(Nothing {}): Protected<Nothing>,
) -> Result<Response, Error> {
    let order = find(&app, id).await?;
    let (actor, act) = (operator.member().actor(), act("cancel_bulk", &order));
    let deed = BulkDeed { once: None, render: &name, audit: Some((&actor, &act)) };
    match app.engine.cancel_bulk((order.id, &Sight::All), deed).await? {
        Ok(_) => Ok(Redirect::to(&format!("{PLACE}/{id}")).into_response()),
        Err(refusal) => Err(refused(refusal)),
    }
}

async fn find(app: &AppState, id: Uuid) -> Result<BulkOrder, Error> {
    let found = app.store().find_bulk(BulkOrderId(id), &Sight::All).await?;
    found.ok_or_else(Error::not_found)
}

fn act(action: &'static str, order: &BulkOrder) -> Act {
    Act {
        reason: order.asked["reason"].as_str().map(str::to_owned),
        after: Some(json!({
            "order": order.command.action().name(),
            "onboardings": order.previewed,
            "list": order.asked["list"],
        })),
        ..Act::new(action, order.id.to_string())
    }
}

fn refused(refusal: BulkRefusal) -> Error {
    let words = match refusal {
        BulkRefusal::Unknown => return Error::not_found(),
        BulkRefusal::TooOld => {
            "Nothing was started: this preview is older than 15 minutes. Make another one."
                .to_owned()
        }
        BulkRefusal::Outgrown { previewed, now } => format!(
            "Nothing was started: it matches {now} onboardings by now, and the preview showed {previewed}. \
             Make another preview."
        ),
        BulkRefusal::WasCancelled => "Nothing was started: it was cancelled.".to_owned(),
        BulkRefusal::IsDone => "Everybody has had their turn already.".to_owned(),
    };
    Error::new(Kind::Conflict, words)
}
