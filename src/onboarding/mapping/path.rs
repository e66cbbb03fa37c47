//! Where a rule looks for its value, and what stands there.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::Profile;
use crate::ids::TenantId;

/// Where a value comes from: `tenant.name` and the like, or `data.` with a dotted path.
///
/// A segment of digits names an element of an array, counted from 0, and a name of an object: which of
/// the two is told by what stands there. Any text is read, so that publishing can name all wrong paths
/// at once ([`SourcePath::mistake`]); a wrong one leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourcePath(String);

/// What stands at a path, as far as it can be written somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// No such place, `null`, an empty text, or a list of such.
    Nothing,
    Text(String),
    /// An array of texts, numbers and truths. What is empty in it is left out.
    List(Vec<String>),
    /// An object, or an array that holds more than texts.
    Nested,
}

impl SourcePath {
    const TENANT: [&'static str; 6] = [
        "tenant.id",
        "tenant.name",
        "tenant.timezone",
        "tenant.locale",
        "tenant.contact_name",
        "tenant.contact_email",
    ];
    /// Longest path, in characters.
    const LONGEST: usize = 200;
    /// Most segments after `data`.
    const DEEPEST: usize = 10;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Why nobody should publish it, in words for the operator.
    pub fn mistake(&self) -> Option<String> {
        if self.0.chars().count() > Self::LONGEST || self.0.chars().any(char::is_control) {
            return Some(format!("must be at most {} characters on one line", Self::LONGEST));
        }
        if Self::TENANT.contains(&self.0.as_str()) {
            return None;
        }
        let keys = self.0.strip_prefix("data.").map(|rest| rest.split('.'));
        let Some(keys) = keys.filter(|keys| keys.clone().all(|key| !key.is_empty())) else {
            let known = Self::TENANT.join(", ");
            return Some(format!("is not a path: use data.<name> or one of {known}"));
        };
        let most = Self::DEEPEST;
        (keys.count() > most).then(|| format!("must have at most {most} segments after data"))
    }

    pub(super) fn look_up(&self, tenant: &TenantId, profile: &Profile) -> Found {
        let contact = profile.contact.as_ref();
        let known = match self.0.as_str() {
            "tenant.id" => Some(tenant.as_str()),
            "tenant.name" => Some(profile.name.as_str()),
            "tenant.timezone" => profile.timezone.as_deref(),
            "tenant.locale" => profile.locale.as_deref(),
            "tenant.contact_name" => contact.and_then(|contact| contact.name.as_deref()),
            "tenant.contact_email" => contact.and_then(|contact| contact.email.as_deref()),
            path => return find(path, &profile.data).map_or(Found::Nothing, Found::from),
        };
        known.map_or(Found::Nothing, |text| Found::text(text.to_owned()))
    }
}

impl From<&str> for SourcePath {
    fn from(path: &str) -> Self {
        Self(path.to_owned())
    }
}

fn find<'a>(path: &str, data: &'a serde_json::Map<String, Value>) -> Option<&'a Value> {
    let mut keys = path.strip_prefix("data.")?.split('.');
    let first = data.get(keys.next()?)?;
    keys.try_fold(first, |value, key| match value {
        Value::Object(object) => object.get(key),
        Value::Array(elements) => elements.get(index(key)?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// One spelling for each place: neither `01` nor `+1`.
fn index(key: &str) -> Option<usize> {
    key.parse().ok().filter(|index: &usize| index.to_string() == key)
}

impl Found {
    /// A text that is empty is no value.
    pub(super) fn text(text: String) -> Self {
        if text.is_empty() { Self::Nothing } else { Self::Text(text) }
    }

    /// Nor is a list of nothing.
    pub(super) fn list(texts: impl IntoIterator<Item = String>) -> Self {
        let texts: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).collect();
        if texts.is_empty() { Self::Nothing } else { Self::List(texts) }
    }
}

impl From<&Value> for Found {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::Bool(truth) => Self::Text(truth.to_string()),
            Value::Number(number) => Self::Text(number.to_string()),
            Value::String(text) => Self::text(text.clone()),
            Value::Object(_) => Self::Nested,
            Value::Array(elements) => {
                let mut texts = Vec::new();
                for element in elements {
                    match Self::from(element) {
                        Self::Nothing => {}
                        Self::Text(text) => texts.push(text),
                        Self::List(_) | Self::Nested => return Self::Nested,
                    }
                }
                Self::list(texts)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn digits_name_an_element_of_an_array_and_a_name_of_an_object() {
        let data = json!({
            "contacts": [{ "email": "ada@example.com" }, { "email": null }],
            "by_year": { "2026": "gold", "01": "padded" },
            "tags": ["a", null, "", 7, true],
            "deep": [["a"]], "none": [], "empty": "", "count": 0,
        });
        let data = data.as_object().unwrap();
        let text = |text: &str| Found::Text(text.to_owned());
        for (path, expected) in [
            ("data.contacts.0.email", text("ada@example.com")),
            ("data.contacts.1.email", Found::Nothing),
            ("data.contacts.2.email", Found::Nothing),
            ("data.contacts.-1.email", Found::Nothing),
            ("data.contacts.00.email", Found::Nothing),
            ("data.contacts.+0.email", Found::Nothing),
            ("data.contacts.99999999999999999999999", Found::Nothing),
            ("data.contacts.email", Found::Nothing),
            ("data.contacts.0.email.0", Found::Nothing),
            ("data.contacts", Found::Nested),
            ("data.contacts.0", Found::Nested),
            ("data.by_year.2026", text("gold")),
            ("data.by_year.01", text("padded")),
            ("data.tags.3", text("7")),
            ("data.tags", Found::List(vec!["a".into(), "7".into(), "true".into()])),
            ("data.deep", Found::Nested),
            ("data.none", Found::Nothing),
            ("data.empty", Found::Nothing),
            ("data.count", text("0")),
            ("data", Found::Nothing),
            ("data.", Found::Nothing),
            ("nothing", Found::Nothing),
        ] {
            assert_eq!(find(path, data).map_or(Found::Nothing, Found::from), expected, "{path}");
        }
    }

    #[test]
    fn a_wrong_path_is_read_and_not_published() {
        let deep = |segments: usize| format!("data{}", ".a".repeat(segments));
        let long = |length: usize| format!("data.{}", "é".repeat(length - 5));
        for good in ["tenant.id", "data.a", "data.0", "data.a b.c-d", &deep(10), &long(200)] {
            assert_eq!(SourcePath::from(good).mistake(), None, "{good}");
        }
        let long = long(201);
        let wrong =
            ["", "data", "data.", "data..a", "data.a.", "tenant.age", "answers.x", "data.a\nb"];
        for wrong in wrong.into_iter().chain([deep(11).as_str(), long.as_str()]) {
            let path: SourcePath = serde_json::from_value(json!(wrong)).unwrap();
            let mistake = path.mistake().unwrap();
            assert!(mistake.chars().count() < 200, "{mistake}");
        }
    }
}
