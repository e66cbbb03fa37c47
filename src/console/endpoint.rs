//! What was sent to one webhook endpoint, newest first, and whether anything is sent there. A delivery is sent
//! again from its case.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::chrome::Chrome;
use super::operator::{Administers, Operator};
use super::words::{Moment, plain, sending, why_off};
use crate::ids::EndpointId;
use crate::store::{Act, Delivery, EndpointOrder};
use crate::web::{AppState, Error, Page, Protected};

const LINES: u16 = 50;
/// What may become of a delivery.
const STATES: [&str; 3] = ["pending", "delivered", "failed"];

#[derive(Template)]
#[template(path = "console/endpoint.html")]
struct EndpointPage {
    chrome: Chrome,
    /// Where it is switched off and on.
    switch: String,
    address: String,
    description: String,
    /// Since when nothing is sent there, and why.
    disabled: Option<(Moment, String)>,
    /// Each state with its list, and whether it is the one that is shown; all of them first.
    states: Vec<(String, String, bool)>,
    lines: Vec<Line>,
    older: Option<String>,
}

struct Line {
    at: Moment,
    kind: String,
    case: Option<String>,
    stands: String,
    colour: &'static str,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
    before: String,
}

pub(super) async fn show(
    operator: Operator<Administers>,
    State(app): State<AppState>,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let known = app.store().find_endpoint(EndpointId(id)).await?.ok_or_else(Error::not_found)?;
    let state = STATES.into_iter().find(|state| *state == asked.state);
    let before = Uuid::try_parse(&asked.before).ok();
    let found = app.store().list_deliveries(known.id, state, before, LINES).await?;
    let (now, base) = (app.clock().now(), address(known.id));
    let narrowed = state.map(|state| format!("state={state}&")).unwrap_or_default();
    let mut states = vec![("all".to_owned(), base.clone(), state.is_none())];
    states
        .extend(STATES.map(|one| (plain(one), format!("{base}?state={one}"), state == Some(one))));
    let page = EndpointPage {
        chrome: Chrome::new(&app, &operator, "/console/settings", "What was sent"),
        switch: format!("{base}/switch"),
        address: known.url,
        description: known.description,
        disabled: known.disabled.map(|(at, why)| (Moment::new(at, now), why_off(&why))),
        states,
        lines: found.deliveries.into_iter().map(|told| line(told, now)).collect(),
        older: found.next.map(|next| format!("{base}?{narrowed}before={next}")),
    };
    Ok(Page(page).into_response())
}

/// Where it is shown.
fn address(id: EndpointId) -> String {
    format!("/console/settings/endpoints/{}", id.0)
}

/// Whether anything is to be sent there: `on` or `off`.
#[derive(Debug, Deserialize)]
pub(super) struct Switch {
    to: String,
}

/// Has messages sent there again, or no more.
pub(super) async fn switch(
    operator: Operator<Administers>,
    State(app): State<AppState>,
    Path(id): Path<Uuid>,
    Protected(wanted): Protected<Switch>,
) -> Result<Response, Error> {
    let id = EndpointId(id);
    let known = app.store().find_endpoint(id).await?.ok_or_else(Error::not_found)?;
    let (order, name) = match wanted.to.as_str() {
        "on" => (EndpointOrder::Enable { id }, "enable_endpoint"),
        "off" => (EndpointOrder::Disable { id }, "disable_endpoint"),
        _ => return Err(Error::not_found()),
    };
    let act = Act::new(name, known.url);
    let actor = operator.member().actor();
    if !app.store().order_endpoint_by_staff(&order, (&actor, &act)).await? {
        return Err(Error::not_found());
    }
    Ok(Redirect::to(&address(id)).into_response())
}

fn line(told: Delivery, now: DateTime<Utc>) -> Line {
    let state = (told.state.as_str(), told.under_way);
    let (stands, colour) = sending(state, told.attempts, (told.due_at, now));
    Line {
        at: Moment::new(told.at, now),
        kind: told.kind,
        case: told.onboarding.map(|id| format!("/console/onboardings?q={id}")),
        stands,
        colour,
    }
}
