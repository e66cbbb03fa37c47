//! From a link to a visit, and the proof that a browser is on one.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{FromRef, FromRequestParts, Path, RawPathParams, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use super::journey::steps;
use super::notices;
use crate::engine;
use crate::ids::{ConnectorId, Reference};
use crate::onboarding::{Blueprint, Command, Connection, Onboarding, Status};
use crate::web::{
    self, AppState, ColleagueGrant, Frame, LinkGrant, Notice, Page, PagesAt, Session, Way, Wishes,
};
use crate::words::Words;

/// A browser that came by a link which is still good, and the onboarding that the link is for.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) onboarding: Onboarding,
    pub(super) blueprint: Arc<Blueprint>,
    pub(super) session: Session,
    /// What this visit's forms carry.
    pub(super) form_token: String,
    pub(super) words: Words,
    /// Staff look at what the person of the tenant would see. It proves nothing: see [`Visit::preview`].
    pub(super) is_preview: bool,
}

/// A visit that may see all of the onboarding, and not a colleague's.
#[derive(Debug)]
pub(super) struct WholeVisit(pub(super) Visit);

/// Why there is no visit. The first is said in the same words whatever the reason.
#[derive(Debug)]
pub(super) enum NoVisit {
    NotAdmitted(Words),
    Failed(web::Error),
}

impl IntoResponse for NoVisit {
    fn into_response(self) -> Response {
        match self {
            Self::NotAdmitted(words) => {
                (StatusCode::FORBIDDEN, Page(notices::visit_over(words))).into_response()
            }
            Self::Failed(error) => error.into_response(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit
where
    AppState: FromRef<S>,
{
    type Rejection = NoVisit;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, NoVisit> {
        let wishes = parts.extensions.get::<Wishes>().copied().unwrap_or_default();
        let app = AppState::from_ref(state);
        let refused = || NoVisit::NotAdmitted(wishes.words(None, None));
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| refused())?;
        let find = |wanted| params.iter().find(|(name, _)| *name == wanted).map(|(_, text)| text);
        let reference = find("reference").and_then(|text| Reference::parse(text).ok());
        let connector = find("connector").and_then(|text| text.parse().ok()).map(ConnectorId);
        let reference = reference.ok_or_else(refused)?;
        let visit = Self::admit(&app, (&parts.headers, wishes), &reference, connector).await;
        let visit = visit.map_err(NoVisit::Failed)?.ok_or_else(refused)?;
        // For `web::Protected`, which takes a form only from a session that was proven here.
        parts.extensions.insert(visit.session.clone());
        if let Some(url) = &visit.onboarding.profile.pages_url {
            parts.extensions.insert(PagesAt(url.clone()));
        }
        Ok(visit)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for WholeVisit
where
    AppState: FromRef<S>,
{
    type Rejection = NoVisit;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, NoVisit> {
        let visit = Visit::from_request_parts(parts, state).await?;
        if visit.is_whole() { Ok(Self(visit)) } else { Err(NoVisit::NotAdmitted(visit.words)) }
    }
}

impl Visit {
    /// The visit that this browser is on, if its cookie proves one of this very onboarding: of all of it,
    /// or as a colleague of this one connection.
    pub(super) async fn admit(
        state: &AppState,
        (headers, wishes): (&HeaderMap, Wishes),
        reference: &Reference,
        connector: Option<ConnectorId>,
    ) -> Result<Option<Self>, web::Error> {
        let jar = CookieJar::from_headers(headers);
        let whole = (read_cookie(state, &jar, reference, None), None);
        let only = connector.and_then(|c| read_cookie(state, &jar, reference, Some(c)));
        for (session, connector) in [whole, (only, connector)] {
            let Some(session) = session else { continue };
            let Some(onboarding) = state.store().find(session.grant.onboarding).await? else {
                continue;
            };
            let fits = onboarding.reference == *reference
                && session.grant.only.map(|only| only.connector) == connector
                && is_good(&onboarding, &session.grant, state);
            if !fits {
                continue;
            }
            let blueprint = state.store().load_blueprint(&onboarding.blueprint).await?;
            let words =
                wishes.words(onboarding.profile.locale.as_deref(), blueprint.locale.as_deref());
            let form_token = state.links.form_token(&session);
            let is_preview = false;
            return Ok(Some(Self {
                onboarding,
                blueprint,
                session,
                form_token,
                words,
                is_preview,
            }));
        }
        Ok(None)
    }

    /// For pages that are looked at and not used: no browser has such a session, and no form is taken with
    /// an empty token.
    pub(super) fn preview(onboarding: Onboarding, blueprint: Arc<Blueprint>, words: Words) -> Self {
        let session = Session { grant: LinkGrant::whole(&onboarding), name: String::new() };
        let form_token = String::new();
        Self { onboarding, blueprint, session, form_token, words, is_preview: true }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.session.grant.only.is_none()
    }

    /// Where this visit's own page is.
    pub(super) fn address(&self) -> String {
        let only = self.session.grant.only.map(|only| only.connector);
        address(&self.onboarding.reference, only)
    }

    pub(super) fn connection_address(&self, connector: ConnectorId) -> String {
        address(&self.onboarding.reference, Some(connector))
    }

    /// Has it done in the visitor's name. What the state refuses is known already, or over: the page that
    /// comes next shows what is so.
    pub(super) async fn order(&self, state: &AppState, command: Command) -> Result<(), web::Error> {
        match state.engine.order(self.onboarding.id, command, "visitor").await {
            Ok(_) | Err(engine::Error::Invalid(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The company on whose behalf all this happens, where a sentence begins with it.
    pub(super) fn company(&self) -> String {
        let named = self.blueprint.brand.name.clone();
        named.unwrap_or_else(|| self.words.say("company-unknown"))
    }

    /// What it is for, in words for somebody whom that company did not send here.
    pub(super) fn company_or_setup(&self) -> &str {
        self.blueprint.brand.name.as_ref().unwrap_or(&self.blueprint.name)
    }

    /// The frame of a page that belongs to the step at which the onboarding stands.
    pub(super) fn frame(&self, title: impl Into<String>) -> Frame {
        if !self.is_whole() {
            return self.plain_frame(title);
        }
        Frame {
            steps: Some(steps(&self.onboarding)),
            leave: Some(format!("{}/leave", self.address())),
            ..self.plain_frame(title)
        }
    }

    /// The frame of a page beside the steps.
    pub(super) fn plain_frame(&self, title: impl Into<String>) -> Frame {
        let untold = !self.is_preview
            && self.is_whole()
            && self.onboarding.facts.opened_at.is_none()
            && matches!(self.onboarding.status, Status::Waiting { .. });
        let opened = || (format!("{}/opened", self.address()), self.form_token.clone());
        Frame {
            brand: Some(self.blueprint.brand.clone()),
            reference: Some(self.onboarding.reference.to_string()),
            here: (!self.is_preview).then(|| self.address()),
            is_preview: self.is_preview,
            tells_opened: untold.then(opened),
            ..Frame::new(self.words, title)
        }
    }

    /// A way back to the visit's page.
    pub(super) fn way_on(&self, message: &str) -> Way {
        Way::new(self.address(), self.words.say(message))
    }

    /// Where a person is sent after a form: to whatever is next now.
    pub(super) fn see_next(&self) -> Response {
        Redirect::to(&self.address()).into_response()
    }

    pub(super) fn say(&self, message: &str) -> String {
        self.words.say(message)
    }

    pub(super) fn about(&self, message: &str, connection: &Connection) -> String {
        self.words.fill(message, "app", &connection.name)
    }

    /// What a colleague reads first, who knows nothing of all this; `None` for whoever may see all.
    pub(super) fn for_colleague(&self, connection: &Connection) -> Option<String> {
        if self.is_whole() {
            return None;
        }
        let values = [
            ("tenant", &*self.onboarding.profile.name),
            ("company", self.company_or_setup()),
            ("app", &connection.name),
        ];
        Some(self.words.with("colleague-explain", &values))
    }
}

/// Of all of an onboarding, or of one connection of it.
fn address(reference: &Reference, connector: Option<ConnectorId>) -> String {
    match connector {
        None => format!("/o/{reference}"),
        Some(connector) => format!("/o/{reference}/connections/{connector}"),
    }
}

/// Whether what a link or a cookie proves is still meant to open something.
pub(super) fn is_good(onboarding: &Onboarding, grant: &LinkGrant, state: &AppState) -> bool {
    let link = onboarding.link;
    let for_colleague = |only: ColleagueGrant| {
        onboarding.facts.connection(only.connector).is_some_and(|connection| {
            let asked = connection.handed_over.stands() || connection.approval.is_some();
            asked && connection.handed_over.changes() == only.turn
        })
    };
    onboarding.id == grant.onboarding
        && link.generation == grant.generation
        && link.expires_at > state.clock().now()
        && grant.only.is_none_or(for_colleague)
}

/// Turns a good link into a visit. The link stays as it is and can be opened again, anywhere.
pub(super) async fn open_link(
    State(state): State<AppState>,
    Path(token): Path<String>,
    Extension(wishes): Extension<Wishes>,
    jar: CookieJar,
) -> Result<Response, web::Error> {
    let found = find_by_link(&state, &token).await?.filter(|(_, grant)| grant.only.is_none());
    let over = notices::link_over(wishes.words(None, None));
    Ok(begin(&state, jar, found, over))
}

/// With a cookie for this browser, unless it has one that is as good. `over`: what is shown where there is
/// nothing to open any more.
pub(super) fn begin(
    state: &AppState,
    jar: CookieJar,
    found: Option<(Onboarding, LinkGrant)>,
    over: Notice,
) -> Response {
    let found = found.filter(|(onboarding, _)| onboarding.status != Status::Cancelled);
    let Some((onboarding, grant)) = found else {
        return (StatusCode::GONE, Page(over)).into_response();
    };
    let connector = grant.only.map(|only| only.connector);
    let onwards = Redirect::to(&address(&onboarding.reference, connector));
    let known = read_cookie(state, &jar, &onboarding.reference, connector);
    if known.is_some_and(|session| session.grant == grant) {
        return onwards.into_response();
    }
    let (_, value) = state.links.open_session(grant);
    let cookie = Cookie::build((cookie_name(state, &onboarding.reference, connector), value))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.is_https())
        .path("/");
    (jar.add(cookie), onwards).into_response()
}

/// What a link opens, if it still does.
pub(super) async fn find_by_link(
    state: &AppState,
    token: &str,
) -> Result<Option<(Onboarding, LinkGrant)>, web::Error> {
    let Some(grant) = state.links.read_link(token) else { return Ok(None) };
    let found = state.store().find(grant.onboarding).await?;
    let good = found.filter(|onboarding| is_good(onboarding, &grant, state));
    Ok(good.map(|onboarding| (onboarding, grant)))
}

/// One cookie per onboarding, and one for each connection of a colleague's, so that one browser can be on
/// several visits.
fn cookie_name(state: &AppState, reference: &Reference, connector: Option<ConnectorId>) -> String {
    // Browsers take the prefix with `Secure` only, and plain loopback cannot have that.
    let prefix = if state.is_https() { "__Host-" } else { "" };
    let only = connector.map(|connector| format!("-{connector}")).unwrap_or_default();
    format!("{prefix}gangway-{reference}{only}")
}

fn read_cookie(
    state: &AppState,
    jar: &CookieJar,
    reference: &Reference,
    connector: Option<ConnectorId>,
) -> Option<Session> {
    state.links.read_session(jar.get(&cookie_name(state, reference, connector))?.value())
}

/// Every visit that this browser's cookies prove, newest session or not.
pub(super) fn sessions(state: &AppState, headers: &HeaderMap) -> Vec<Session> {
    const MOST: usize = 20;
    let jar = CookieJar::from_headers(headers);
    let ours = jar.iter().filter(|cookie| cookie.name().contains("gangway-GW-"));
    ours.take(MOST).filter_map(|cookie| state.links.read_session(cookie.value())).collect()
}
