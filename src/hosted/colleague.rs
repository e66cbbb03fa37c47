//! The visit of a colleague, who is asked for one connection and sees nothing else.

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;

use super::connect::{self, Way};
use super::notices;
use super::progress::watch;
use super::visit::{Visit, begin, find_by_link};
use crate::ids::ConnectorId;
use crate::onboarding::{Connection, Status};
use crate::web::{self, AppState, ColleagueGrant, Frame, LinkGrant, Notice, Page, Tone, Wishes};

/// The address for whoever is asked to make this connection, as often as it was handed over by now.
pub(super) fn link(state: &AppState, visit: &Visit, connection: &Connection) -> String {
    let only =
        ColleagueGrant { connector: connection.connector, turn: connection.handed_over.changes() };
    let grant = LinkGrant { only: Some(only), ..LinkGrant::whole(&visit.onboarding) };
    let token = state.links.link_token(&grant);
    format!("{}c/{token}", state.pages_base(&visit.onboarding))
}

pub(super) async fn open_link(
    State(state): State<AppState>,
    Path(token): Path<String>,
    Extension(wishes): Extension<Wishes>,
    jar: CookieJar,
) -> Result<Response, web::Error> {
    let found = find_by_link(&state, &token).await?.filter(|(_, grant)| grant.only.is_some());
    let over = notices::colleague_over(wishes.words(None, None));
    Ok(begin(&state, jar, found, over))
}

/// The one connection, and nothing beside it. Whoever may see all is sent there.
pub(super) async fn show(
    visit: Visit,
    State(state): State<AppState>,
    Path((_, connector)): Path<(String, ConnectorId)>,
    Query(way): Query<Way>,
) -> Response {
    let Some(connection) = visit.onboarding.facts.connection(connector) else {
        return Page(notices::colleague_over(visit.words)).into_response();
    };
    if visit.is_whole() {
        return visit.see_next();
    }
    if connection.authenticated.stands() {
        return Page(done(&visit, connection)).into_response();
    }
    match &visit.onboarding.status {
        Status::Waiting { .. } if connection.waits_for_person() => {
            connect::page(&visit, &state, connection, &way)
        }
        Status::Waiting { .. } | Status::Running | Status::Retrying { .. } => {
            Page(checking(&visit)).into_response()
        }
        Status::Stuck { .. } | Status::Live | Status::Cancelled => {
            Page(notices::colleague_over(visit.words)).into_response()
        }
    }
}

pub(super) fn done(visit: &Visit, connection: &Connection) -> Notice {
    let title = visit.about("returned-connected", connection);
    Notice {
        frame: visit.plain_frame(title),
        tone: Tone::Good,
        lines: vec![visit.say("colleague-done")],
        ways: Vec::new(),
    }
}

fn checking(visit: &Visit) -> Notice {
    let frame = visit.plain_frame(visit.say("checking"));
    Notice {
        frame: Frame { refresh: Some(watch(visit, 5)), ..frame },
        lines: vec![visit.say("takes-seconds")],
        ..Notice::default()
    }
}
