//! What the browser is told about a page that leads away.

use axum::http::HeaderValue;

use crate::web::{AppState, PAGE_POLICY};

/// The policy of a page whose form leads on to a provider. Chromium holds the whole chain of
/// redirects after a form against `form-action`, and which provider stands at its end is known to
/// Cyclr only. Such a page has no input but its button, so there is nothing to lead astray.
pub(super) fn policy_for_leaving(state: &AppState) -> HeaderValue {
    let plain = state.engine.service_origin().starts_with("http:");
    // Plain http is for trying things out on one's own machine.
    let schemes = if plain { "https: http:" } else { "https:" };
    HeaderValue::try_from(format!("{PAGE_POLICY} {schemes}"))
        .unwrap_or(HeaderValue::from_static(PAGE_POLICY))
}
