//! The authorization endpoint: checks what the client asks, then asks the person.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use url::Url;

use super::super::Sandbox;
use super::super::browser::{CALLBACK, OwnAddress, note, redirect, show};
use super::super::request::Query;
use super::clients::find;
use super::{DECIDE, LEFT, SCOPES};

/// Characters of a SHA-256 hash in base64url without padding.
const CHALLENGE_LENGTH: usize = 43;

/// A request that may be shown to a person.
pub(super) struct Asked {
    /// Who asks.
    pub(super) client: String,
    /// Name of the application that is signed in to.
    pub(super) application: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: Url,
    pub(super) scope: String,
    pub(super) state: String,
    pub(super) challenge: String,
}

#[derive(Template)]
#[template(path = "sandbox/consent.html")]
struct Consent<'a> {
    asked: &'a Asked,
    initial: String,
    /// What the scopes mean, in words.
    wishes: Vec<&'static str>,
    decide: &'static str,
    left: &'static str,
}

pub(super) async fn consent(
    State(sandbox): State<Sandbox>,
    address: OwnAddress,
    query: Query,
) -> Response {
    let asked = match check(&sandbox, &address, &query) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let wishes = asked.scope.split(' ').map(in_words).collect();
    let initial = asked.application.chars().take(1).collect();
    let page = Consent { asked: &asked, initial, wishes, decide: DECIDE, left: LEFT };
    show(StatusCode::OK, &page)
}

fn in_words(scope: &str) -> &'static str {
    match scope {
        "write" => "change what is in it",
        _ => "read what is in it",
    }
}

/// The same for the request of the client and for the form that repeats it.
pub(super) fn check(
    sandbox: &Sandbox,
    address: &OwnAddress,
    said: &Query,
) -> Result<Asked, Box<Response>> {
    let text = |name: &str| said.text(name).unwrap_or_default();
    let client_id = text("client_id");
    let Some(client) = find(sandbox, client_id, address.at(CALLBACK)) else {
        let why = "This provider does not know the application that sent you here.";
        return Err(Box::new(stay(why)));
    };
    let wanted = text("redirect_uri");
    let redirect_uri = client.redirect_uris.into_iter().find(|uri| uri.as_str() == wanted);
    let Some(redirect_uri) = redirect_uri else {
        let why = "The address to return to is not registered for this application.";
        return Err(Box::new(stay(why)));
    };
    let state = text("state");
    let wrong = |error, why| Err(Box::new(refuse(&redirect_uri, state, error, why)));
    if text("response_type") != "code" {
        return wrong("unsupported_response_type", "Only response_type=code is offered.");
    }
    let challenge = text("code_challenge");
    if text("code_challenge_method") != "S256" || challenge.len() != CHALLENGE_LENGTH {
        return wrong("invalid_request", "A code_challenge with the method S256 is required.");
    }
    let scope = said.text("scope").map_or_else(|| SCOPES.join(" "), str::to_owned);
    if scope.split(' ').any(|one| !SCOPES.contains(&one)) {
        return wrong("invalid_scope", "The scopes are read and write.");
    }
    let (client_id, state, challenge) = (client_id.into(), state.into(), challenge.into());
    let (client, application) = (client.name, client.application);
    Ok(Asked { client, application, client_id, redirect_uri, scope, state, challenge })
}

/// Told to the person: who asks is not to be trusted, so nobody is redirected.
fn stay(why: &str) -> Response {
    note(StatusCode::BAD_REQUEST, "This sign-in cannot begin", why)
}

/// Back to the client with an error (RFC 6749 section 4.1.2.1).
pub(super) fn refuse(redirect_uri: &Url, state: &str, error: &str, description: &str) -> Response {
    let answer = [("error", error), ("error_description", description)];
    redirect(StatusCode::SEE_OTHER, &back(redirect_uri, &answer, state))
}

/// Where the browser takes the answer to.
pub(super) fn back(redirect_uri: &Url, answer: &[(&str, &str)], state: &str) -> String {
    let mut url = redirect_uri.clone();
    url.query_pairs_mut().extend_pairs(answer);
    if !state.is_empty() {
        url.query_pairs_mut().append_pair("state", state);
    }
    url.into()
}
