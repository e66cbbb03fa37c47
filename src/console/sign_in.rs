//! Coming in and going out.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::Cookie;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Console;
use super::chrome::Chrome;
use super::operator::{
    Looks, Operator, browser_cookie, browser_mark, session_cookie, session_token,
};
use super::words;
use crate::secret::{Secret, random_token};
use crate::store::{Bucket, NewSession, StaffMember};
use crate::web::{AppState, Error, FirstForm, Page, Protected};

#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct SignInPage {
    chrome: Chrome,
    next: String,
    email: String,
    mistake: Option<String>,
    /// What the provider of identities is called, if there is one.
    word: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Next {
    next: String,
}

impl Next {
    pub(super) fn address(&self) -> &str {
        &self.next
    }
}

/// What was typed. The password shows nowhere.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    email: String,
    password: Secret,
    #[serde(default)]
    next: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn show(
    State(app): State<AppState>,
    Query(asked): Query<Next>,
) -> impl IntoResponse {
    Page(page(&app, asked.next, String::new(), None))
}

fn page(app: &AppState, next: String, email: String, mistake: Option<String>) -> SignInPage {
    let has_mistakes = mistake.is_some();
    let chrome = Chrome { has_mistakes, ..Chrome::outside(app, "Sign in") };
    let word = app.identity().map(|provider| provider.settings().word.clone());
    SignInPage { chrome, next, email, mistake, word }
}

pub(super) async fn sign_in(
    State(console): State<Console>,
    parts: Parts,
    FirstForm(typed): FirstForm<Typed>,
) -> Result<Response, Error> {
    let (app, headers) = (&console.app, &parts.headers);
    let store = app.store();
    let email: String = typed.email.trim().chars().take(254).collect();
    let mark = browser_mark(app, headers);
    let known = mark.as_deref().and_then(|mark| app.links.read_browser_mark(&email, mark));
    let bucket =
        known.map_or_else(|| Bucket::strangers(&email), |name| Bucket::known(&email, name));
    let refuse = |status, words: String| {
        let page = page(app, typed.next.clone(), email.clone(), Some(words));
        Ok((status, Page(page)).into_response())
    };
    // Each try takes a core for a while, whatever address it names.
    if known.is_none() && !app.rate_limits().admit_stranger(&parts) {
        let words = "There were too many tries from your network. Wait a minute, then try again.";
        return refuse(StatusCode::TOO_MANY_REQUESTS, words.to_owned());
    }
    if let Some(until) = store.begin_try(&bucket).await? {
        let until = words::spell(until);
        let words = format!(
            "There were too many tries for this address from browsers that nobody has signed in with. \
             The next one is taken at {until}. In a browser that you have used here before you need not \
             wait."
        );
        return refuse(StatusCode::TOO_MANY_REQUESTS, words);
    }
    let found = store.find_staff(&email).await?;
    let (member, hash) = found.unzip();
    let fits = console.hashing.is_password(typed.password, hash).await?;
    let Some(member) = member.filter(|_| fits) else {
        let words = "Address and password do not go together. Check both; after five tries you have to \
                     wait for a while.";
        return refuse(StatusCode::UNAUTHORIZED, words.to_owned());
    };
    store.forget_tries(&bucket).await?;
    let session = open_session(app, headers, &member, app.clock().now()).await?;
    let name = known.map_or_else(random_token, str::to_owned);
    let mark = app.links.browser_mark(&email, &name);
    let jar = CookieJar::new().add(session).add(browser_cookie(app, mark));
    Ok((jar, Redirect::to(own_address(&typed.next))).into_response())
}

/// A session for somebody who proved at this moment who they are, in the place of the browser's earlier one.
pub(super) async fn open_session(
    app: &AppState,
    headers: &HeaderMap,
    member: &StaffMember,
    proven_at: DateTime<Utc>,
) -> Result<Cookie<'static>, Error> {
    let token = random_token();
    let before = session_token(app, headers);
    let browser = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let browser = browser.unwrap_or("without a name");
    let instead_of = before.as_deref();
    let new = NewSession { member, token: &token, browser, instead_of, proven_at };
    app.store().open_session(new).await?;
    Ok(session_cookie(app, token))
}

/// Never out of the console, whatever the address says.
pub(super) fn own_address(next: &str) -> &str {
    let inside =
        next == "/console" || next.starts_with("/console/") || next.starts_with("/console?");
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if inside && plain && next.len() <= 2000 { next } else { "/console" }
}

pub(super) async fn sign_out(
    operator: Operator<Looks>,
    State(app): State<AppState>,
    Protected(Nothing {}): Protected<Nothing>,
) -> Result<Response, Error> {
    let member = operator.member();
    app.store().end_session(member, operator.session.id, &member.actor()).await?;
    let mut cookie = session_cookie(&app, String::new());
    cookie.make_removal();
    Ok((CookieJar::new().add(cookie), Redirect::to("/console/sign-in")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away() {
        for inside in ["/console", "/console/onboardings?q=a%20b", "/console/audit"] {
            assert_eq!(own_address(inside), inside);
        }
        for outside in [
            "",
            "/",
            "//evil.example",
            "/consoles",
            "https://evil.example/console",
            "/console\\@evil",
            "/console/ x",
            "/console/\r\nset-cookie: a=b",
            "/l/token",
        ] {
            assert_eq!(own_address(outside), "/console", "{outside}");
        }
    }
}
