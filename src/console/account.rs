//! One's own account: password, browsers that are signed in, and proving again who one is.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;
use serde::Deserialize;
use uuid::Uuid;

use super::Console;
use super::chrome::Chrome;
use super::operator::{Looks, Need, Operator};
use super::password;
use super::sign_in::{Next, Nothing, own_address};
use super::words::Moment;
use crate::ids::StaffSessionId;
use crate::onboarding::Action;
use crate::secret::{ExposeSecret as _, Secret};
use crate::store::{Bucket, StaffError};
use crate::web::{AppState, Error, Kind, Page, Protected};

/// What destroys something asks again who it is after so long.
const PROOF_LASTS: TimeDelta = TimeDelta::minutes(15);

const PROVE: &str = "Show again who you are";

#[derive(Template)]
#[template(path = "console/account.html")]
struct AccountPage {
    chrome: Chrome,
    email: String,
    role: &'static str,
    rule: &'static str,
    has_password: bool,
    sessions: Vec<SessionLine>,
    mistake: Option<&'static str>,
    done: Option<&'static str>,
}

struct SessionLine {
    id: Uuid,
    browser: String,
    began: Moment,
    seen: Moment,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "console/prove.html")]
struct ProvePage {
    chrome: Chrome,
    next: String,
    /// Where whoever would rather leave it as it is goes.
    instead: String,
    mistake: Option<String>,
    by: Proof,
}

/// How somebody shows again who they are.
enum Proof {
    Password,
    /// At the provider of identities, which is called so.
    Provider(String),
    /// At a provider that is not asked any more.
    Nothing,
}

impl Proof {
    fn of(app: &AppState, operator: &Operator<Looks>) -> Self {
        if operator.member().identity.is_none() {
            return Self::Password;
        }
        let word = app.identity().map(|provider| provider.settings().word.clone());
        word.map_or(Self::Nothing, Self::Provider)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct NewPassword {
    password: Secret,
    new: Secret,
    again: Secret,
}

#[derive(Debug, Deserialize)]
pub(super) struct TypedAgain {
    password: Secret,
    #[serde(default)]
    next: String,
}

/// Whether they proved lately who they are; otherwise where to do that, and come back here from there.
pub(super) fn proof_wanted<N: Need>(
    app: &AppState,
    operator: &Operator<N>,
    next: &str,
) -> Option<Response> {
    let prove = || Redirect::to(&proof_address(next)).into_response();
    (!has_proved_lately(app, operator)).then(prove)
}

pub(super) fn has_proved_lately<N: Need>(app: &AppState, operator: &Operator<N>) -> bool {
    app.clock().now() - operator.session.proven_at < PROOF_LASTS
}

/// Where they prove who they are, to go on to `next` from there.
pub(super) fn proof_address(next: &str) -> String {
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    format!("/console/prove?next={next}")
}

/// The page from which somebody set out for this one: the onboarding, if this is the form of an order about
/// it. Every other form stands on the page that it belongs to.
pub(super) fn place_of(next: &str) -> &str {
    let form = next.strip_prefix("/console/onboardings/").and_then(|rest| rest.split_once('/'));
    match form {
        Some((_, action)) if Action::parse(action).is_some() => {
            next.strip_suffix(action).map_or(next, |case| case.trim_end_matches('/'))
        }
        Some(_) | None => next,
    }
}

pub(super) async fn show(
    operator: Operator<Looks>,
    State(app): State<AppState>,
) -> Result<Response, Error> {
    Ok(Page(page(&app, &operator, None, None).await?).into_response())
}

async fn page(
    app: &AppState,
    operator: &Operator<Looks>,
    mistake: Option<&'static str>,
    done: Option<&'static str>,
) -> Result<AccountPage, Error> {
    let now = app.clock().now();
    let member = operator.member();
    let sessions = app.store().list_sessions(member.id).await?.into_iter();
    let has_mistakes = mistake.is_some();
    Ok(AccountPage {
        chrome: Chrome { has_mistakes, ..Chrome::new(app, operator, "", "Your account") },
        email: member.email.clone(),
        role: member.role.name(),
        rule: password::RULE,
        has_password: member.identity.is_none(),
        sessions: sessions
            .map(|(id, browser, began, seen)| SessionLine {
                id: id.0,
                browser,
                began: Moment::new(began, now),
                seen: Moment::new(seen, now),
                is_this: id == operator.session.id,
            })
            .collect(),
        mistake,
        done,
    })
}

pub(super) async fn change_password(
    operator: Operator<Looks>,
    State(console): State<Console>,
    Protected(typed): Protected<NewPassword>,
) -> Result<Response, Error> {
    let app = &console.app;
    let email = operator.member().email.clone();
    let mistake = if typed.new.expose_secret() != typed.again.expose_secret() {
        Some("The two new passwords are not the same. Nothing was changed.")
    } else if !password::is_good(&typed.new, &email) {
        Some("The new password is too short, too long, or holds your address. Nothing was changed.")
    } else if is_own_password(&console, &operator, typed.password).await? {
        None
    } else {
        Some("This is not your password so far. Nothing was changed.")
    };
    if mistake.is_some() {
        let page = page(app, &operator, mistake, None).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response());
    }
    let hash = console.hashing.hash(typed.new).await?;
    let actor = operator.member().actor();
    let own = Some(operator.session.id);
    match app.store().set_password(&email, &hash, own, &actor).await {
        Ok(()) => {}
        Err(StaffError::Store(error)) => return Err(error.into()),
        Err(
            StaffError::Unknown
            | StaffError::EmailTaken
            | StaffError::LastAdmin
            | StaffError::Disabled
            | StaffError::NoPassword,
        ) => return Err(Error::not_found()),
    }
    let done = "Your password is changed, and every other browser is signed out.";
    Ok(Page(page(app, &operator, None, Some(done)).await?).into_response())
}

/// Counted like a try at signing in: a session that was left open is no place to guess from.
async fn is_own_password(
    console: &Console,
    operator: &Operator<Looks>,
    password: Secret,
) -> Result<bool, Error> {
    let member = operator.member();
    let store = console.app.store();
    let bucket = Bucket::known(&member.email, &operator.session.id.to_string());
    if let Some(until) = store.begin_try(&bucket).await? {
        let words =
            format!("Too many tries. The next one is taken at {}.", super::words::spell(until));
        return Err(Error::new(Kind::RateLimited, words));
    }
    let hash = store.find_staff(&member.email).await?.map(|(_, hash)| hash);
    let fits = console.hashing.is_password(password, hash).await?;
    if fits {
        store.forget_tries(&bucket).await?;
    }
    Ok(fits)
}

pub(super) async fn end_session(
    operator: Operator<Looks>,
    State(app): State<AppState>,
    Path(session): Path<Uuid>,
    Protected(Nothing {}): Protected<Nothing>,
) -> Result<Response, Error> {
    let member = operator.member();
    app.store().end_session(member, StaffSessionId(session), &member.actor()).await?;
    Ok(Redirect::to("/console/account").into_response())
}

pub(super) async fn ask_proof(
    operator: Operator<Looks>,
    State(app): State<AppState>,
    Query(asked): Query<Next>,
) -> Result<Response, Error> {
    let next = own_address(asked.address()).to_owned();
    Ok(Page(prove_page(&app, &operator, next, None)).into_response())
}

fn prove_page(
    app: &AppState,
    operator: &Operator<Looks>,
    next: String,
    mistake: Option<String>,
) -> ProvePage {
    let has_mistakes = mistake.is_some();
    ProvePage {
        chrome: Chrome { has_mistakes, ..Chrome::new(app, operator, "", PROVE) },
        instead: place_of(&next).to_owned(),
        next,
        mistake,
        by: Proof::of(app, operator),
    }
}

pub(super) async fn prove(
    operator: Operator<Looks>,
    State(console): State<Console>,
    Protected(typed): Protected<TypedAgain>,
) -> Result<Response, Error> {
    let next = own_address(&typed.next).to_owned();
    if is_own_password(&console, &operator, typed.password).await? {
        console.app.store().prove_session(operator.session.id).await?;
        return Ok(Redirect::to(&next).into_response());
    }
    let mistake = Some("This is not your password.".to_owned());
    let page = prove_page(&console.app, &operator, next, mistake);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_an_order_belongs_to_its_onboarding_and_every_other_page_to_itself() {
        let case = "/console/onboardings/ABCD-EFGH";
        for action in Action::ALL {
            assert_eq!(place_of(&format!("{case}/{}", action.name())), case);
        }
        for page in [case, "/console", "/console/staff", "/console/bulk/1", "/console/onboardings"]
        {
            assert_eq!(place_of(page), page);
        }
        assert_eq!(
            place_of("/console/onboardings/x/unheard-of"),
            "/console/onboardings/x/unheard-of"
        );
    }
}
