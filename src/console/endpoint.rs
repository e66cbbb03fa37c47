//! What was sent to one webhook endpoint, newest first. A delivery is sent again from its case.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::chrome::Chrome;
use super::operator::{Administers, Operator};
use super::words::{Moment, plain, sending, tries};
use crate::ids::EndpointId;
use crate::store::Delivery;
use crate::web::{AppState, Error, Page};

const LINES: u16 = 50;
/// What may become of a delivery.
const STATES: [&str; 3] = ["pending", "delivered", "failed"];

#[derive(Template)]
#[template(path = "console/endpoint.html")]
struct EndpointPage {
    chrome: Chrome,
    address: String,
    description: String,
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
    let (now, base) = (app.clock().now(), format!("/console/settings/endpoints/{id}"));
    let narrowed = state.map(|state| format!("state={state}&")).unwrap_or_default();
    let mut states = vec![("all".to_owned(), base.clone(), state.is_none())];
    states
        .extend(STATES.map(|one| (plain(one), format!("{base}?state={one}"), state == Some(one))));
    let page = EndpointPage {
        chrome: Chrome::new(&app, &operator, "/console/settings", "What was sent"),
        address: known.url,
        description: known.description,
        states,
        lines: found.deliveries.into_iter().map(|told| line(told, now)).collect(),
        older: found.next.map(|next| format!("{base}?{narrowed}before={next}")),
    };
    Ok(Page(page).into_response())
}

fn line(told: Delivery, now: DateTime<Utc>) -> Line {
    let (stands, colour) = match told.state.as_str() {
        "pending" if told.under_way => {
            (format!("being sent, {} so far", tries(told.attempts)), "calm")
        }
        state => sending(state, told.attempts, (told.due_at, now)),
    };
    Line {
        at: Moment::new(told.at, now),
        kind: told.kind,
        case: told.onboarding.map(|id| format!("/console/onboardings?q={id}")),
        stands,
        colour,
    }
}
