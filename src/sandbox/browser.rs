//! What a person's browser meets: Cyclr's service domain, and the pretend provider's consent screen.
//!
//! The sign-in token is spent when the page is opened (DOC). From there on a random state stands
//! for the sign-in; only the POST that decides it changes anything, and it is decided once.

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use url::{Url, form_urlencoded};

use super::Sandbox;
use super::request::{Query, Refusal};
use super::shapes;
use super::world::{Consent, World};

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/connectorauth/updateaccountconnectoroauth", get(open))
        .route("/provider/authorize", get(consent))
        .route("/provider/decide", post(decide))
        .route("/provider/left", get(left))
}

#[derive(Template)]
#[template(path = "sandbox/note.html")]
struct Note {
    heading: String,
    text: String,
}

#[derive(Template)]
#[template(path = "sandbox/consent.html")]
struct ConsentPage {
    connector: String,
    initial: String,
    account: String,
    state: String,
}

#[derive(Template)]
#[template(path = "sandbox/callback_error.html")]
struct CallbackError {
    error: &'static str,
    description: &'static str,
}

/// A page of the sandbox; nothing of it may be kept by a cache.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, [(header::CACHE_CONTROL, "no-store")], Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page of the sandbox could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn note(status: StatusCode, heading: &str, text: &str) -> Response {
    page(status, &Note { heading: heading.to_owned(), text: text.to_owned() })
}

/// Text of an unknown, used or expired token (DOC).
fn forbidden() -> Response {
    let text = "403 - Forbidden: Access is denied.";
    note(StatusCode::FORBIDDEN, text, "This sign-in link was used already, or it is too old.")
}

async fn open(State(sandbox): State<Sandbox>, query: Query) -> Result<Response, Refusal> {
    if query.text("callbackmessage").is_some() {
        let text = "This sandbox only sends the browser back to targetOrigin. \
                    The message mode (callbackMessage) is not offered yet.";
        return Ok(note(StatusCode::BAD_REQUEST, "Not offered", text));
    }
    let Some(target_origin) = query.text("targetorigin").filter(|target| redirectable(target))
    else {
        let text = "The address needs a targetOrigin: a full http or https address to return to.";
        return Ok(note(StatusCode::BAD_REQUEST, "No way back", text));
    };
    let state = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
    let token = query.text("token").unwrap_or_default();
    let connector = query.text("id").and_then(|id| id.parse::<i64>().ok());
    let found = sandbox.change(|world, now| {
        let Some(sign_in) = world.spend(token, now) else {
            return Ok(false);
        };
        let account = world.accounts.get(&sign_in.account);
        let owned = account.zip(connector).and_then(|(account, id)| account.connectors.get(&id));
        let Some(connector) = owned.map(|connector| connector.id) else {
            return Ok(false);
        };
        let target_origin = target_origin.to_owned();
        let consent = Consent { account: sign_in.account, connector, target_origin };
        world.consents.insert(state.clone(), consent);
        Ok(true)
    })?;
    if !found {
        return Ok(forbidden());
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("response_type", "code").append_pair("client_id", "pretend-cyclr");
    let there = format!("/provider/authorize?{}", query.append_pair("state", &state).finish());
    Ok(redirect(StatusCode::FOUND, &there))
}

/// Sent back exactly as given, so it must fit into a header, and lead to a page, not to a script.
fn redirectable(target: &str) -> bool {
    let web = Url::parse(target).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    web && HeaderValue::from_str(target).is_ok()
}

fn redirect(status: StatusCode, to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => {
            let no_store = HeaderValue::from_static("no-store");
            (status, [(header::LOCATION, to), (header::CACHE_CONTROL, no_store)]).into_response()
        }
        Err(_) => note(StatusCode::BAD_REQUEST, "No way back", "The address cannot be followed."),
    }
}

async fn consent(State(sandbox): State<Sandbox>, query: Query) -> Response {
    let state = query.text("state").unwrap_or_default();
    let asked = sandbox.read(|world, _| {
        let consent = world.consents.get(state)?;
        let account = world.accounts.get(&consent.account)?;
        let connector = account.connectors.get(&consent.connector)?;
        Some((connector.connector.name.clone(), account.name.clone()))
    });
    let Some((connector, account)) = asked else {
        return over();
    };
    let initial = connector.chars().take(1).collect();
    page(StatusCode::OK, &ConsentPage { connector, initial, account, state: state.to_owned() })
}

fn over() -> Response {
    let text = "It was decided already, or it never began. Go back to where you came from and \
                begin the sign-in again.";
    note(StatusCode::BAD_REQUEST, "This sign-in is over", text)
}

async fn left() -> Response {
    let text = "You went away without an answer. Nothing was allowed and nothing was refused; \
                this tab can be closed.";
    note(StatusCode::OK, "Nothing was decided", text)
}

async fn decide(State(sandbox): State<Sandbox>, body: Bytes) -> Result<Response, Refusal> {
    let form = Query::from_form(&body);
    let state = form.text("state").unwrap_or_default();
    let refused = match form.text("decision") {
        Some("allow") => None,
        Some("deny") => Some(("access_denied", "The user refused to grant access.")),
        Some("needs_admin") => {
            Some(("consent_required", "An administrator has to grant access to this application."))
        }
        Some(_) | None => return Ok(over()),
    };
    let allow = refused.is_none();
    let variants = sandbox.variants();
    let (lag, mut late) = (variants.sign_in_lag(), None);
    let target = sandbox.change(|world, now| {
        let Some(consent) = world.consents.remove(state) else {
            return Ok(None);
        };
        let target = variants.way_back(&consent.target_origin);
        if allow && lag.is_some() {
            late = Some(consent);
        } else if allow
            && grant(world, &consent, &shapes::date(now), variants.unseen_reads()).is_none()
        {
            return Ok(None);
        }
        Ok(Some(target))
    })?;
    if let Some((lag, consent)) = lag.zip(late) {
        sandbox.later(lag, grant_late(sandbox.clone(), consent));
    }
    Ok(match (target, refused) {
        (None, _) => over(),
        (Some(target), None) => redirect(StatusCode::SEE_OTHER, &target),
        (Some(_), Some((error, description))) => {
            page(StatusCode::OK, &CallbackError { error, description })
        }
    })
}

/// The account may be gone by then.
async fn grant_late(sandbox: Sandbox, consent: Consent) {
    let granted = sandbox.change(|world, now| {
        grant(world, &consent, &shapes::date(now), 0).ok_or_else(|| Refusal::missing("Connector"))
    });
    if let Err(refusal) = granted {
        tracing::info!(?refusal, "a sign-in came to nothing");
    }
}

/// Stores tokens in the form in which Cyclr takes them (DOC).
fn grant(world: &mut World, consent: &Consent, now: &str, unseen_reads: u8) -> Option<()> {
    let account = world.accounts.get_mut(&consent.account)?;
    let connector = account.connectors.get_mut(&consent.connector)?;
    let random = || URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
    let tokens = json!({ "AccessToken": random(), "RefreshToken": random(), "Issued": now });
    connector.auth_value = Some(tokens.to_string());
    connector.unseen_reads = unseen_reads;
    Some(())
}
