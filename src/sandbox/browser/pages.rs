//! How the sandbox's pages leave it.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::super::Sandbox;

/// No script, no picture, nothing from elsewhere. A form's target is left open, because what a
/// form leads to redirects to other hosts.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'";

#[derive(Template)]
#[template(path = "sandbox/note.html")]
struct Note<'a> {
    heading: &'a str,
    text: &'a str,
}

#[derive(Template)]
#[template(path = "sandbox/callback_error.html")]
struct CallbackError<'a> {
    error: &'a str,
    description: &'a str,
    /// With what the provider said in it, where operators have put a link.
    link: Option<String>,
}

/// A page of the sandbox; nothing of it may be kept by a cache.
pub(in super::super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, [(header::CACHE_CONTROL, "no-store")], Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page of the sandbox could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page on a sign-in's way: it runs no script, and its address, which may hold a token or a
/// state, is not told to the next page.
pub(in super::super) fn show(status: StatusCode, template: &impl Template) -> Response {
    guarded(page(status, template), HeaderValue::from_static(POLICY))
}

/// The same with one script, which carries the nonce.
pub(super) fn show_with_script(template: &impl Template, nonce: &str) -> Response {
    match HeaderValue::try_from(format!("{POLICY}; script-src 'nonce-{nonce}'")) {
        Ok(policy) => guarded(page(StatusCode::OK, template), policy),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn guarded(mut response: Response, policy: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

pub(in super::super) fn note(status: StatusCode, heading: &str, text: &str) -> Response {
    show(status, &Note { heading, text })
}

/// Text of an unknown, used or expired token (DOC).
pub(super) fn forbidden() -> Response {
    let text = "403 - Forbidden: Access is denied.";
    note(StatusCode::FORBIDDEN, text, "This sign-in link was used already, or it is too old.")
}

/// For a state that is unknown, used or too old: a form sent twice, the Back button, a forgery.
pub(super) fn over() -> Response {
    let text = "It was decided already, it took too long, or it never began. What was decided first \
                counts, and nothing has changed now. Go back to where you came from; begin the \
                sign-in again if it asks for it.";
    note(StatusCode::BAD_REQUEST, "This sign-in is over", text)
}

/// Cyclr's own page for what a provider refuses (DOC). The text may be a stranger's.
pub(super) fn callback_error(sandbox: &Sandbox, error: &str, description: &str) -> Response {
    let (error, description) = (cut(error), cut(description));
    let link = sandbox.error_link().map(|link| {
        let mut link = link.clone();
        let mut query = link.query_pairs_mut();
        query.append_pair("error", error).append_pair("error_description", description);
        drop(query);
        link.to_string()
    });
    show(StatusCode::OK, &CallbackError { error, description, link })
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(500).map_or(text, |(end, _)| &text[..end])
}

pub(in super::super) fn redirect(status: StatusCode, to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => {
            let no_store = HeaderValue::from_static("no-store");
            let no_referrer = HeaderValue::from_static("no-referrer");
            let headers = [
                (header::LOCATION, to),
                (header::CACHE_CONTROL, no_store),
                (header::REFERRER_POLICY, no_referrer),
            ];
            (status, headers).into_response()
        }
        Err(_) => note(StatusCode::BAD_REQUEST, "No way back", "The address cannot be followed."),
    }
}
