//! Somebody else has to act: a colleague who connects an account, or an administrator who approves it.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use url::Url;

use super::colleague::link;
use super::headers::policy_for_leaving;
use super::progress::watch;
use super::visit::{Visit, WholeVisit};
use crate::ids::ConnectorId;
use crate::onboarding::{Approval, Command, Connection};
use crate::web::{self, AppState, Frame, Notice, Page, Protected, Way};

#[derive(Template)]
#[template(path = "hosted/hand_over.html")]
struct HandOver {
    frame: Frame,
    explain: String,
    form_token: String,
    action: String,
    /// The link with the words to send it in, once there is one.
    text: Option<Text>,
    back: String,
}

/// Words that somebody sends on, with the link in them.
#[derive(Debug)]
struct Text {
    link: String,
    /// Says whom it is for.
    label: String,
    words: String,
    mail: String,
}

#[derive(Template)]
#[template(path = "hosted/approval.html")]
struct ApprovalPage {
    frame: Frame,
    explain: String,
    waiting: String,
    remind: String,
    text: Text,
    form_token: String,
    /// Where it is tried once it was approved.
    sign_in: String,
    approved: String,
    hand_over: String,
    someone_else: String,
}

/// A form that says whether.
#[derive(Debug, Deserialize)]
pub(super) struct Decision {
    wanted: bool,
}

impl Text {
    fn new(visit: &Visit, connection: &Connection, link: String, about: &str) -> Self {
        let company = visit.company_or_setup();
        let values = [("app", &*connection.name), ("company", company), ("link", &*link)];
        let words = visit.words.with(&format!("{about}-message"), &values);
        let subject = visit.words.with(&format!("{about}-subject"), &values);
        let label = visit.say(&format!("{about}-link"));
        Self { mail: mail(&subject, &words), words, link, label }
    }
}

/// An address that opens a mail program. Blanks must not become plus signs there.
fn mail(subject: &str, text: &str) -> String {
    let Ok(mut address) = Url::parse("mailto:") else { return String::new() };
    address.query_pairs_mut().append_pair("subject", subject).append_pair("body", text);
    String::from(address).replace('+', "%20")
}

/// Explains, and shows the link once there is one.
pub(super) async fn show(
    WholeVisit(visit): WholeVisit,
    State(state): State<AppState>,
    Path((_, connector)): Path<(String, ConnectorId)>,
) -> Response {
    let connection = visit.onboarding.facts.connection(connector).filter(|c| c.waits_for_person());
    let Some(connection) = connection else { return visit.see_next() };
    let text = connection
        .handed_over
        .stands()
        .then(|| Text::new(&visit, connection, link(&state, &visit, connection), "hand"));
    let frame = visit.frame(visit.about("hand-title", connection));
    Page(HandOver {
        frame: Frame { refresh: text.as_ref().map(|_| watch(&visit, 30)), ..frame },
        explain: visit.say("hand-explain"),
        form_token: visit.form_token.clone(),
        action: format!("{}/hand-over", visit.connection_address(connector)),
        text,
        back: visit.address(),
    })
    .into_response()
}

pub(super) async fn decide(
    WholeVisit(visit): WholeVisit,
    State(state): State<AppState>,
    Path((_, connector)): Path<(String, ConnectorId)>,
    Protected(Decision { wanted }): Protected<Decision>,
) -> Result<Response, web::Error> {
    visit.order(&state, Command::HandOver { connector, to_colleague: wanted }).await?;
    if !wanted {
        return Ok(visit.see_next());
    }
    let there = format!("{}/hand-over", visit.connection_address(connector));
    Ok(axum::response::Redirect::to(&there).into_response())
}

pub(super) async fn decide_approval(
    WholeVisit(visit): WholeVisit,
    State(state): State<AppState>,
    Path((_, connector)): Path<(String, ConnectorId)>,
    Protected(Decision { wanted }): Protected<Decision>,
) -> Result<Response, web::Error> {
    visit.order(&state, Command::AskApproval { connector, wanted }).await?;
    Ok(visit.see_next())
}

/// While a colleague is asked.
pub(super) fn waiting(visit: &Visit, connection: &Connection) -> Notice {
    let there = format!("{}/hand-over", visit.connection_address(connection.connector));
    let mut back = Way::post(there.clone(), visit.say("hand-back"), visit.form_token.clone());
    back.fields.push(("wanted", "false"));
    let title = visit.about("hand-waiting", connection);
    Notice {
        frame: Frame {
            refresh: Some(watch(visit, 10)),
            ..visit.frame(title.trim_end_matches(['.', '。']))
        },
        lines: vec![visit.say("hand-waiting-more")],
        ways: vec![Way::new(there, visit.say("hand-show")), back],
        ..Notice::default()
    }
}

/// While an administrator of theirs is asked.
pub(super) fn approval(
    visit: &Visit,
    state: &AppState,
    connection: &Connection,
    approval: Approval,
) -> Response {
    let base = visit.connection_address(connection.connector);
    let values = [("app", &*connection.name), ("company", visit.company_or_setup())];
    let date = visit.words.date(approval.remind_at);
    // Good for this one connection, as a colleague's is.
    let link = link(state, visit, connection);
    let frame = visit.frame(visit.about("approval-title", connection));
    let page = Page(ApprovalPage {
        frame: Frame { refresh: Some(watch(visit, 30)), ..frame },
        explain: visit.about("approval-explain", connection),
        waiting: visit.words.with("approval-waiting", &values),
        remind: visit.words.fill("approval-remind", "date", &date),
        text: Text::new(visit, connection, link, "approval"),
        form_token: visit.form_token.clone(),
        sign_in: format!("{base}/sign-in"),
        approved: visit.about("approval-done", connection),
        hand_over: format!("{base}/hand-over"),
        someone_else: visit.about("connect-someone-else", connection),
    });
    ([(header::CONTENT_SECURITY_POLICY, policy_for_leaving(state))], page).into_response()
}
