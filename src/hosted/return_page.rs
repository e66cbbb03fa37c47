//! Where a browser lands after a provider. What it brings along says nothing: Cyclr is asked.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use super::colleague;
use super::notices;
use super::visit::{Visit, sessions};
use crate::ids::ConnectorId;
use crate::onboarding::{Command, Connection, Onboarding, ProviderWord, Status};
use crate::store::OpenAttempt;
use crate::web::{self, AppState, Frame, Notice, Page, Refresh, Tone, Way, Wishes};

/// How long a person waits for the truth before the page says "not yet".
const PATIENCE: Duration = Duration::from_secs(5);

/// What a provider, or the page at which Cyclr leaves people, may have added. All of it is a hint.
#[derive(Debug, Default)]
struct Brought {
    error: Option<String>,
    error_description: Option<String>,
}

/// The window in which somebody came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Window {
    /// Where they had set out: it goes on with the next step.
    Same,
    /// One that was opened for the sign-in alone.
    Own,
}

impl Brought {
    /// Longest text that is looked at, in bytes.
    const LONGEST: usize = 2_000;

    /// Whatever else stands there is nobody's business; nothing of it can make the page fail.
    fn read(query: Option<&str>) -> Self {
        let mut brought = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "error" => brought.error = Some(value.into_owned()),
                "error_description" => brought.error_description = Some(value.into_owned()),
                _ => {}
            }
        }
        brought
    }

    fn word(&self) -> Option<ProviderWord> {
        let error = self.error.as_deref().filter(|error| !error.trim().is_empty())?;
        let description = self.error_description.as_deref().unwrap_or_default();
        let fits = error.len() <= Self::LONGEST && description.len() <= Self::LONGEST;
        Some(if fits { ProviderWord::of(error, description) } else { ProviderWord::Trouble })
    }
}

pub(super) async fn come_back(
    State(state): State<AppState>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
    Extension(wishes): Extension<Wishes>,
    headers: HeaderMap,
) -> Result<Response, web::Error> {
    let brought = Brought::read(query.as_deref());
    let way = format!("/return/{token}");
    Box::pin(come((&state, &token, &way), &brought, (&headers, wishes), Window::Same)).await
}

pub(super) async fn come_back_in_window(
    State(state): State<AppState>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
    Extension(wishes): Extension<Wishes>,
    headers: HeaderMap,
) -> Result<Response, web::Error> {
    let brought = Brought::read(query.as_deref());
    let way = format!("/return/{token}/window");
    Box::pin(come((&state, &token, &way), &brought, (&headers, wishes), Window::Own)).await
}

/// Only the browser that set out is shown how it came out.
async fn come(
    (state, token, again): (&AppState, &str, &str),
    brought: &Brought,
    (headers, wishes): (&HeaderMap, Wishes),
    window: Window,
) -> Result<Response, web::Error> {
    let words = wishes.words(None, None);
    let Some(attempt) = state.store().find_attempt(token).await? else {
        return Ok((StatusCode::NOT_FOUND, Page(notices::unknown_return(words))).into_response());
    };
    let Some(visit) = visit_of(state, (headers, wishes), &attempt).await? else {
        return Ok(Page(notices::returned_elsewhere(words)).into_response());
    };
    Box::pin(finish(state, visit, attempt.connector, brought.word(), (window, again))).await
}

/// For the page at which Cyclr leaves people whom a provider gave no access: operators put a link to here
/// on it, with what the provider said. Which try it was, only the browser's own visits can tell.
pub(super) async fn come_back_declined(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    Extension(wishes): Extension<Wishes>,
    headers: HeaderMap,
) -> Result<Response, web::Error> {
    let said = Brought::read(query.as_deref()).word();
    let mut newest: Option<OpenAttempt> = None;
    for session in sessions(&state, &headers) {
        let found = state.store().find_newest_attempt(&session.name).await?;
        let newer = |found: &OpenAttempt| {
            newest.as_ref().is_none_or(|newest| found.closes_at > newest.closes_at)
        };
        newest = found.filter(newer).or(newest);
    }
    let visit = match &newest {
        Some(attempt) => visit_of(&state, (&headers, wishes), attempt).await?,
        None => None,
    };
    let (Some(visit), Some(attempt)) = (visit, newest) else {
        return Ok(Page(notices::returned_elsewhere(wishes.words(None, None))).into_response());
    };
    let again = visit.address();
    Box::pin(finish(&state, visit, attempt.connector, said, (Window::Same, &again))).await
}

async fn finish(
    state: &AppState,
    visit: Visit,
    connector: ConnectorId,
    said: Option<ProviderWord>,
    (window, again): (Window, &str),
) -> Result<Response, web::Error> {
    let now = look(state, &visit, connector, said).await?;
    let Some(connection) = now.facts.connection(connector).cloned() else {
        return Ok(visit.see_next());
    };
    let visit = Visit { onboarding: now, ..visit };
    if connection.authenticated.stands() {
        return Ok(Page(connected(&visit, &connection, window)).into_response());
    }
    let waits = matches!(visit.onboarding.status, Status::Waiting { .. });
    // The page of the connection says what the provider said, and offers what to do about it.
    let said = connection.attempt.and_then(|attempt| attempt.said);
    if !waits || (said.is_some() && window == Window::Same) {
        return Ok(Redirect::to(&visit.address()).into_response());
    }
    Ok(Page(unfinished(&visit, &connection, again)).into_response())
}

/// The visit of the very browser session that set out, be it a colleague's.
async fn visit_of(
    state: &AppState,
    browser: (&HeaderMap, Wishes),
    attempt: &OpenAttempt,
) -> Result<Option<Visit>, web::Error> {
    let Some(onboarding) = state.store().find(attempt.onboarding).await? else { return Ok(None) };
    for connector in [None, Some(attempt.connector)] {
        let visit = Visit::admit(state, browser, &onboarding.reference, connector).await?;
        let own = visit.filter(|visit| {
            visit.onboarding.id == attempt.onboarding && attempt.belongs_to(&visit.session.name)
        });
        if own.is_some() {
            return Ok(own);
        }
    }
    Ok(None)
}

/// Has Cyclr looked at, now and for some seconds, unless the answer is known.
async fn look(
    state: &AppState,
    visit: &Visit,
    connector: ConnectorId,
    said: Option<ProviderWord>,
) -> Result<Onboarding, web::Error> {
    let is_settled = |onboarding: &Onboarding| {
        let open = onboarding.facts.connection(connector).is_some_and(Connection::is_open);
        !open || !matches!(onboarding.status, Status::Waiting { .. })
    };
    if !is_settled(&visit.onboarding) {
        // Refused where it has moved on since it was read, which is what we are after.
        visit.order(state, Command::CameBack { connector, said }).await?;
    }
    // Whoever was refused waits for nothing: one look, and the page says so.
    let patience = if said.is_some() { Duration::from_secs(1) } else { PATIENCE };
    Ok(state.engine.wait_until(visit.onboarding.id, patience, is_settled).await?)
}

fn connected(visit: &Visit, connection: &Connection, window: Window) -> Notice {
    let title = visit.about("returned-connected", connection);
    match window {
        Window::Own => Notice {
            frame: Frame { refresh: Some(Refresh::Close), ..visit.plain_frame(title) },
            tone: Tone::Good,
            lines: vec![visit.say("returned-window")],
            ways: Vec::new(),
        },
        Window::Same if !visit.is_whole() => colleague::done(visit, connection),
        Window::Same => {
            let refresh = Some(Refresh::To(visit.address()));
            Notice {
                frame: Frame { refresh, ..visit.plain_frame(title) },
                tone: Tone::Good,
                lines: vec![visit.say("returned-next")],
                ways: vec![visit.way_on("continue")],
            }
        }
    }
}

fn unfinished(visit: &Visit, connection: &Connection, again: &str) -> Notice {
    let title = visit.about("returned-unfinished", connection);
    Notice {
        frame: visit.frame(title),
        tone: Tone::Trouble,
        lines: vec![visit.about("returned-unconfirmed", connection), visit.say("returned-do")],
        ways: vec![Way::new(again, visit.say("check-again")), visit.way_on("try-again")],
    }
}
