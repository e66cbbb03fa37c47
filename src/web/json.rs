//! JSON bodies in and out, with refusals that say where and why.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;
use serde_path_to_error::Segment;

use super::json_place::{child, find_nul, pointer_at};
use super::{Error, FieldMistake, Kind};

/// Longest complaint that is repeated, in characters: it may quote what was sent.
const LONGEST_REASON: usize = 200;

/// A body of type `application/json` that was read and fits.
///
/// `Option<Json<T>>` takes a request without a body too.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        require_json(request.headers())?;
        read_json(&read_body(request, state).await?).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Error> {
        let typed = require_json(request.headers());
        let body = read_body(request, state).await?;
        if body.is_empty() {
            return Ok(None);
        }
        typed?;
        read_json(&body).map(|value| Some(Self(value)))
    }
}

/// The whole body, within the limit of the layers around the door.
pub async fn read_body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Error> {
    Bytes::from_request(request, state).await.map_err(|refusal| {
        if refusal.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Error::new(Kind::TooLarge, format!("Send at most {} bytes.", super::layers::BODY_LIMIT))
        } else {
            Error::new(Kind::Malformed, "The body did not arrive as it was announced.")
        }
    })
}

/// Fails unless the body is announced as JSON.
pub fn require_json(headers: &HeaderMap) -> Result<(), Error> {
    let announced = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = announced.and_then(|value| value.split(';').next()).unwrap_or_default();
    if essence.trim().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Error::new(
        Kind::WrongMediaType,
        "Send the body as JSON, with the header Content-Type: application/json.",
    ))
}

/// Reads what fits `T`. Text that is no JSON is malformed, JSON of another shape is invalid.
///
/// NUL characters are refused in any text: the database can hold them nowhere.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    if let Some(at) = find_nul(body) {
        return Err(mistake(pointer_at(body, at), "must not hold the character NUL"));
    }
    // serde would read a struct from an array too, field by field.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(mistake(String::new(), "must be an object"));
    }
    serde_json::from_slice(body).map_err(|error| refuse::<T>(body, &error))
}

fn mistake(pointer: String, reason: impl Into<String>) -> Error {
    Error::invalid(vec![FieldMistake { pointer, reason: reason.into() }])
}

fn refuse<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> Error {
    let reason = without_place(&error.to_string());
    let (line, column) = (error.line(), error.column());
    let document = serde_json::from_slice::<Value>(body);
    // What is JSON has a wrong shape at worst, although serde_json calls some wrong types bad syntax.
    let document = match document {
        Err(_) if error.classify() != Category::Data => {
            let detail = "The body is not JSON that can be read";
            let detail = format!("{detail}: {reason}, in line {line} at column {column}.");
            return Error::new(Kind::Malformed, detail);
        }
        document => document.unwrap_or_default(),
    };
    let pointer = pointer_at(body, offset(body, line, column));
    // A missing field stands nowhere: the object was read to its end by then.
    let missing = reason.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    let pointer = match missing {
        Some(name) => child(&pointer, name),
        None => deeper(pointer, retrace::<T>(body), &document),
    };
    let plainer = PLAINER.iter().find(|(words, _)| *words == reason);
    mistake(bounded(&pointer), plainer.map_or(reason.as_str(), |(_, plain)| plain))
}

/// serde's words that mean nothing to whoever does not write Rust.
const PLAINER: [(&str, &str); 2] = [
    ("expected value", "must be a known word, or an object with one known word as its only name"),
    (
        "invalid type: unit variant, expected newtype variant",
        "needs a value with it: write an object with the word as its only name",
    ),
];

/// Reads it once more and keeps count of where. A value that is refused after it was read is told by
/// `serde_json` with the place where its object ends.
fn retrace<T: DeserializeOwned>(body: &[u8]) -> Option<String> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let error = serde_path_to_error::deserialize::<_, T>(&mut reader).err()?;
    let pointer = error.path().iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => child(&pointer, &index.to_string()),
        Segment::Map { key } => child(&pointer, key),
        Segment::Enum { variant } => child(&pointer, variant),
        Segment::Unknown => pointer,
    });
    Some(pointer)
}

/// The one of the two that says more, cut down to what is there.
fn deeper(place: String, mut retraced: Option<String>, document: &Value) -> String {
    while let Some(pointer) = &mut retraced
        && document.pointer(pointer).is_none()
    {
        pointer.truncate(pointer.rfind('/').unwrap_or(0));
    }
    retraced.filter(|pointer| pointer.starts_with(&place)).unwrap_or(place)
}

/// serde's words without " at line 1 column 2", bounded and on one line.
fn without_place(words: &str) -> String {
    bounded(words.rfind(" at line ").map_or(words, |at| &words[..at]))
}

fn bounded(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_REASON).collect()
}

/// Bytes before a place that is given as line (from 1) and column in bytes.
fn offset(text: &[u8], line: usize, column: usize) -> usize {
    let before: usize =
        text.split(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(|l| l.len() + 1).sum();
    before + column
}

/// An answer as JSON.
#[derive(Debug, Clone)]
pub struct JsonAnswer<T>(pub StatusCode, pub T);

impl<T: Serialize> IntoResponse for JsonAnswer<T> {
    fn into_response(self) -> Response {
        match serde_json::to_string(&self.1) {
            Ok(body) => json_text(self.0, body),
            Err(error) => Error::internal(error).into_response(),
        }
    }
}

/// An answer whose JSON is spelled out already.
pub fn json_text(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it is read is looked at")]
    struct Order {
        name: String,
        #[serde(default)]
        lines: Vec<Line>,
        colour: Option<Colour>,
        notes: Option<Value>,
    }

    #[derive(Debug, Deserialize)]
    enum Colour {
        Red,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it is read is looked at")]
    struct Line {
        count: u8,
        #[serde(default)]
        weight: Weight,
    }

    /// Refused only after it was read.
    #[derive(Debug, Default, Deserialize)]
    #[serde(try_from = "u8")]
    struct Weight;

    impl TryFrom<u8> for Weight {
        type Error = &'static str;
        fn try_from(grams: u8) -> Result<Self, Self::Error> {
            if grams > 0 { Ok(Self) } else { Err("must be 1 or more") }
        }
    }

    #[test]
    fn a_wrong_shape_is_named_by_its_field() {
        for (text, pointer) in [
            (r#"{"name": 5}"#, "/name"),
            (r#"{"lines": []}"#, "/name"),
            ("{}", "/name"),
            ("{\n \"name\": \"a\",\n \"shade\": 1}", "/shade"),
            (r#"{"name": "a", "colour": "Blue"}"#, "/colour"),
            (r#"{"name": "a", "colour": 1}"#, "/colour"),
            (r#"{"name": "a", "notes": {"a/b": [0, "\u0000"]}}"#, "/notes/a~1b/1"),
            (r#"{"name": "a", "name": "b"}"#, "/name"),
            (r#"{"name": "a", "lines": [{"count": 1}, {"count": 256}]}"#, "/lines/1/count"),
            (r#"{"name": "a", "lines": [{"count": 1}, {}]}"#, "/lines/1/count"),
            (r#"{"name": "a", "lines": {}}"#, "/lines"),
            (r#"{"name": "a\u0000"}"#, "/name"),
            (r#"["a"]"#, ""),
            (r#"{"name": "a", "lines": [{"count": 1, "weight": 0}]}"#, "/lines/0/weight"),
            (r#"{"name": "a", "lines": [{"count": 1, "weight": "x"}]}"#, "/lines/0/weight"),
            ("5", ""),
        ] {
            let error = read_json::<Order>(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind, Kind::Invalid, "{text}");
            assert_eq!(error.fields[0].pointer, pointer, "{text}: {}", error.fields[0].reason);
            assert!(!error.fields[0].reason.contains(" at line "), "{}", error.fields[0].reason);
        }
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        let deep = format!("{{\"name\": {}", "{\"a\":".repeat(200));
        for text in ["", "{", "{\"name\": \"a\"} x", "{'name': 1}", "{\"name\": \"\u{1}\"}", &deep]
        {
            let error = read_json::<Value>(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind, Kind::Malformed, "{text}");
        }
        assert_eq!(read_json::<Order>(b"{\"name\": \"\xff\"}").unwrap_err().kind, Kind::Malformed);
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth| format!("{{\"n\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(read_json::<Value>(nested(120).as_bytes()).is_ok());
        for depth in [128, 100_000] {
            let error = read_json::<Value>(nested(depth).as_bytes()).unwrap_err();
            assert!(error.detail.contains("recursion limit exceeded"), "{}", error.detail);
        }
    }

    #[test]
    fn a_complaint_is_bounded() {
        let long = format!("{{\"name\": \"a\", \"{}\": 1}}", "x".repeat(100_000));
        let error = read_json::<Order>(long.as_bytes()).unwrap_err();
        assert!(error.fields[0].reason.chars().count() <= LONGEST_REASON);
        assert!(error.fields[0].pointer.chars().count() <= LONGEST_REASON);
    }
}
