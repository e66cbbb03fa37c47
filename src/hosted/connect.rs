//! Connecting an account by signing in at its provider.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::headers::policy_for_leaving;
use super::journey::{AccountLine, StartNote, account_lines, mark, start_note};
use super::progress::see_next;
use super::visit::Visit;
use crate::engine;
use crate::ids::ConnectorId;
use crate::onboarding::Connection;
use crate::secret::ExposeSecret as _;
use crate::web::{self, AppState, Frame, Page, Protected, Refresh};

#[derive(Template)]
#[template(path = "hosted/connect_oauth.html")]
struct ConnectOauth {
    frame: Frame,
    app: String,
    accounts: Vec<AccountLine>,
    start_note: Option<StartNote>,
    attempt: LastAttempt,
    form_token: String,
    action: String,
}

/// What became of the newest try at signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastAttempt {
    None,
    /// We still look whether it comes through.
    Open,
    /// It was not finished in time.
    Over,
}

/// A form that is nothing but a button.
#[derive(Debug, Deserialize)]
pub(super) struct Button {}

pub(super) fn page(visit: &Visit, state: &AppState, connection: &Connection) -> Response {
    let now = state.clock().now();
    let attempt = match connection.attempt {
        None => LastAttempt::None,
        Some(attempt) if attempt.closes_at > now => LastAttempt::Open,
        Some(_) => LastAttempt::Over,
    };
    let frame = visit.frame(format!("Connect {}", connection.name));
    // While a sign-in is open, the page learns by itself that it has come through.
    let refresh = (attempt == LastAttempt::Open)
        .then(|| Refresh::WhenChanged { mark: mark(&visit.onboarding), seconds: 10 });
    let page = Page(ConnectOauth {
        frame: Frame { refresh, ..frame },
        app: connection.name.clone(),
        accounts: account_lines(&visit.onboarding),
        start_note: start_note(&visit.onboarding, &visit.blueprint),
        attempt,
        form_token: visit.form_token.clone(),
        action: format!("{}/connections/{}/sign-in", visit.address(), connection.connector),
    });
    ([(header::CONTENT_SECURITY_POLICY, policy_for_leaving(state))], page).into_response()
}

/// Mints the sign-in token, on the click and not before, and sends the browser off with it.
pub(super) async fn sign_in(
    visit: Visit,
    State(state): State<AppState>,
    Path((_, connector)): Path<(String, ConnectorId)>,
    Protected(Button {}): Protected<Button>,
) -> Result<Response, web::Error> {
    let id = visit.onboarding.id;
    let opened = state.engine.open_attempt(id, connector, &visit.session.name).await;
    if let Err(engine::Error::Invalid(_) | engine::Error::Unknown) = &opened {
        // Connected meanwhile, or no longer asked for: the page shows what is so.
        return Ok(see_next(&visit));
    }
    let address = opened?;
    let mut location =
        HeaderValue::try_from(address.expose_secret()).map_err(web::Error::internal)?;
    location.set_sensitive(true);
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}
