//! From a link to a visit, and the proof that a browser is on one.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, RawPathParams, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use super::journey::{BY_DEFAULT, steps};
use crate::ids::Reference;
use crate::onboarding::{Blueprint, Onboarding, Status};
use crate::web::{self, AppState, Frame, Notice, Page, Session, Tone, Way};

/// A browser that came by a link which is still good, and the onboarding that the link is for.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) onboarding: Onboarding,
    pub(super) blueprint: Arc<Blueprint>,
    pub(super) session: Session,
    /// What this visit's forms carry.
    pub(super) form_token: String,
}

/// Why there is no visit. The first is said in the same words whatever the reason.
#[derive(Debug)]
pub(super) enum NoVisit {
    NotAdmitted,
    Failed(web::Error),
}

impl IntoResponse for NoVisit {
    fn into_response(self) -> Response {
        match self {
            Self::NotAdmitted => (StatusCode::FORBIDDEN, Page(ask_for_link())).into_response(),
            Self::Failed(error) => error.into_response(),
        }
    }
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = NoVisit;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, NoVisit> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| NoVisit::NotAdmitted)?;
        let reference = params.iter().find(|(name, _)| *name == "reference");
        let reference = reference.and_then(|(_, text)| Reference::parse(text).ok());
        let jar = CookieJar::from_headers(&parts.headers);
        let visit = match reference {
            Some(reference) => Self::admit(state, &jar, &reference).await,
            None => Ok(None),
        };
        let visit = visit.map_err(NoVisit::Failed)?.ok_or(NoVisit::NotAdmitted)?;
        // For `web::Protected`, which takes a form only from a session that was proven here.
        parts.extensions.insert(visit.session.clone());
        Ok(visit)
    }
}

impl Visit {
    /// The visit that this browser is on, if its cookie proves one of this very onboarding.
    pub(super) async fn admit(
        state: &AppState,
        jar: &CookieJar,
        reference: &Reference,
    ) -> Result<Option<Self>, web::Error> {
        let Some(session) = read_cookie(state, jar, reference) else { return Ok(None) };
        let found = state.store().find(session.onboarding).await?;
        let admitted = found.filter(|onboarding| {
            onboarding.reference == *reference
                && onboarding.link.generation == session.generation
                && onboarding.link.expires_at > state.clock().now()
        });
        let Some(onboarding) = admitted else { return Ok(None) };
        let blueprint = state.store().load_blueprint(&onboarding.blueprint).await?;
        let form_token = state.links.form_token(&session);
        Ok(Some(Self { onboarding, blueprint, session, form_token }))
    }

    pub(super) fn address(&self) -> String {
        address(&self.onboarding.reference)
    }

    /// The company on whose behalf all this happens.
    pub(super) fn company(&self) -> &str {
        self.blueprint.brand.name.as_deref().unwrap_or(BY_DEFAULT)
    }

    /// The frame of a page that belongs to the step at which the onboarding stands.
    pub(super) fn frame(&self, title: impl Into<String>) -> Frame {
        Frame {
            steps: Some(steps(&self.onboarding)),
            leave: Some(format!("{}/leave", self.address())),
            ..self.plain_frame(title)
        }
    }

    /// The frame of a page beside the steps.
    pub(super) fn plain_frame(&self, title: impl Into<String>) -> Frame {
        Frame {
            brand: self.blueprint.brand.name.clone(),
            support_email: self.blueprint.brand.support_email.clone(),
            reference: Some(self.onboarding.reference.to_string()),
            ..Frame::new(title)
        }
    }
}

pub(super) fn address(reference: &Reference) -> String {
    format!("/o/{reference}")
}

/// Turns a good link into a visit. The link stays as it is and can be opened again, anywhere.
pub(super) async fn open_link(
    State(state): State<AppState>,
    Path(token): Path<String>,
    jar: CookieJar,
) -> Result<Response, web::Error> {
    let Some(onboarding) = find_by_link(&state, &token).await? else {
        return Ok((StatusCode::GONE, Page(link_is_over())).into_response());
    };
    let onwards = Redirect::to(&address(&onboarding.reference));
    let generation = onboarding.link.generation;
    let known = read_cookie(&state, &jar, &onboarding.reference);
    if known.is_some_and(|s| s.onboarding == onboarding.id && s.generation == generation) {
        return Ok(onwards.into_response());
    }
    let (_, value) = state.links.open_session(onboarding.id, generation);
    let cookie = Cookie::build((cookie_name(&state, &onboarding.reference), value))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.is_https())
        .path("/");
    Ok((jar.add(cookie), onwards).into_response())
}

async fn find_by_link(state: &AppState, token: &str) -> Result<Option<Onboarding>, web::Error> {
    let Some((id, generation)) = state.links.read_link(token) else { return Ok(None) };
    let found = state.store().find(id).await?;
    Ok(found.filter(|onboarding| {
        onboarding.link.generation == generation
            && onboarding.link.expires_at > state.clock().now()
            && onboarding.status != Status::Cancelled
    }))
}

/// One cookie per onboarding, so that one browser can be on several visits.
fn cookie_name(state: &AppState, reference: &Reference) -> String {
    // Browsers take the prefix with `Secure` only, and plain loopback cannot have that.
    let prefix = if state.is_https() { "__Host-" } else { "" };
    format!("{prefix}gangway-{reference}")
}

fn read_cookie(state: &AppState, jar: &CookieJar, reference: &Reference) -> Option<Session> {
    state.links.read_session(jar.get(&cookie_name(state, reference))?.value())
}

/// For every link that opens nothing, whatever the reason.
fn link_is_over() -> Notice {
    let lines = [
        "Links like this one end after some days, or when a newer one was sent.",
        "Nothing is lost: what was done before is saved.",
        "Ask the company that sent you the link for a new one. You then go on where you stopped.",
    ];
    Notice {
        tone: Tone::Trouble,
        ..Notice::new("This link does not open anything any more", lines)
    }
}

fn ask_for_link() -> Notice {
    let lines = [
        "This browser has not opened the link that you were sent, or the link has ended since.",
        "Nothing is lost: what was done before is saved.",
        "Open the link again, in this browser. If it does not work any more, ask the company that \
         sent it for a new one.",
    ];
    Notice { tone: Tone::Trouble, ..Notice::new("Open your link again", lines) }
}

/// A way back to the visit's page.
pub(super) fn way_on(visit: &Visit, label: &str) -> Way {
    Way::new(visit.address(), label)
}
