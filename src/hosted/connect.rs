//! Connecting one account: which way, and setting out to sign in at its provider.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::details;
use super::hand_over;
use super::headers::policy_for_leaving;
use super::journey::{AccountLine, StartNote, account_lines, start_note};
use super::progress::{Button, watch};
use super::visit::Visit;
use crate::engine::{self, ConnectionDetails, SignIn, SignInMode};
use crate::ids::ConnectorId;
use crate::onboarding::{AuthKind, Command, Connection, ConnectionWay, ProviderWord, SignInWindow};
use crate::secret::ExposeSecret as _;
use crate::web::{self, AppState, Frame, Page, Protected};

/// Which of several ways somebody has chosen.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Way {
    pub(super) way: Option<String>,
}

#[derive(Template)]
#[template(path = "hosted/connect_oauth.html")]
struct ConnectOauth {
    frame: Frame,
    app: String,
    about: Option<String>,
    accounts: Vec<AccountLine>,
    start_note: Option<StartNote>,
    hint: Option<Hint>,
    form_token: String,
    action: String,
    look: String,
    /// Where the page listens for a message from, in a mode that sends one.
    service_origin: Option<String>,
    window: &'static str,
    way: Option<String>,
    other_ways: bool,
    /// Where somebody else is asked; colleagues ask nobody on.
    hand_over: Option<String>,
    approval: Option<String>,
}

/// What is known of the newest try.
#[derive(Debug)]
pub(super) struct Hint {
    /// It is nothing to worry about.
    pub(super) is_calm: bool,
    pub(super) what: String,
    pub(super) more: String,
}

#[derive(Template)]
#[template(path = "hosted/connect_way.html")]
struct ChooseWay {
    frame: Frame,
    hint: Option<Hint>,
    app: String,
    action: String,
    ways: Vec<ConnectionWay>,
    accounts: Vec<AccountLine>,
    start_note: Option<StartNote>,
}

/// The form with which somebody sets out; it may say which way.
#[derive(Debug, Deserialize)]
pub(super) struct SetOut {
    way: Option<String>,
    /// Sent by the page's own script, which opens the window itself.
    mode: Option<Mode>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Window,
    Message,
}

/// What a script is told that has a window open.
#[derive(Serialize)]
struct Onwards<'a> {
    address: &'a str,
    /// What the message says, in a mode that sends one.
    message: &'a str,
}

/// How it is connected: in the way that was chosen, by itself where there is nothing to choose.
pub(super) fn kind_of(connection: &Connection, way: Option<&str>) -> Option<AuthKind> {
    match way {
        Some(id) => connection.ways.iter().find(|way| way.id == id).map(|way| way.auth),
        None if connection.ways.is_empty() => connection.auth,
        None => None,
    }
}

pub(super) fn page(
    visit: &Visit,
    state: &AppState,
    connection: &Connection,
    way: &Way,
) -> Response {
    let chosen = way.way.as_deref();
    match kind_of(connection, chosen) {
        None => Page(choose(visit, state, connection)).into_response(),
        Some(AuthKind::OAuth) if connection.missing_inputs().next().is_none() => {
            sign_in_page(visit, state, connection, chosen)
        }
        Some(_) => details::page(visit, connection, chosen, None).into_response(),
    }
}

fn choose(visit: &Visit, state: &AppState, connection: &Connection) -> ChooseWay {
    let frame = visit.frame(visit.about("way-title", connection));
    ChooseWay {
        frame: Frame { refresh: Some(watch(visit, 0)), ..frame },
        hint: hint(visit, state, connection),
        app: connection.name.clone(),
        action: visit.address(),
        ways: connection.ways.clone(),
        accounts: account_lines(visit),
        start_note: start_note(visit),
    }
}

fn sign_in_page(
    visit: &Visit,
    state: &AppState,
    connection: &Connection,
    way: Option<&str>,
) -> Response {
    let base = visit.connection_address(connection.connector);
    let hint = hint(visit, state, connection);
    let frame = visit.frame(visit.about("connect", connection));
    let window = visit.blueprint.sign_in;
    let now = state.clock().now();
    // Without a script the page looks by itself only while something may come.
    let under_way = connection.attempt.is_some_and(|attempt| attempt.is_under_way(now));
    let seconds = if under_way { 10 } else { 0 };
    let listens = window == SignInWindow::Message;
    let page = Page(ConnectOauth {
        frame: Frame { refresh: Some(watch(visit, seconds)), ..frame },
        app: connection.name.clone(),
        about: visit.for_colleague(connection),
        accounts: account_lines(visit),
        start_note: start_note(visit),
        hint,
        form_token: visit.form_token.clone(),
        action: format!("{base}/sign-in"),
        look: format!("{base}/look"),
        service_origin: listens.then(|| state.engine.service_origin()),
        window: window.name(),
        way: way.map(str::to_owned),
        other_ways: !connection.ways.is_empty(),
        hand_over: visit.is_whole().then(|| format!("{base}/hand-over")),
        // Offered where the provider may have asked for it.
        approval: (visit.is_whole() && connection.attempt.is_some())
            .then(|| format!("{base}/approval")),
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy_for_leaving(state));
    if listens {
        // Cyclr's page has to find the page that opened it.
        let name = "cross-origin-opener-policy";
        headers.insert(name, HeaderValue::from_static("same-origin-allow-popups"));
    }
    (headers, page).into_response()
}

/// What became of the newest try, in words.
fn hint(visit: &Visit, state: &AppState, connection: &Connection) -> Option<Hint> {
    let now = state.clock().now();
    let message = match connection.attempt {
        None if !connection.authenticated.is_untouched() => {
            let what = visit.about("connect-lost", connection);
            return Some(Hint { is_calm: false, what, more: String::new() });
        }
        None => return None,
        Some(attempt) => match attempt.said {
            Some(ProviderWord::Denied) => "connect-denied",
            Some(ProviderWord::Trouble) => "connect-trouble",
            Some(ProviderWord::NeedsAdmin) => "connect-refused",
            None if attempt.is_under_way(now) => "connect-open",
            None => "connect-over",
        },
    };
    let what = visit.about(message, connection);
    let more = visit.about(&format!("{message}-more"), connection);
    Some(Hint { is_calm: message == "connect-open", what, more })
}

/// Mints the sign-in token, on the click and not before, and sends the browser off with it.
pub(super) async fn sign_in(
    visit: Visit,
    State(state): State<AppState>,
    Path((_, connector)): Path<(String, ConnectorId)>,
    Protected(form): Protected<SetOut>,
) -> Result<Response, web::Error> {
    let id = visit.onboarding.id;
    let mode = match form.mode {
        None => SignInMode::Redirect,
        Some(Mode::Window) => SignInMode::Window,
        Some(Mode::Message) => SignInMode::Message,
    };
    if let Some(way) = form.way {
        let details = ConnectionDetails { way: Some(way), ..ConnectionDetails::default() };
        match state.engine.give_details(id, connector, details).await {
            Ok(_) => {}
            Err(engine::Error::Invalid(_) | engine::Error::Unknown) => return Ok(visit.see_next()),
            Err(error) => return Err(error.into()),
        }
    }
    let opened = state.engine.open_attempt(id, connector, &visit.session.name, mode).await;
    if let Err(engine::Error::Invalid(_) | engine::Error::Unknown) = &opened {
        // Connected meanwhile, or no longer asked for: the page shows what is so.
        return Ok(visit.see_next());
    }
    let SignIn { address, token } = opened?;
    if form.mode.is_some() {
        let (address, message) = (address.expose_secret(), token.expose_secret());
        return Ok(axum::Json(Onwards { address, message }).into_response());
    }
    let mut location =
        HeaderValue::try_from(address.expose_secret()).map_err(web::Error::internal)?;
    location.set_sensitive(true);
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

/// Somebody, or the page in the name of a message, says that a sign-in is through: Cyclr is asked.
pub(super) async fn look(
    visit: Visit,
    State(state): State<AppState>,
    Protected(Button {}): Protected<Button>,
) -> Result<Response, web::Error> {
    visit.order(&state, Command::LookNow).await?;
    Ok(visit.see_next())
}

/// The page of the connection that is next: it may be for somebody else.
pub(super) fn next(
    visit: &Visit,
    state: &AppState,
    connection: &Connection,
    way: &Way,
) -> Response {
    if connection.handed_over.stands() {
        Page(hand_over::waiting(visit, connection)).into_response()
    } else if let Some(approval) = connection.approval.filter(|_| way.way.is_none()) {
        hand_over::approval(visit, state, connection, approval)
    } else {
        page(visit, state, connection, way)
    }
}
