//! What the browser is told about every page.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::web::AppState;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

const ALWAYS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // A link's token must not travel on; see `web::Protected` for what that does to `Origin`.
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

pub(super) async fn protect(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if state.is_https() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// The policy of a page whose form leads on to a provider. Chromium holds the whole chain of
/// redirects after a form against `form-action`, and which provider stands at its end is known to
/// Cyclr only. Such a page has no input but its button, so there is nothing to lead astray.
pub(super) fn policy_for_leaving(state: &AppState) -> HeaderValue {
    let plain = state.engine.service_origin().starts_with("http:");
    // Plain http is for trying things out on one's own machine.
    let schemes = if plain { "https: http:" } else { "https:" };
    HeaderValue::try_from(format!("{POLICY} {schemes}")).unwrap_or(HeaderValue::from_static(POLICY))
}
