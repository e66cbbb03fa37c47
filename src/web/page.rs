//! Pages for people, and the layer that makes one of every failure.

use askama::Template;
use axum::body::Body;
use axum::extract::Request;
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::assets::{CSS_ADDRESS, SCRIPT_ADDRESS, theme_address};
use super::layers::log_failure;
use super::{Error, Kind, Wishes};
use crate::ids::Reference;
use crate::onboarding::Brand;
use crate::words::{Language, Words};

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
    pub words: Words,
    /// What the page is about, as its one heading.
    pub title: String,
    /// Where in a sequence the page stands.
    pub steps: Option<Steps>,
    /// Something that was sent will not do; said first in the window's title.
    pub has_mistakes: bool,
    /// On whose behalf the page is shown.
    pub brand: Option<Brand>,
    /// The code to quote to support.
    pub reference: Option<String>,
    /// Where a person goes who wants to stop here.
    pub leave: Option<String>,
    pub refresh: Option<Refresh>,
    /// The page's own address, for those who want it in another language.
    pub here: Option<String>,
    /// Where the page tells that a person has it before them, and with which proof.
    pub tells_opened: Option<(String, String)>,
    /// Somebody looks at it who is not meant: it says so, and goes nowhere by itself.
    pub is_preview: bool,
}

/// The page goes on by itself.
#[derive(Debug, Clone)]
pub enum Refresh {
    /// To this address, after a moment in which the page can be read.
    To(String),
    /// To itself once its mark has changed, of which `news` tells; without a script, every so many
    /// seconds.
    WhenChanged { mark: String, news: String, seconds: u8 },
    /// It ends: the window was opened for what is over now. Without a script, a person closes it.
    Close,
}

/// A sequence of pages, by the messages that name them. `current` counts from 1; beyond the last one, all
/// are done.
#[derive(Debug, Clone)]
pub struct Steps {
    pub names: &'static [&'static str],
    pub current: usize,
}

/// The same page in another language.
#[derive(Debug)]
pub struct LanguageLink {
    pub code: &'static str,
    pub name: &'static str,
    pub address: String,
    pub is_current: bool,
}

/// For staff, who read English, whatever the page speaks.
const PREVIEW: &str = "This is the page as the customer has it now. You only look at it: nothing here can be \
    pressed or sent, and the customer does not notice.";

impl Frame {
    pub fn preview_note(&self) -> Option<&'static str> {
        self.is_preview.then_some(PREVIEW)
    }

    pub fn new(words: Words, title: impl Into<String>) -> Self {
        Self { words, title: title.into(), ..Self::default() }
    }

    pub fn say(&self, message: &str) -> String {
        self.words.say(message)
    }

    pub fn fill(&self, message: &str, name: &str, value: &str) -> String {
        self.words.fill(message, name, value)
    }

    pub fn css(&self) -> &str {
        &CSS_ADDRESS
    }

    pub fn script(&self) -> &str {
        &SCRIPT_ADDRESS
    }

    /// Where the brand's colours are.
    pub fn theme(&self) -> Option<String> {
        let brand = self.brand.as_ref()?;
        Some(theme_address(brand.accent?, brand.accent_dark))
    }

    pub fn brand_name(&self) -> Option<&str> {
        self.brand.as_ref()?.name.as_deref()
    }

    /// Where the brand's image is.
    pub fn logo(&self) -> Option<String> {
        let logo = self.brand.as_ref()?.logo.as_ref()?;
        Some(format!("/logo/{logo}"))
    }

    /// Labels and addresses of what the law or the brand wants to be read.
    pub fn legal(&self) -> Vec<(String, String)> {
        let Some(brand) = &self.brand else { return Vec::new() };
        let links = [("privacy", &brand.privacy_url), ("terms", &brand.terms_url)];
        let links = links.into_iter().filter_map(|(label, url)| Some((label, url.as_ref()?)));
        links.map(|(label, url)| (self.say(label), url.to_string())).collect()
    }

    /// Where help is: what stands before the address, the address, what stands after it.
    pub fn help(&self) -> (String, Option<String>, String) {
        let email = self.brand.as_ref().and_then(|brand| brand.support_email.clone());
        let message = match (&email, &self.reference) {
            (Some(_), Some(_)) => "help-email-reference",
            (Some(_), None) => "help-email",
            (None, Some(_)) => "help-company-reference",
            (None, None) => "help-company",
        };
        let (before, after) = self.words.around(message, "email");
        (before, email, after)
    }

    pub fn languages(&self) -> Vec<LanguageLink> {
        let Some(here) = &self.here else { return Vec::new() };
        let link = |language: Language| LanguageLink {
            code: language.code(),
            name: language.name(),
            address: format!("{here}?lang={}", language.code()),
            is_current: language == self.words.language(),
        };
        Language::ALL.map(link).into()
    }

    /// How a browser without a script goes on.
    pub fn refresh_content(&self) -> Option<String> {
        match self.refresh.as_ref()? {
            Refresh::To(address) => Some(format!("3;url={address}")),
            Refresh::WhenChanged { seconds, .. } => Some(seconds.to_string()),
            Refresh::Close => None,
        }
    }

    /// Where the script goes on to.
    pub fn goes_to(&self) -> Option<&str> {
        match self.refresh.as_ref()? {
            Refresh::To(address) => Some(address),
            Refresh::WhenChanged { .. } | Refresh::Close => None,
        }
    }

    /// What the script compares, where it hears of news, and how often it looks by itself in seconds.
    pub fn watches(&self) -> Option<(&str, &str, u8)> {
        match self.refresh.as_ref()? {
            Refresh::WhenChanged { mark, news, seconds } => Some((mark, news, *seconds)),
            Refresh::To(_) | Refresh::Close => None,
        }
    }

    pub fn closes(&self) -> bool {
        matches!(self.refresh, Some(Refresh::Close))
    }

    /// `Step 2 of 4`, unless all are done.
    pub fn number(&self) -> Option<String> {
        let steps = self.steps.as_ref().filter(|steps| steps.current <= steps.names.len())?;
        let (number, total) = (steps.current.to_string(), steps.names.len().to_string());
        Some(self.words.with("step-number", &[("number", &number), ("total", &total)]))
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

/// Something that leads on. The first one of a page is the recommended one.
#[derive(Debug, Clone)]
pub struct Way {
    pub address: String,
    pub label: String,
    /// For what changes something: the proof that the form carries. Without one it is a link.
    pub form_token: Option<String>,
    /// What else the form says.
    pub fields: Vec<(&'static str, &'static str)>,
}

impl Way {
    pub fn new(address: impl Into<String>, label: impl Into<String>) -> Self {
        Self { address: address.into(), label: label.into(), form_token: None, fields: Vec::new() }
    }

    /// A button that sends a form.
    pub fn post(
        address: impl Into<String>,
        label: impl Into<String>,
        form_token: impl Into<String>,
    ) -> Self {
        Self { form_token: Some(form_token.into()), ..Self::new(address, label) }
    }
}

impl Notice {
    /// With a title and lines that are messages.
    pub fn new<const N: usize>(words: Words, title: &str, lines: [&str; N]) -> Self {
        Self::saying(words, words.say(title), lines.map(|line| words.say(line)))
    }

    pub fn saying<const N: usize>(
        words: Words,
        title: impl Into<String>,
        lines: [String; N],
    ) -> Self {
        Self { frame: Frame::new(words, title), lines: lines.into(), ..Self::default() }
    }
}

/// A failure, told by its kind alone: nothing of our insides can slip in.
#[derive(Template)]
#[template(path = "error.html")]
struct Failure {
    frame: Frame,
    what: String,
    to_do: String,
    /// Where the visitor's setup is, if the address tells.
    way_back: Option<String>,
    /// Under which the log tells more.
    request_id: Option<String>,
}

/// A failure that is no page yet, for whoever makes one of it.
pub struct Undressed {
    parts: Parts,
    pub kind: Kind,
    /// None for a failure that the framework found.
    pub error: Option<Error>,
}

/// What is a page already, or no failure, stays as it is. Logs the cause, once.
pub fn undress(response: Response) -> Result<Undressed, Box<Response>> {
    let status = response.status();
    let is_failure = status.is_client_error() || status.is_server_error();
    let kind = text_of(response.headers(), header::CONTENT_TYPE.as_str());
    if !is_failure || kind.is_some_and(|kind| kind.starts_with("text/html")) {
        return Err(Box::new(response));
    }
    let (mut parts, _) = response.into_parts();
    let error = parts.extensions.remove::<Error>();
    if let Some(error) = &error {
        log_failure(error);
    }
    let kind = error.as_ref().map_or_else(|| kind_of(status), |error| error.kind);
    Ok(Undressed { parts, kind, error })
}

impl Undressed {
    /// The failure with this page, its status and its other headers as they were.
    pub fn dress(self, page: &impl Template) -> Response {
        let mut parts = self.parts;
        let Ok(html) = page.render() else { return Response::from_parts(parts, Body::empty()) };
        parts.headers.remove(header::CONTENT_LENGTH);
        parts
            .headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        Response::from_parts(parts, Body::from(html))
    }
}

/// Makes a page of every failure that is not one yet, and logs the cause, once.
pub async fn dress_as_page(request: Request, next: Next) -> Response {
    let request_id = text_of(request.headers(), "x-request-id");
    let reference = reference_in(request.uri().path());
    let wishes = Wishes::of(request.uri().query(), request.headers());
    let failure = match undress(next.run(request).await) {
        Ok(failure) => failure,
        Err(response) => return *response,
    };
    let words = wishes.words(None, None);
    let message = message_of(failure.kind);
    let page = Failure {
        what: words.say(&format!("{message}-what")),
        to_do: words.say(&format!("{message}-do")),
        way_back: reference.as_ref().map(|reference| format!("/o/{reference}")),
        frame: Frame {
            reference: reference.map(String::from),
            ..Frame::new(words, words.say(message))
        },
        request_id,
    };
    failure.dress(&page)
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

/// The message that names it; what it means and what to do have its name with `-what` and `-do`.
const fn message_of(kind: Kind) -> &'static str {
    match kind {
        Kind::NotFound => "failed-not-found",
        Kind::WrongMethod => "failed-wrong-method",
        Kind::Malformed
        | Kind::Invalid
        | Kind::WrongMediaType
        | Kind::UnsupportedVersion
        | Kind::Unauthenticated
        | Kind::Forbidden => "failed-unreadable",
        Kind::Conflict | Kind::KeyReused | Kind::InFlight => "failed-moved-on",
        Kind::TooLarge => "failed-too-large",
        Kind::NotFromHere => "failed-not-current",
        Kind::TimedOut | Kind::Unavailable | Kind::RateLimited => "failed-busy",
        Kind::Upstream => "failed-upstream",
        Kind::Internal => "failed-internal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_words_in_every_language() {
        for words in Language::ALL.map(Words::new) {
            for message in Kind::all().map(message_of) {
                for message in
                    [message.to_owned(), format!("{message}-what"), format!("{message}-do")]
                {
                    assert_ne!(words.say(&message), message);
                }
            }
        }
    }
}
