//! Leaving, with the outcome told to whoever waits at the other end.

use axum::response::{IntoResponse, Redirect, Response};
use url::Url;

use super::visit::WholeVisit;
use crate::onboarding::Onboarding;
use crate::web::{Notice, Page, Tone};

/// The integrator's address with how it stands. The address itself was checked at the start.
pub(super) fn with_status(address: &Url, status: &str, onboarding: &Onboarding) -> String {
    let mut address = address.clone();
    address
        .query_pairs_mut()
        .append_pair("status", status)
        .append_pair("onboarding", &onboarding.id.to_string());
    address.into()
}

/// Back to where the person came from, or a page that says that nothing is lost.
pub(super) async fn leave(WholeVisit(visit): WholeVisit) -> Response {
    if let Some(address) = &visit.onboarding.profile.return_urls.incomplete {
        return Redirect::to(&with_status(address, "incomplete", &visit.onboarding))
            .into_response();
    }
    let until = visit.words.date(visit.onboarding.link.expires_at);
    Page(Notice {
        frame: visit.plain_frame(visit.say("saved")),
        tone: Tone::Good,
        lines: vec![
            visit.say("saved-what"),
            visit.say("saved-do"),
            visit.words.fill("saved-until", "date", &until),
        ],
        ways: vec![visit.way_on("continue-now")],
    })
    .into_response()
}
