//! Who may use the console.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Console;
use super::account::proof_wanted;
use super::chrome::Chrome;
use super::operator::{Administers, Operator};
use super::password;
use super::words::Moment;
use crate::secret::Secret;
use crate::store::{NewStaff, Role, StaffChange, StaffError};
use crate::web::fields::{is_email, is_line};
use crate::web::{AppState, Error, Page, Protected};

const PLACE: &str = "/console/staff";

#[derive(Template)]
#[template(path = "console/staff.html")]
struct StaffPage {
    chrome: Chrome,
    staff: Vec<Line>,
    roles: [&'static str; 3],
    rule: &'static str,
    mistake: Option<String>,
    email: String,
    name: String,
}

struct Line {
    email: String,
    name: String,
    role: &'static str,
    since: Moment,
    is_disabled: bool,
    is_me: bool,
    /// Their role follows their groups at the provider of identities.
    is_proven_elsewhere: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    email: String,
    name: String,
    role: String,
    password: Secret,
}

#[derive(Debug, Deserialize)]
pub(super) struct Changed {
    /// A role, `disable` or `enable`.
    to: String,
}

pub(super) async fn show(
    operator: Operator<Administers>,
    State(app): State<AppState>,
) -> Result<Response, Error> {
    Ok(Page(page(&app, &operator, None, (String::new(), String::new())).await?).into_response())
}

async fn page(
    app: &AppState,
    operator: &Operator<Administers>,
    mistake: Option<String>,
    (email, name): (String, String),
) -> Result<StaffPage, Error> {
    let now = app.clock().now();
    let staff = app.store().list_staff().await?.into_iter();
    let line = |member: crate::store::StaffMember| Line {
        is_me: member.id == operator.member().id,
        is_proven_elsewhere: member.identity.is_some(),
        email: member.email,
        name: member.name,
        role: member.role.name(),
        since: Moment::new(member.created_at, now),
        is_disabled: member.disabled_at.is_some(),
    };
    let has_mistakes = mistake.is_some();
    Ok(StaffPage {
        chrome: Chrome { has_mistakes, ..Chrome::new(app, operator, PLACE, "Staff") },
        staff: staff.map(line).collect(),
        roles: Role::ALL.map(Role::name),
        rule: password::RULE,
        mistake,
        email,
        name,
    })
}

pub(super) async fn add(
    operator: Operator<Administers>,
    State(console): State<Console>,
    Protected(typed): Protected<Typed>,
) -> Result<Response, Error> {
    let app = &console.app;
    if let Some(proof) = proof_wanted(app, &operator, PLACE) {
        return Ok(proof);
    }
    let Typed { email, name, role, password } = typed;
    let (email, name) = (email.trim().to_lowercase(), name.trim().to_owned());
    let again = (email.clone(), name.clone());
    let role = Role::parse(&role);
    let mistake = if !is_email(&email) {
        Some("Enter an e-mail address, like name@example.com.".to_owned())
    } else if !is_line(&name) {
        Some("Enter a name, on one line.".to_owned())
    } else if !password::is_good(&password, &email) {
        Some(format!("The password must be {}.", password::RULE))
    } else {
        None
    };
    let (Some(role), None) = (role, &mistake) else {
        return refuse(app, &operator, mistake, again).await;
    };
    let password_hash = console.hashing.hash(password).await?;
    let new = NewStaff { email, name, role, password_hash };
    match app.store().add_staff(&new, &operator.member().actor()).await {
        Ok(_) => Ok(Redirect::to(PLACE).into_response()),
        Err(error) => failed(app, &operator, error, again).await,
    }
}

pub(super) async fn change(
    operator: Operator<Administers>,
    State(app): State<AppState>,
    Path(email): Path<String>,
    Protected(changed): Protected<Changed>,
) -> Result<Response, Error> {
    if let Some(proof) = proof_wanted(&app, &operator, PLACE) {
        return Ok(proof);
    }
    let change = match &*changed.to {
        "disable" => Some(StaffChange::Disable),
        "enable" => Some(StaffChange::Enable),
        role => Role::parse(role).map(StaffChange::Role),
    };
    let change = change.ok_or_else(Error::not_found)?;
    match app.store().change_staff(&email, change, &operator.member().actor()).await {
        Ok(_) => Ok(Redirect::to(PLACE).into_response()),
        Err(error) => failed(&app, &operator, error, (String::new(), String::new())).await,
    }
}

async fn failed(
    app: &AppState,
    operator: &Operator<Administers>,
    error: StaffError,
    again: (String, String),
) -> Result<Response, Error> {
    let mistake = match error {
        StaffError::EmailTaken => "Somebody has this address already.",
        StaffError::LastAdmin => {
            "Nothing was changed: without this administrator nobody could see to staff any more."
        }
        StaffError::Unknown | StaffError::Disabled | StaffError::NoPassword => {
            return Err(Error::not_found());
        }
        StaffError::Store(error) => return Err(error.into()),
    };
    refuse(app, operator, Some(mistake.to_owned()), again).await
}

async fn refuse(
    app: &AppState,
    operator: &Operator<Administers>,
    mistake: Option<String>,
    again: (String, String),
) -> Result<Response, Error> {
    let mistake = mistake.or_else(|| Some("Choose a role.".to_owned()));
    let page = page(app, operator, mistake, again).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}
