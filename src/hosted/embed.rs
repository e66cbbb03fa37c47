//! What the integrator's own pages use: a script that opens these pages, and the state that it asks for.

use axum::Router;
use axum::extract::{FromRef, Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use uuid::Uuid;

use super::visit::find_by_link;
use crate::onboarding::Status;
use crate::web::{self, AppState};

const SCRIPT: &str = include_str!("../../static/embed.js");
const TYPES: &str = include_str!("../../static/embed.d.ts");

/// Whoever embeds is of another origin. None of this depends on a cookie.
const FOR_EVERYBODY: [(HeaderName, HeaderValue); 2] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    ),
];

/// How far it is, for a page that has the link.
#[derive(Debug, Serialize)]
struct Shown {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    onboarding: Option<Uuid>,
    /// Rises with every change.
    version: i64,
}

pub(super) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    AppState: FromRef<S>,
{
    Router::new()
        .route("/embed.js", get(|| async { kept("text/javascript; charset=utf-8", SCRIPT) }))
        .route("/embed.d.ts", get(|| async { kept("text/plain; charset=utf-8", TYPES) }))
        .route("/l/{token}/state", get(state))
}

/// For an hour: its address is the integrator's, and does not change with the content.
fn kept(kind: &'static str, content: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
    ];
    (headers, FOR_EVERYBODY, content)
}

/// `open`, `live`, `closed`, or `gone` for a link that opens nothing. Tells no more than the link shows.
async fn state(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, web::Error> {
    let found = find_by_link(&app, &token).await?.filter(|(_, grant)| grant.only.is_none());
    let shown = match found {
        None => Shown { state: "gone", onboarding: None, version: 0 },
        Some((onboarding, _)) => Shown {
            state: match onboarding.status {
                Status::Live => "live",
                Status::Cancelled => "closed",
                Status::Running
                | Status::Retrying { .. }
                | Status::Waiting { .. }
                | Status::Stuck { .. } => "open",
            },
            onboarding: Some(onboarding.id.0),
            version: onboarding.version,
        },
    };
    Ok((FOR_EVERYBODY, axum::Json(shown)).into_response())
}
