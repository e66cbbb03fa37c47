//! Who is signed in, and what they may.

use std::marker::PhantomData;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use chrono::TimeDelta;

use crate::store::{Role, StaffMember, StaffSession};
use crate::web::{self, AppState, Kind, StaffToken};

/// What a handler needs of whoever asks.
pub(super) trait Need: Send + Sync {
    const ROLE: Role;
}

/// Reading.
#[derive(Debug)]
pub(super) struct Looks;
/// Orders about onboardings.
#[derive(Debug)]
pub(super) struct Repairs;
/// Staff and the audit.
#[derive(Debug)]
pub(super) struct Administers;

impl Need for Looks {
    const ROLE: Role = Role::Viewer;
}

impl Need for Repairs {
    const ROLE: Role = Role::Operator;
}

impl Need for Administers {
    const ROLE: Role = Role::Admin;
}

/// Somebody who is signed in and has the role. There is no other way to get one.
#[derive(Debug)]
pub(super) struct Operator<N: Need> {
    pub(super) session: StaffSession,
    /// What this session's forms carry.
    pub(super) form_token: String,
    need: PhantomData<N>,
}

impl<N: Need> Operator<N> {
    pub(super) fn member(&self) -> &StaffMember {
        &self.session.member
    }
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum NoEntry {
    /// Leads to signing in, and from there back to this address.
    SignIn(String),
    Failed(web::Error),
}

impl IntoResponse for NoEntry {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(address) => Redirect::to(&address).into_response(),
            Self::Failed(error) => error.into_response(),
        }
    }
}

impl<N: Need, S: Send + Sync> FromRequestParts<S> for Operator<N>
where
    AppState: FromRef<S>,
{
    type Rejection = NoEntry;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, NoEntry> {
        let app = AppState::from_ref(state);
        let token = session_token(&app, &parts.headers);
        let found = match &token {
            Some(token) => app.store().find_session(token).await,
            None => Ok(None),
        };
        let found = found.map_err(|error| NoEntry::Failed(error.into()))?;
        let Some((token, session)) = token.zip(found) else { return Err(no_session(parts)) };
        if session.member.role < N::ROLE {
            return Err(NoEntry::Failed(forbidden(session.member.role, N::ROLE)));
        }
        let token = StaffToken(token);
        let form_token = app.links.staff_form_token(&token);
        // For `web::Protected`, which takes a form only from a session that was proven here.
        parts.extensions.insert(token);
        Ok(Self { session, form_token, need: PhantomData })
    }
}

/// A page can be come back to; a form that was sent meets the page that says why it was not taken.
fn no_session(parts: &Parts) -> NoEntry {
    if parts.method == Method::GET || parts.method == Method::HEAD {
        let here = parts.uri.path_and_query().map_or("/console", |here| here.as_str());
        let next: String = url::form_urlencoded::byte_serialize(here.as_bytes()).collect();
        return NoEntry::SignIn(format!("/console/sign-in?next={next}"));
    }
    let words = "Nothing was done: you are not signed in any more. Sign in, and do it again.";
    NoEntry::Failed(web::Error::new(Kind::Unauthenticated, words))
}

fn forbidden(has: Role, needed: Role) -> web::Error {
    let words = format!(
        "Nothing was done: this needs the role {}, and yours is {}. An administrator can change that.",
        needed.name(),
        has.name()
    );
    web::Error::new(Kind::Forbidden, words)
}

/// The name of a cookie that no other host and no plain connection can set, where that can be had.
fn cookie_name(app: &AppState, name: &str) -> String {
    if app.is_https() { format!("__Host-{name}") } else { name.to_owned() }
}

pub(super) fn session_token(app: &AppState, headers: &HeaderMap) -> Option<String> {
    read(app, headers, "gangway-staff", 200)
}

/// What a browser keeps that somebody has signed in with before.
pub(super) fn browser_mark(app: &AppState, headers: &HeaderMap) -> Option<String> {
    read(app, headers, "gangway-browser", 200)
}

/// What a browser keeps while its owner is at the provider of identities.
pub(super) fn pending_sign_in(app: &AppState, headers: &HeaderMap) -> Option<String> {
    read(app, headers, "gangway-sign-in", 4000)
}

fn read(app: &AppState, headers: &HeaderMap, name: &str, longest: usize) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let value = jar.get(&cookie_name(app, name))?.value();
    (value.len() <= longest).then(|| value.to_owned())
}

/// Ends with the browser; the server's limits hold before that.
pub(super) fn session_cookie(app: &AppState, token: String) -> Cookie<'static> {
    cookie(app, "gangway-staff", token)
}

pub(super) fn browser_cookie(app: &AppState, mark: String) -> Cookie<'static> {
    let mut cookie = cookie(app, "gangway-browser", mark);
    cookie.make_permanent();
    cookie
}

/// The browser drops it after this time; that it is not taken any more is for its content to say.
pub(super) fn pending_cookie(app: &AppState, sealed: String, life: TimeDelta) -> Cookie<'static> {
    let mut cookie = cookie(app, "gangway-sign-in", sealed);
    cookie.set_max_age(life.to_std().ok().and_then(|life| life.try_into().ok()));
    cookie
}

pub(super) fn no_pending_cookie(app: &AppState) -> Cookie<'static> {
    let mut cookie = cookie(app, "gangway-sign-in", String::new());
    cookie.make_removal();
    cookie
}

fn cookie(app: &AppState, name: &str, value: String) -> Cookie<'static> {
    Cookie::build((cookie_name(app, name), value))
        .path("/")
        .http_only(true)
        .secure(app.is_https())
        // A link in a chat has to lead to the case. Forms are protected by their token.
        .same_site(SameSite::Lax)
        .build()
}
