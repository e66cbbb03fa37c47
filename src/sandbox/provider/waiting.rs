//! Where a person is kept while a slow answer is under way, and where they end who leave.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::super::Sandbox;
use super::super::browser::{note, redirect, show};
use super::super::request::Query;

#[derive(Template)]
#[template(path = "sandbox/waiting.html")]
struct Waiting {
    /// At least one.
    seconds: i64,
}

/// The page looks again by itself, without a script. Looking changes nothing.
pub(super) async fn wait(State(sandbox): State<Sandbox>, query: Query) -> Response {
    let ticket = query.text("ticket").unwrap_or_default();
    let found = sandbox.read(|world, now| {
        let answer = world.provider.answer(ticket, now)?;
        let left = answer.ready_at - now;
        Some((left, answer.location.clone()))
    });
    let Some((left, location)) = found else {
        let text = "Nobody waits for this answer any more. Go back to where you came from and \
                    begin the sign-in again.";
        return note(StatusCode::BAD_REQUEST, "This answer is gone", text);
    };
    if left.num_milliseconds() <= 0 {
        return redirect(StatusCode::FOUND, &location);
    }
    let mut page = show(StatusCode::OK, &Waiting { seconds: left.num_seconds().max(1) });
    page.headers_mut().insert(header::REFRESH, HeaderValue::from_static("1"));
    page
}

pub(super) async fn left() -> Response {
    let text = "You went away without an answer. Nothing was allowed and nothing was refused; \
                this tab can be closed. Going back leads to the question again.";
    note(StatusCode::OK, "Nothing was decided", text)
}
