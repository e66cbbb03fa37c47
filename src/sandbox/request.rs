//! What handlers take: who asks, in which account, and what they say; and how they are refused.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::{Map, Value, json};
use url::form_urlencoded;
use uuid::Uuid;

use super::Sandbox;
use super::cycle::MappingType;
use super::variants::{Paging, Variants};

/// Bytes of a request body that are read.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;

/// An error answer with Cyclr's `{"Message": …}` (OBS).
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Text of a 400 whose wording no source records.
    pub(super) fn malformed() -> Self {
        Self::bad("The request is invalid.")
    }

    pub(super) fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} could not be found."))
    }

    /// Changing what is running gives 409 (OBS for steps); the text is not recorded.
    pub(super) fn running() -> Self {
        Self::new(StatusCode::CONFLICT, "The cycle is running.")
    }

    /// Status and text are those of the web framework that Cyclr is built on (INF).
    pub(super) fn denied() -> Self {
        let message = "Authorization has been denied for this request.";
        Self::new(StatusCode::UNAUTHORIZED, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Answer(json!({ "Message": self.message }))).into_response()
    }
}

/// A JSON answer.
pub(super) struct Answer(pub(super) Value);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], self.0.to_string())
            .into_response()
    }
}

/// What an endpoint comes to.
pub(super) type Reply = Result<Answer, Refusal>;

/// A list: a bare array, and the number of its pages in a header (OBS).
pub(super) struct Page {
    items: Vec<Value>,
    /// Told only where the variant says so.
    pages: Option<usize>,
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let list = Answer(Value::Array(self.items));
        let Some(pages) = self.pages else { return list.into_response() };
        ([(HeaderName::from_static("total-pages"), pages.to_string())], list).into_response()
    }
}

/// A caller with a live access token. The account is set when the token is good for that one only.
pub(super) struct Caller {
    only_account: Option<String>,
}

impl Caller {
    pub(super) fn for_all(&self) -> Result<(), Refusal> {
        self.only_account.as_ref().map_or(Ok(()), |_| Err(Refusal::denied()))
    }

    /// Whether its token is good for one account only.
    pub(super) fn is_bound(&self) -> bool {
        self.only_account.is_some()
    }

    pub(super) fn within(&self, account: &str) -> Result<(), Refusal> {
        match &self.only_account {
            Some(only) if only != account => Err(Refusal::denied()),
            Some(_) | None => Ok(()),
        }
    }
}

impl FromRequestParts<Sandbox> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Sandbox) -> Result<Self, Refusal> {
        let header = parts.headers.get(header::AUTHORIZATION);
        let text = header.and_then(|value| value.to_str().ok()).ok_or_else(Refusal::denied)?;
        let (scheme, token) = text.split_once(' ').ok_or_else(Refusal::denied)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Refusal::denied());
        }
        let found = sandbox.read(|world, now| {
            let token = world.access_tokens.get(token.trim());
            token.filter(|token| now < token.expires_at).cloned()
        });
        let only_account = found.ok_or_else(Refusal::denied)?.only_account;
        Ok(Self { only_account })
    }
}

/// A caller who has said in `X-Cyclr-Account` which account is meant.
pub(super) struct InAccount(pub(super) String);

impl FromRequestParts<Sandbox> for InAccount {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Sandbox) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, sandbox).await?;
        // What Cyclr answers without the header, or for an unknown account, no source tells.
        let header = parts.headers.get("x-cyclr-account");
        let header = header.and_then(|value| value.to_str().ok());
        let account = sandbox.variants().account_of(header, sandbox)?;
        caller.within(&account)?;
        Ok(Self(account))
    }
}

/// A JSON object whose names are matched without regard to case (OBS). No body is an empty one.
pub(super) struct Said(HashMap<String, Value>);

impl FromRequest<Sandbox> for Said {
    type Rejection = Refusal;

    async fn from_request(request: Request, sandbox: &Sandbox) -> Result<Self, Refusal> {
        let body = Bytes::from_request(request, sandbox).await;
        Self::from_bytes(&body.map_err(|_| Refusal::malformed())?)
    }
}

impl Said {
    pub(super) fn from_bytes(body: &[u8]) -> Result<Self, Refusal> {
        if body.trim_ascii().is_empty() {
            return Ok(Self(HashMap::new()));
        }
        let object: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| Refusal::malformed())?;
        Ok(Self::from_object(object))
    }

    pub(super) fn from_object(object: Map<String, Value>) -> Self {
        Self(object.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect())
    }

    /// `None` when the name is absent, `Some(Null)` when it is given as null.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(&name.to_lowercase())
    }

    /// Text, or a number or truth value as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.value(name).and_then(as_text)
    }

    /// A mapping type with evidence, or none; others are refused.
    pub(super) fn mapping_type(&self) -> Result<Option<MappingType>, Refusal> {
        Ok(match self.text("MappingType").as_deref() {
            None => None,
            Some("StaticValue") => Some(MappingType::StaticValue),
            Some("ValueList") => Some(MappingType::ValueList),
            Some("Ignore") => Some(MappingType::Ignore),
            Some("PreviousStep") => Some(MappingType::PreviousStep),
            Some(_) => return Err(Refusal::malformed()),
        })
    }

    pub(super) fn truth(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }
}

/// A moment: ISO 8601, with or without a time, or month/day/year (OBS: both occur).
pub(super) fn moment(text: &str) -> Result<DateTime<Utc>, Refusal> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let day = |form| NaiveDate::parse_from_str(text, form).ok()?.and_hms_opt(0, 0, 0);
    let plain = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    let plain = plain.or_else(|| day("%Y-%m-%d")).or_else(|| day("%m/%d/%Y"));
    plain.map(|plain| plain.and_utc()).ok_or_else(Refusal::malformed)
}

/// Cyclr keeps values as text whatever they are.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The query, or a form, with names in lower case; the last of equal names counts.
pub(super) struct Query {
    given: HashMap<String, String>,
    paging: Paging,
}

impl FromRequestParts<Sandbox> for Query {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Sandbox) -> Result<Self, Refusal> {
        let query = Self::from_form(parts.uri.query().unwrap_or_default().as_bytes());
        Ok(Self { paging: sandbox.variants().paging(), ..query })
    }
}

impl Query {
    pub(super) fn from_form(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text);
        let pairs = pairs.map(|(name, value)| (name.to_lowercase(), value.into_owned()));
        Self { given: pairs.collect(), paging: Variants::default().paging() }
    }

    /// `None` when absent or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn truth_or(&self, name: &str, usual: bool) -> bool {
        self.text(name).map_or(usual, |text| text.eq_ignore_ascii_case("true"))
    }

    /// Whether a list is asked for in this order.
    pub(super) fn orders_by(&self, name: &str) -> bool {
        self.text("orderby").is_some_and(|text| text.eq_ignore_ascii_case(name))
    }

    /// `None` when absent or empty.
    pub(super) fn moment(&self, name: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
        self.text(name).map(moment).transpose()
    }

    /// Cuts one page out of a list: `pageSize`, `page` from 1, `sortOrderAsc`. Cyclr's
    /// default and largest size are not documented.
    pub(super) fn page<T>(
        &self,
        items: impl DoubleEndedIterator<Item = T> + ExactSizeIterator,
        show: impl FnMut(T) -> Value,
    ) -> Page {
        let number = |name: &str| self.text(name).and_then(|text| text.parse::<usize>().ok());
        let Paging { usual, most, tells_total } = self.paging;
        let size = number("pagesize").unwrap_or(usual).clamp(1, most);
        let skipped = number("page").unwrap_or(1).saturating_sub(1).saturating_mul(size);
        let pages = tells_total.then(|| items.len().div_ceil(size));
        let down = self.text("sortorderasc").is_some_and(|text| text.eq_ignore_ascii_case("false"));
        let items = if down {
            items.rev().skip(skipped).take(size).map(show).collect()
        } else {
            items.skip(skipped).take(size).map(show).collect()
        };
        Page { items, pages }
    }
}

/// A GUID in a path: 400 when it is none (OBS).
pub(super) fn guid(text: &str) -> Result<Uuid, Refusal> {
    Uuid::try_parse(text).map_err(|_| Refusal::malformed())
}

/// A number in a path: 400 when it is none (OBS).
pub(super) fn number(text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::malformed())
}
