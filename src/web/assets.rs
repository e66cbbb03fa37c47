//! The stylesheet and the script of all pages: built in, named by their content, kept for long.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::secret::digest;

const CSS: &str = include_str!("../../static/gangway.css");
const SCRIPT: &str = include_str!("../../static/gangway.js");

/// Where pages find the stylesheet. Changes with its content.
pub(super) static CSS_ADDRESS: LazyLock<String> =
    LazyLock::new(|| address("/static/gangway.css", CSS));
/// Where pages find the script. Changes with its content.
pub(super) static SCRIPT_ADDRESS: LazyLock<String> =
    LazyLock::new(|| address("/static/gangway.js", SCRIPT));

fn address(path: &str, content: &str) -> String {
    format!("{path}?v={}", URL_SAFE_NO_PAD.encode(&digest(content)[..9]))
}

/// The routes of what pages refer to.
pub fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/static/gangway.css", get(|| async { kept("text/css; charset=utf-8", CSS) }))
        .route(
            "/static/gangway.js",
            get(|| async { kept("text/javascript; charset=utf-8", SCRIPT) }),
        )
}

fn kept(kind: &'static str, content: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, content)
}
