//! The one page of an onboarding: whatever is next for the person who looks.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::connect::{self, Way as ChosenWay};
use super::journey::{RunningLine, StartNote, mark, running_lines, start_note};
use super::leave::with_status;
use super::options::LiveOptions;
use super::questions;
use super::visit::{Visit, WholeVisit};
use crate::onboarding::{Command, Problem, Status, StepKind};
use crate::web::{self, AppState, Frame, Notice, Page, Protected, Refresh, Tone, Way};

#[derive(Template)]
#[template(path = "hosted/setting_up.html")]
struct SettingUp {
    frame: Frame,
    /// Said when it takes longer than usual.
    trouble: Option<String>,
    start_note: Option<StartNote>,
}

#[derive(Template)]
#[template(path = "hosted/done.html")]
struct Done {
    frame: Frame,
    what: String,
    change: String,
    running: Vec<RunningLine>,
    way_back: Option<Way>,
}

/// What may stand in the address of the page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    way: Option<String>,
    /// Lists of the connected accounts are to be loaded again.
    again: Option<String>,
}

/// A form that is nothing but a button.
#[derive(Debug, Deserialize)]
pub(super) struct Button {}

pub(super) async fn show(
    WholeVisit(visit): WholeVisit,
    State(state): State<AppState>,
    State(options): State<Arc<LiveOptions>>,
    Query(asked): Query<Asked>,
) -> Result<Response, web::Error> {
    page(&visit, (&state, &options), asked).await
}

/// What is next for this visit, as a page.
pub(super) async fn page(
    visit: &Visit,
    places: (&AppState, &Arc<LiveOptions>),
    asked: Asked,
) -> Result<Response, web::Error> {
    match &visit.onboarding.status {
        Status::Running => Ok(setting_up(visit, None)),
        Status::Retrying { problem, .. } => Ok(setting_up(visit, Some(problem))),
        Status::Waiting { .. } => waiting(visit, places, asked).await,
        Status::Stuck { problem } => Ok(stuck(visit, problem)),
        Status::Live => Ok(done(visit)),
        Status::Cancelled => Ok(closed(visit)),
    }
}

/// A person has the page before them: a script says so after a moment, which a mail scanner does not wait.
pub(super) async fn opened(
    WholeVisit(visit): WholeVisit,
    State(state): State<AppState>,
    Protected(Button {}): Protected<Button>,
) -> Result<StatusCode, web::Error> {
    visit.order(&state, Command::Opened).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The page goes on by itself; without a script after so many seconds.
pub(super) fn watch(visit: &Visit, seconds: u8) -> Refresh {
    let news = format!("{}/news", visit.address());
    Refresh::WhenChanged { mark: mark(&visit.onboarding), news, seconds }
}

async fn waiting(
    visit: &Visit,
    (state, options): (&AppState, &Arc<LiveOptions>),
    asked: Asked,
) -> Result<Response, web::Error> {
    let next = visit.onboarding.next_connection();
    match (visit.onboarding.step(), next) {
        (StepKind::Connect, Some(connection)) => {
            Ok(connect::next(visit, state, connection, &ChosenWay { way: asked.way }))
        }
        (StepKind::Map, _) => questions::page(visit, (state, options), None, asked.again.is_some())
            .await
            .map(IntoResponse::into_response),
        (
            StepKind::Connect
            | StepKind::CreateAccount
            | StepKind::Install
            | StepKind::Activate
            | StepKind::Live
            | StepKind::Offboard,
            _,
        ) => Ok(setting_up(visit, None)),
    }
}

fn setting_up(visit: &Visit, problem: Option<&Problem>) -> Response {
    let title = match visit.onboarding.step() {
        StepKind::CreateAccount | StepKind::Install => "preparing",
        StepKind::Connect => "checking",
        StepKind::Map => "putting-in",
        StepKind::Activate | StepKind::Live | StepKind::Offboard => "switching-on",
    };
    let refresh = watch(visit, if problem.is_some() { 10 } else { 2 });
    Page(SettingUp {
        frame: Frame { refresh: Some(refresh), ..visit.frame(visit.say(title)) },
        trouble: problem.map(|problem| visit.say(problem.code.outlook().message())),
        start_note: start_note(visit),
    })
    .into_response()
}

fn stuck(visit: &Visit, problem: &Problem) -> Response {
    let frame = visit.frame(visit.say("stuck"));
    Page(Notice {
        frame: Frame { refresh: Some(watch(visit, 30)), leave: None, ..frame },
        tone: Tone::Trouble,
        lines: vec![visit.say(problem.code.outlook().message()), visit.say("stuck-do")],
        ways: way_back(visit, "failure"),
    })
    .into_response()
}

fn closed(visit: &Visit) -> Response {
    Page(Notice {
        frame: visit.plain_frame(visit.say("closed")),
        lines: vec![visit.say("closed-what"), visit.say("closed-do")],
        ways: way_back(visit, "failure"),
        ..Notice::default()
    })
    .into_response()
}

fn done(visit: &Visit) -> Response {
    let success = visit.onboarding.profile.return_urls.success.as_ref();
    let way_back = success.map(|address| {
        Way::new(with_status(address, "success", &visit.onboarding), back_to(visit))
    });
    Page(Done {
        frame: Frame { leave: None, ..visit.frame(visit.say("done")) },
        what: visit.words.fill("done-what", "blueprint", &visit.blueprint.name),
        change: match &visit.blueprint.brand.name {
            Some(company) => visit.words.fill("done-change", "company", company),
            None => visit.say("done-change-unknown"),
        },
        running: running_lines(visit),
        way_back,
    })
    .into_response()
}

fn way_back(visit: &Visit, status: &str) -> Vec<Way> {
    let address = visit.onboarding.profile.return_urls.failure.as_ref();
    let way = |address| Way::new(with_status(address, status, &visit.onboarding), back_to(visit));
    address.map(way).into_iter().collect()
}

fn back_to(visit: &Visit) -> String {
    match &visit.blueprint.brand.name {
        Some(company) => visit.words.fill("back-to", "company", company),
        None => visit.say("back-to-start"),
    }
}
