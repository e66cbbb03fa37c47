//! Leaving, with the outcome told to whoever waits at the other end.

use axum::response::{IntoResponse, Redirect, Response};
use url::Url;

use super::visit::{Visit, way_on};
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
pub(super) async fn leave(visit: Visit) -> Response {
    if let Some(address) = &visit.onboarding.profile.return_urls.incomplete {
        return Redirect::to(&with_status(address, "incomplete", &visit.onboarding))
            .into_response();
    }
    let lines = [
        "Everything that you have done so far is saved.",
        "You can close this page. To go on, open the link that you were sent, on any device.",
    ];
    let notice = Notice::new("Saved for later", lines);
    Page(Notice {
        frame: visit.plain_frame("Saved for later"),
        tone: Tone::Good,
        ways: vec![way_on(&visit, "Continue now")],
        ..notice
    })
    .into_response()
}
