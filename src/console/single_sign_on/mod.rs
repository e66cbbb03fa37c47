//! Coming in by a provider of identities, and proving there again who one is.
//!
//! What always holds:
//! - What has to be remembered meanwhile is in a cookie of the browser that began, sealed, for ten minutes. What
//!   comes back to another browser, later, or a second time changes nothing.
//! - The way back is a GET, as the protocol has it: it is the one that changes something, and what it brings has
//!   to fit that cookie.
//! - The role follows the groups at every sign-in; nobody without one of them comes in, nobody who is disabled,
//!   and nobody in the place of a local account.
//!
//! Decided against: a form to begin with (browsers hold where a form leads to against the page's policy, and
//! where the provider's pages are is known only after it was asked; beginning changes nothing anyway).

mod pending;
mod refusal;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::Cookie;
use chrono::{DateTime, Utc};

use super::operator::{Looks, Operator, no_pending_cookie, session_token};
use super::sign_in::{self, Next};
use crate::identity::{Brought, Person, Provider, Settings};
use crate::ids::StaffSessionId;
use crate::store::{Arrival, Identity, Role, StaffSession};
use crate::web::fields::is_line;
use crate::web::{AppState, Error};
use pending::{Pending, Returned};
use refusal::Refusal;

/// Where the provider sends people back to, below the public URL. It is told to the provider's people too.
const BACK: &str = "/console/sign-in/return";

pub(super) async fn begin(
    State(app): State<AppState>,
    headers: HeaderMap,
    Query(asked): Query<Next>,
) -> Response {
    let gone = leave(&app, asked.address(), None).await;
    gone.unwrap_or_else(|refusal| refusal.into_page(&headers, None))
}

/// For what cannot be taken back: whoever has no password here proves at the provider again who they are.
pub(super) async fn prove_again(
    operator: Operator<Looks>,
    State(app): State<AppState>,
    headers: HeaderMap,
    Query(asked): Query<Next>,
) -> Response {
    if operator.member().identity.is_none() {
        return Error::not_found().into_response();
    }
    let gone = leave(&app, asked.address(), Some(operator.session.id)).await;
    let back = sign_in::own_address(asked.address());
    gone.unwrap_or_else(|refusal| refusal.into_page(&headers, Some(back)))
}

async fn leave(
    app: &AppState,
    next: &str,
    proves: Option<StaffSessionId>,
) -> Result<Response, Refusal> {
    let provider = app.identity().ok_or_else(Error::not_found)?;
    let back = app.address_of(BACK).ok_or_else(Error::not_found)?;
    let asked = provider.begin(&back, proves.is_some()).await?;
    let leads = Redirect::to(asked.address.as_str());
    let pending = Pending::new(asked, next, proves, app.clock().now());
    let cookie = pending.into_cookie(app).map_err(Error::internal)?;
    Ok((CookieJar::new().add(cookie), leads).into_response())
}

pub(super) async fn come_back(
    State(app): State<AppState>,
    headers: HeaderMap,
    Query(fields): Query<Vec<(String, String)>>,
) -> Response {
    let Some(provider) = app.identity() else { return Error::not_found().into_response() };
    let returned = Returned::read(fields);
    let pending = match Pending::find(&app, &headers, &returned, provider.settings()) {
        Ok(pending) => pending,
        Err((refusal, proved)) => return refusal.into_page(&headers, proved.as_deref()),
    };
    let next = pending.next().to_owned();
    let back = pending.proves().map(|_| next.clone());
    let jar = CookieJar::new().add(no_pending_cookie(&app));
    match enter(&app, provider, &headers, (returned, pending)).await {
        Ok(None) => (jar, Redirect::to(&next)).into_response(),
        Ok(Some(session)) => (jar.add(session), Redirect::to(&next)).into_response(),
        Err(refusal) => (jar, refusal.into_page(&headers, back.as_deref())).into_response(),
    }
}

/// The cookie of a new session; none if it is an open one that was proven again.
async fn enter(
    app: &AppState,
    provider: &Provider,
    headers: &HeaderMap,
    (returned, pending): (Returned, Pending),
) -> Result<Option<Cookie<'static>>, Refusal> {
    let code = returned.code()?;
    if !app.store().spend_sign_in(&pending.state, pending.ends_at()).await.map_err(Error::from)? {
        return Err(Refusal::CameBackBefore);
    }
    let back = app.address_of(BACK).ok_or_else(Error::not_found)?;
    let proves = pending.proves();
    let since = proves.map(|_| pending.begun_at);
    let brought = Brought { code, nonce: pending.nonce, verifier: pending.verifier, since };
    let person = provider.finish(&back, brought).await?;
    let identity = Identity { issuer: person.issuer.clone(), subject: person.subject.clone() };
    let session = match proves {
        Some(id) => Some(own_session(app, headers, id, &identity).await?),
        None => None,
    };
    let signed_in_at = person.signed_in_at;
    let arrival = arrival(provider.settings(), person, identity)?;
    let member = app.store().admit(&arrival).await?;
    if let Some(session) = session {
        app.store().prove_session(session.id).await.map_err(Error::from)?;
        return Ok(None);
    }
    // A provider that does not say when it was may have asked for nothing today.
    let proven_at = signed_in_at.unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
    Ok(Some(sign_in::open_session(app, headers, &member, proven_at).await?))
}

/// The session that was to be proven, if it is this browser's and its owner is who came back.
async fn own_session(
    app: &AppState,
    headers: &HeaderMap,
    id: StaffSessionId,
    identity: &Identity,
) -> Result<StaffSession, Refusal> {
    let token = session_token(app, headers).ok_or(Refusal::SignedOut)?;
    let session = app.store().find_session(&token).await.map_err(Error::from)?;
    let session = session.filter(|session| session.id == id).ok_or(Refusal::SignedOut)?;
    if session.member.identity.as_ref() == Some(identity) {
        Ok(session)
    } else {
        Err(Refusal::SomebodyElse)
    }
}

fn arrival(settings: &Settings, person: Person, identity: Identity) -> Result<Arrival, Refusal> {
    let role = role(settings, &person.groups).ok_or(Refusal::NoGroup)?;
    // An address that nobody has verified could be anybody's.
    let email = person.email.unwrap_or(person.subject);
    if !is_line(&email) {
        return Err(Refusal::NoName);
    }
    Ok(Arrival { identity, role, name: person.name.unwrap_or_else(|| email.clone()), email })
}

/// The highest that one of the groups gives.
fn role(settings: &Settings, groups: &[String]) -> Option<Role> {
    let give = |role: &Role| {
        let given = match role {
            Role::Viewer => &settings.viewers,
            Role::Operator => &settings.operators,
            Role::Admin => &settings.admins,
        };
        given.iter().any(|group| groups.contains(group))
    };
    Role::ALL.into_iter().rev().find(give)
}
