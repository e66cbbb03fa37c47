//! Reads JSON that is looser than its documents: names in any case, nulls, numbers as text.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};
use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use uuid::Uuid;

/// Longest text that is taken from a reply, in characters; what is beyond is left out.
const LONGEST_TEXT: usize = 4_000;

const CUT: &str = "it ends early";
const FOREIGN: &str = "it is not JSON";

/// What is said of a reply that hardly comes from Cyclr's API: cut on the way, or a proxy's page.
pub(super) const CUT_OR_FOREIGN: [&str; 2] = [CUT, FOREIGN];

/// Decodes a reply whose names the target type spells in lower case. The error says what kind of
/// trouble it was and never shows a piece of the reply, which may hold a credential.
pub(super) fn decode<T: DeserializeOwned>(body: &mut [u8]) -> Result<T, &'static str> {
    fold_names(body);
    let body: &[u8] = body;
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => CUT,
        serde_json::error::Category::Data => "it has another shape than documented",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => FOREIGN,
    })
}

/// Lower-cases every object key in place: Cyclr matches names without regard to case (OBS), so a
/// reply may spell them differently one day. One pass over the bytes, no tree.
fn fold_names(json: &mut [u8]) {
    let mut at = 0;
    while let Some(start) = find(json, at, |byte| byte == b'"') {
        let mut end = start + 1;
        loop {
            match json.get(end) {
                None => return,
                Some(b'\\') => end += 2,
                Some(b'"') => break,
                Some(_) => end += 1,
            }
        }
        at = end + 1;
        let next = find(json, at, |byte| !byte.is_ascii_whitespace());
        if next.is_some_and(|next| json[next] == b':') {
            json[start + 1..end].make_ascii_lowercase();
        }
    }
}

fn find(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let rest = bytes.get(from..)?;
    Some(from + rest.iter().position(|byte| wanted(*byte))?)
}

/// A single value of whatever type; objects and arrays are skipped.
#[derive(Debug, Default)]
pub(super) enum Scalar {
    #[default]
    Null,
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    Compound,
}

impl Scalar {
    pub(super) fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Integer(number) => Some(number.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Flag(flag) => Some(flag.to_string()),
            Self::Null | Self::Compound => None,
        }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Null | Self::Flag(_) | Self::Number(_) | Self::Compound => None,
        }
    }

    pub(super) fn guid(&self) -> Option<Uuid> {
        match self {
            Self::Text(text) => Uuid::try_parse(text.trim()).ok(),
            Self::Null | Self::Flag(_) | Self::Integer(_) | Self::Number(_) | Self::Compound => {
                None
            }
        }
    }

    /// Absent and null are "no"; anything that is neither yes nor no is `None`.
    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            Self::Null => Some(false),
            Self::Flag(flag) => Some(*flag),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Self::Text(_) | Self::Integer(_) | Self::Number(_) | Self::Compound => None,
        }
    }

    pub(super) fn date(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Text(text) => parse_date(text.trim()),
            Self::Null | Self::Flag(_) | Self::Integer(_) | Self::Number(_) | Self::Compound => {
                None
            }
        }
    }
}

/// Seven fractional digits, with or without zone (then UTC). Year 1 is how "never" is spelled.
fn parse_date(text: &str) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc3339(text)
        .map(|date| date.to_utc())
        .or_else(|_| {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|date| date.and_utc())
        })
        .ok()?;
    (date.year() > 1).then_some(date)
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Scalar, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(i64::try_from(number).map_or_else(|_| Scalar::Text(number.to_string()), Scalar::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        // Postgres cannot keep a NUL, and nobody wants to read a megabyte of help.
        Ok(Scalar::Text(text.chars().filter(|c| *c != '\0').take(LONGEST_TEXT).collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Compound)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Scalar, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Compound)
    }
}

/// Whether a value was there at all. The value itself is let go in the decoder.
#[derive(Debug, Default)]
pub(super) struct Presence(pub(super) bool);

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Scalar::deserialize(deserializer).map(|value| match value {
            Scalar::Null => Self(false),
            Scalar::Text(text) => Self(!text.is_empty()),
            Scalar::Flag(_) | Scalar::Integer(_) | Scalar::Number(_) | Scalar::Compound => {
                Self(true)
            }
        })
    }
}

/// A field without which the reply cannot be used. The name is shown to staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lacking(pub(super) &'static str);

/// How a reply becomes one of our types.
pub(super) trait Reply: Sized {
    type Wire: DeserializeOwned;
    fn read(wire: Self::Wire) -> Result<Self, Lacking>;

    /// What an empty body stands for, where one is an answer.
    fn blank() -> Option<Self> {
        None
    }
}

/// Reads the whole body of a success. The error never shows a piece of it.
pub(super) fn read_body<T: Reply>(mut body: Vec<u8>) -> Result<T, &'static str> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return T::blank().ok_or("it is empty");
    }
    let wire = decode(&mut body)?;
    T::read(wire).map_err(|lacking| lacking.0)
}

impl<T: Reply> Reply for Vec<T> {
    type Wire = Vec<T::Wire>;

    fn read(wire: Self::Wire) -> Result<Self, Lacking> {
        wire.into_iter().map(T::read).collect()
    }
}

/// Nothing is expected beyond success, but what is there must be JSON: a page of HTML in front of
/// the API is no confirmation.
impl Reply for () {
    type Wire = IgnoredAny;

    fn read(_: IgnoredAny) -> Result<(), Lacking> {
        Ok(())
    }

    fn blank() -> Option<()> {
        Some(())
    }
}

/// A list inside an object may be null.
pub(super) fn list_or_null<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let object =
                proptest::collection::btree_map("[a-zA-Z\"\\\\é:{ ]{0,4}", inner.clone(), 0..4);
            prop_oneof![
                proptest::collection::vec(inner, 0..4).prop_map(Value::from),
                object.prop_map(|object| Value::Object(object.into_iter().collect())),
            ]
        })
    }

    fn lower_names(value: Value) -> Value {
        match value {
            Value::Object(object) => {
                let entries = object.into_iter();
                let entries = entries.map(|(k, v)| (k.to_ascii_lowercase(), lower_names(v)));
                Value::Object(entries.collect())
            }
            Value::Array(items) => items.into_iter().map(lower_names).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
        }
    }

    proptest! {
        #[test]
        fn folding_changes_names_and_nothing_else(value in any_json(), pretty: bool) {
            let mut text = if pretty {
                serde_json::to_vec_pretty(&value)
            } else {
                serde_json::to_vec(&value)
            }
            .unwrap();
            fold_names(&mut text);
            let folded: Value = serde_json::from_slice(&text).unwrap();
            prop_assert_eq!(folded, lower_names(value));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(
            mut bytes in proptest::collection::vec(
                prop_oneof![any::<u8>(), proptest::sample::select(b"{}[]\"\\:, 1e".to_vec())], 0..64),
        ) {
            let _ = decode::<Vec<Scalar>>(&mut bytes);
        }
    }

    #[test]
    fn dates_are_read_with_and_without_zone_and_the_year_one_is_never() {
        let date = |text: &str| Scalar::Text(text.to_owned()).date().map(|date| date.to_rfc3339());
        let read = |text: &str| Some(text.to_owned());
        for (text, expected) in [
            ("2017-12-06T15:54:06.6440352Z", read("2017-12-06T15:54:06.644035200+00:00")),
            ("2017-12-06T15:54:06+02:00", read("2017-12-06T13:54:06+00:00")),
            (" 2017-12-06T15:54:06 ", read("2017-12-06T15:54:06+00:00")),
            ("0001-01-01T00:00:00", None),
            ("0001-01-01T00:00:00Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(date(text), expected, "{text}");
        }
    }
}
