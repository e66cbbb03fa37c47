//! Pages for people, and the layer that makes one of every failure.

use askama::Template;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::assets::{CSS_ADDRESS, SCRIPT_ADDRESS};
use super::layers::log_failure;
use super::{Error, Kind};
use crate::ids::Reference;

/// A template as an answer.
#[derive(Debug)]
pub struct Page<T>(pub T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => Html(html).into_response(),
            Err(error) => Error::internal(error).into_response(),
        }
    }
}

/// What surrounds the matter of a page.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// What the page is about, as its one heading.
    pub title: String,
    /// Where in a sequence the page stands.
    pub steps: Option<Steps>,
    /// Something that was sent will not do; said first in the window's title.
    pub has_mistakes: bool,
    /// On whose behalf the page is shown.
    pub brand: Option<String>,
    pub support_email: Option<String>,
    /// The code to quote to support.
    pub reference: Option<String>,
    /// Where a person goes who wants to stop here.
    pub leave: Option<String>,
    pub refresh: Option<Refresh>,
}

/// The page goes on by itself.
#[derive(Debug, Clone)]
pub enum Refresh {
    /// To this address, after a moment in which the page can be read.
    To(String),
    /// To itself once its mark has changed; without a script, every so many seconds.
    WhenChanged { mark: String, seconds: u8 },
}

/// A sequence of pages. `current` counts from 1; beyond the last one, all are done.
#[derive(Debug, Clone)]
pub struct Steps {
    pub names: &'static [&'static str],
    pub current: usize,
}

impl Frame {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    pub fn css(&self) -> &str {
        &CSS_ADDRESS
    }

    pub fn script(&self) -> &str {
        &SCRIPT_ADDRESS
    }

    /// How a browser without a script goes on.
    pub fn refresh_content(&self) -> Option<String> {
        Some(match self.refresh.as_ref()? {
            Refresh::To(address) => format!("3;url={address}"),
            Refresh::WhenChanged { seconds, .. } => seconds.to_string(),
        })
    }

    /// Where the script goes on to.
    pub fn goes_to(&self) -> Option<&str> {
        match self.refresh.as_ref()? {
            Refresh::To(address) => Some(address),
            Refresh::WhenChanged { .. } => None,
        }
    }

    /// What the script compares, and how often in seconds.
    pub fn watches(&self) -> Option<(&str, u8)> {
        match self.refresh.as_ref()? {
            Refresh::To(_) => None,
            Refresh::WhenChanged { mark, seconds } => Some((mark, *seconds)),
        }
    }

    /// `Step 2 of 4`, unless all are done.
    pub fn number(&self) -> Option<String> {
        let steps = self.steps.as_ref().filter(|steps| steps.current <= steps.names.len())?;
        Some(format!("Step {} of {}", steps.current, steps.names.len()))
    }
}

/// A page that says something and shows the ways on.
#[derive(Debug, Default, Template)]
#[template(path = "notice.html")]
pub struct Notice {
    pub frame: Frame,
    pub tone: Tone,
    pub lines: Vec<String>,
    pub ways: Vec<Way>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Calm,
    Good,
    Trouble,
}

/// A link that leads on. The first one of a page is the recommended one.
#[derive(Debug, Clone)]
pub struct Way {
    pub address: String,
    pub label: String,
}

impl Way {
    pub fn new(address: impl Into<String>, label: impl Into<String>) -> Self {
        Self { address: address.into(), label: label.into() }
    }
}

impl Notice {
    pub fn new<const N: usize>(title: impl Into<String>, lines: [&str; N]) -> Self {
        Self {
            frame: Frame::new(title),
            lines: lines.map(str::to_owned).to_vec(),
            ..Self::default()
        }
    }
}

/// A failure, told by its kind alone: nothing of our insides can slip in.
#[derive(Template)]
#[template(path = "error.html")]
struct Failure {
    frame: Frame,
    kind: Kind,
    /// Where the visitor's setup is, if the address tells.
    way_back: Option<String>,
    /// Under which the log tells more.
    request_id: Option<String>,
}

/// Makes a page of every failure that is not one yet, and logs the cause, once.
pub async fn dress_as_page(request: Request, next: Next) -> Response {
    let request_id = text_of(request.headers(), "x-request-id");
    let reference = reference_in(request.uri().path());
    let response = next.run(request).await;
    let status = response.status();
    let is_failure = status.is_client_error() || status.is_server_error();
    let kind = text_of(response.headers(), header::CONTENT_TYPE.as_str());
    if !is_failure || kind.is_some_and(|kind| kind.starts_with("text/html")) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let error = parts.extensions.remove::<Error>();
    if let Some(error) = &error {
        log_failure(error);
    }
    let kind = error.map_or_else(|| kind_of(status), |error| error.kind);
    let page = Failure {
        kind,
        way_back: reference.as_ref().map(|reference| format!("/o/{reference}")),
        frame: Frame { reference: reference.map(String::from), ..Frame::new(title_of(kind)) },
        request_id,
    };
    let Ok(html) = page.render() else { return Response::from_parts(parts, Body::empty()) };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts
        .headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Response::from_parts(parts, Body::from(html))
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The visitor's own reference, taken from the address it came with.
fn reference_in(path: &str) -> Option<Reference> {
    Reference::parse(path.strip_prefix("/o/")?.split('/').next()?).ok()
}

/// For failures that come from the framework and carry no kind of ours.
fn kind_of(status: StatusCode) -> Kind {
    Kind::all().find(|kind| kind.status() == status).unwrap_or(if status.is_server_error() {
        Kind::Internal
    } else {
        Kind::Malformed
    })
}

const fn title_of(kind: Kind) -> &'static str {
    match kind {
        Kind::NotFound => "There is no page here",
        Kind::WrongMethod => "This address cannot be opened like that",
        Kind::Malformed
        | Kind::Invalid
        | Kind::WrongMediaType
        | Kind::UnsupportedVersion
        | Kind::Unauthenticated
        | Kind::Forbidden => "The page could not read what was sent",
        Kind::Conflict | Kind::KeyReused | Kind::InFlight => "This step has moved on",
        Kind::TooLarge => "What was sent is too long",
        Kind::NotFromHere => "This page is no longer current",
        Kind::TimedOut | Kind::Unavailable | Kind::RateLimited => "We cannot answer right now",
        Kind::Upstream => "The connection service did not answer",
        Kind::Internal => "Something failed on our side",
    }
}
