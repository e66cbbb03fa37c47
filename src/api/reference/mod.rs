//! The reference for people: pages made from the OpenAPI document and from the catalogues of problems.
//! They are made once, need no script and no other host, and open without a key.

mod problems;
mod view;

use std::sync::LazyLock;

use askama::Template;
use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

use crate::web::PROBLEMS_PAGE;
use view::{SchemaView, TagView};

const CSS: &str = include_str!("../../../static/reference.css");
/// A page of this door runs nothing and loads nothing but its own stylesheet.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; \
    frame-ancestors 'none'; form-action 'none'";
/// A new version of the program may say something else.
const KEPT: &str = "public, max-age=300";

#[derive(Template)]
#[template(path = "docs/reference.html")]
struct ReferencePage {
    version: &'static str,
    tags: Vec<TagView>,
    schemas: Vec<SchemaView>,
}

static REFERENCE: LazyLock<String> = LazyLock::new(|| {
    let document = serde_json::to_value(super::document()).unwrap_or_default();
    let (tags, schemas) = view::read(&document);
    ReferencePage { version: super::version::VERSION, tags, schemas }.render().unwrap_or_default()
});

static PROBLEMS: LazyLock<String> = LazyLock::new(|| problems::page().render().unwrap_or_default());

pub(super) fn routes() -> Router {
    let page = |text: &'static LazyLock<String>| {
        let headers = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, KEPT)];
        (headers, Html(text.as_str())).into_response()
    };
    let style = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, KEPT)];
    Router::new()
        .route("/docs", get(async move || page(&REFERENCE)))
        .route(PROBLEMS_PAGE, get(async move || page(&PROBLEMS)))
        .route("/docs/reference.css", get(async move || (style, CSS)))
}
