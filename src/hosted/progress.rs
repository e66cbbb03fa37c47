//! The one page of an onboarding: whatever is next for the person who looks.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::journey::{RunningLine, StartNote, mark, next_connection, running_lines, start_note};
use super::leave::with_status;
use super::visit::Visit;
use super::{connect, credential, questions};
use crate::onboarding::{AuthKind, Problem, Status, StepKind};
use crate::web::{AppState, Frame, Notice, Page, Refresh, Tone, Way};

#[derive(Template)]
#[template(path = "hosted/setting_up.html")]
struct SettingUp {
    frame: Frame,
    /// Said when it takes longer than usual.
    trouble: Option<&'static str>,
    start_note: Option<StartNote>,
}

#[derive(Template)]
#[template(path = "hosted/done.html")]
struct Done {
    frame: Frame,
    company: String,
    blueprint: String,
    running: Vec<RunningLine>,
    way_back: Option<String>,
}

pub(super) async fn show(visit: Visit, State(state): State<AppState>) -> Response {
    match &visit.onboarding.status {
        Status::Running => setting_up(&visit, None),
        Status::Retrying { problem, .. } => setting_up(&visit, Some(problem)),
        Status::Waiting { .. } => waiting(&visit, &state),
        Status::Stuck { problem } => stuck(&visit, problem),
        Status::Live => done(&visit),
        Status::Cancelled => closed(&visit),
    }
}

/// Where a person is sent after a form: to whatever is next now.
pub(super) fn see_next(visit: &Visit) -> Response {
    Redirect::to(&visit.address()).into_response()
}

fn waiting(visit: &Visit, state: &AppState) -> Response {
    match (visit.onboarding.step(), next_connection(&visit.onboarding)) {
        (StepKind::Connect, Some(connection)) if connection.auth == Some(AuthKind::OAuth) => {
            connect::page(visit, state, connection)
        }
        (StepKind::Connect, Some(connection)) => {
            credential::page(visit, connection, None).into_response()
        }
        (StepKind::Map, _) => questions::page(visit, None).into_response(),
        (
            StepKind::Connect
            | StepKind::CreateAccount
            | StepKind::Install
            | StepKind::Activate
            | StepKind::Live,
            _,
        ) => setting_up(visit, None),
    }
}

fn setting_up(visit: &Visit, problem: Option<&Problem>) -> Response {
    let title = match visit.onboarding.step() {
        StepKind::CreateAccount | StepKind::Install => "Getting things ready",
        StepKind::Connect => "Checking your accounts",
        StepKind::Map => "Putting in your settings",
        StepKind::Activate | StepKind::Live => "Switching it on",
    };
    let seconds = if problem.is_some() { 10 } else { 2 };
    let refresh = Refresh::WhenChanged { mark: mark(&visit.onboarding), seconds };
    Page(SettingUp {
        frame: Frame { refresh: Some(refresh), ..visit.frame(title) },
        trouble: problem.map(|problem| problem.code.for_customer()),
        start_note: start_note(&visit.onboarding, &visit.blueprint),
    })
    .into_response()
}

fn stuck(visit: &Visit, problem: &Problem) -> Response {
    let title = "We need to look into this";
    let refresh = Refresh::WhenChanged { mark: mark(&visit.onboarding), seconds: 30 };
    let lines = [
        problem.code.for_customer(),
        "There is nothing that you have to do. You can close this page and open the link again \
         later; you then see how it stands.",
    ];
    Page(Notice {
        frame: Frame { refresh: Some(refresh), leave: None, ..visit.frame(title) },
        tone: Tone::Trouble,
        ways: way_back(visit, "failure"),
        ..Notice::new(title, lines)
    })
    .into_response()
}

fn closed(visit: &Visit) -> Response {
    let title = "This setup was closed";
    let lines = [
        "It was ended before it was complete, and nothing more will happen here.",
        "If you did not expect that, write to support and quote the reference below.",
    ];
    Page(Notice {
        frame: visit.plain_frame(title),
        ways: way_back(visit, "failure"),
        ..Notice::new(title, lines)
    })
    .into_response()
}

fn done(visit: &Visit) -> Response {
    let success = visit.onboarding.profile.return_urls.success.as_ref();
    Page(Done {
        frame: Frame { leave: None, ..visit.frame("All done") },
        company: visit.company().to_owned(),
        blueprint: visit.blueprint.name.clone(),
        running: running_lines(&visit.blueprint),
        way_back: success.map(|address| with_status(address, "success", &visit.onboarding)),
    })
    .into_response()
}

fn way_back(visit: &Visit, status: &str) -> Vec<Way> {
    let address = visit.onboarding.profile.return_urls.failure.as_ref();
    let way = |address| {
        let label = match &visit.blueprint.brand.name {
            Some(company) => format!("Back to {company}"),
            None => "Back to where you started".to_owned(),
        };
        Way::new(with_status(address, status, &visit.onboarding), label)
    };
    address.map(way).into_iter().collect()
}
