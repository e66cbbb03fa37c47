//! Where a browser lands after a provider. What it brings along says nothing: Cyclr is asked.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;

use super::progress::see_next;
use super::visit::{Visit, way_on};
use crate::engine;
use crate::ids::ConnectorId;
use crate::onboarding::{Command, Connection, Onboarding, Status};
use crate::store::OpenAttempt;
use crate::web::{self, AppState, Frame, Notice, Page, Refresh, Tone, Way};

/// How long a person waits for the truth before the page says "not yet".
const PATIENCE: Duration = Duration::from_secs(5);

/// Any query is ignored. Only the browser that set out is shown how it came out.
pub(super) async fn come_back(
    State(state): State<AppState>,
    Path(token): Path<String>,
    jar: CookieJar,
) -> Result<Response, web::Error> {
    let Some(attempt) = state.store().find_attempt(&token).await? else {
        return Ok((StatusCode::NOT_FOUND, Page(unknown_address())).into_response());
    };
    let Some(visit) = visit_of(&state, &jar, &attempt).await? else {
        return Ok(Page(elsewhere()).into_response());
    };
    let now = look(&state, &visit.onboarding, attempt.connector).await?;
    let Some(connection) = now.facts.connection(attempt.connector) else {
        return Ok(see_next(&visit));
    };
    if connection.authenticated.stands() {
        return Ok(Page(connected(&visit, connection)).into_response());
    }
    if !matches!(now.status, Status::Waiting { .. }) {
        return Ok(see_next(&visit));
    }
    Ok(Page(unfinished(&visit, connection, &token)).into_response())
}

/// The visit of the very browser session that set out.
async fn visit_of(
    state: &AppState,
    jar: &CookieJar,
    attempt: &OpenAttempt,
) -> Result<Option<Visit>, web::Error> {
    let Some(onboarding) = state.store().find(attempt.onboarding).await? else { return Ok(None) };
    let visit = Visit::admit(state, jar, &onboarding.reference).await?;
    Ok(visit.filter(|visit| {
        visit.onboarding.id == attempt.onboarding && attempt.belongs_to(&visit.session.name)
    }))
}

/// Has Cyclr looked at, now and for some seconds, unless the answer is known.
async fn look(
    state: &AppState,
    onboarding: &Onboarding,
    connector: ConnectorId,
) -> Result<Onboarding, web::Error> {
    let is_settled = |onboarding: &Onboarding| {
        let open = onboarding.facts.connection(connector).is_some_and(Connection::is_open);
        !open || !matches!(onboarding.status, Status::Waiting { .. })
    };
    if !is_settled(onboarding) {
        match state.engine.order(onboarding.id, Command::LookNow, "visitor").await {
            // Refused: it has moved on since it was read, which is what we are after.
            Ok(_) | Err(engine::Error::Invalid(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(state.engine.wait_until(onboarding.id, PATIENCE, is_settled).await?)
}

fn unknown_address() -> Notice {
    let lines = [
        "The address is not one that we gave out, or it is incomplete.",
        "Nothing is lost: what was done before is saved.",
        "Open the link that you were sent, and go on from there.",
    ];
    Notice { tone: Tone::Trouble, ..Notice::new("There is nothing to finish here", lines) }
}

/// For a browser that did not set out itself. Tells nothing of the onboarding, nor how it went.
fn elsewhere() -> Notice {
    let lines = [
        "You can close this page and go back to the page where you started: it shows how it went.",
        "If that page is gone, open the link that you were sent.",
    ];
    Notice::new("Thank you", lines)
}

fn connected(visit: &Visit, connection: &Connection) -> Notice {
    let title = format!("{} is connected", connection.name);
    let lines = ["That worked. The next step opens by itself in a moment."];
    let refresh = Some(Refresh::To(visit.address()));
    Notice {
        frame: Frame { refresh, ..visit.plain_frame(title.clone()) },
        tone: Tone::Good,
        ways: vec![way_on(visit, "Continue")],
        ..Notice::new(title, lines)
    }
}

fn unfinished(visit: &Visit, connection: &Connection, token: &str) -> Notice {
    let title = format!("{} is not connected yet", connection.name);
    let happened = format!(
        "So far {} has not confirmed the sign-in. It may need a moment longer, or the sign-in was \
         closed or declined.",
        connection.name
    );
    let lines = [
        happened.as_str(),
        "Nothing is lost. If you finished signing in just now, check again. If not, try it once \
         more; if you are not allowed to, ask a colleague who is an administrator there.",
    ];
    Notice {
        frame: visit.frame(title.clone()),
        tone: Tone::Trouble,
        ways: vec![Way::new(format!("/return/{token}"), "Check again"), way_on(visit, "Try again")],
        ..Notice::new(title, lines)
    }
}
