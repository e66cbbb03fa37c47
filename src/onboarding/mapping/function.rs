//! What a rule makes of the value that it found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::path::Found;

/// One change of a value. A rule applies them in order; a list is changed element by element until it is
/// joined, and what became empty is no value any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Function {
    /// Without white space at both ends.
    Trim,
    /// In lower case, by Unicode's rules of no language in particular.
    Lower,
    /// In upper case, likewise.
    Upper,
    /// What the table says for the whole value, letter by letter. What it does not list is no value.
    Map(BTreeMap<String, String>),
    /// The elements of a list as one text with this between them. A single value stays as it is.
    Join(String),
    /// With this before it.
    Prefix(String),
    /// With this after it.
    Suffix(String),
}

impl Function {
    pub(super) fn apply(&self, found: Found) -> Found {
        match found {
            Found::Nothing | Found::Nested => found,
            Found::Text(text) => self.change(text).map_or(Found::Nothing, Found::text),
            Found::List(texts) => match self {
                Self::Join(separator) => Found::text(texts.join(separator)),
                Self::Trim
                | Self::Lower
                | Self::Upper
                | Self::Map(_)
                | Self::Prefix(_)
                | Self::Suffix(_) => {
                    Found::list(texts.into_iter().filter_map(|text| self.change(text)))
                }
            },
        }
    }

    fn change(&self, text: String) -> Option<String> {
        Some(match self {
            Self::Trim => text.trim().to_owned(),
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Map(table) => return table.get(&text).cloned(),
            Self::Join(_) => text,
            Self::Prefix(prefix) => format!("{prefix}{text}"),
            Self::Suffix(suffix) => format!("{text}{suffix}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn run(functions: &Value, value: &Value) -> Found {
        let functions: Vec<Function> = serde_json::from_value(functions.clone()).unwrap();
        functions.iter().fold(Found::from(value), |found, function| function.apply(found))
    }

    #[test]
    fn functions_are_applied_in_order() {
        let countries =
            json!({ "map": { "de": "Germany", "at": "Austria", "": "empty", "x": "" } });
        for (functions, value, expected) in [
            (json!(["trim"]), json!(" \u{a0}a b\t"), "a b"),
            (json!(["lower"]), json!("ÀB"), "àb"),
            (json!(["upper"]), json!("straße"), "STRASSE"),
            (json!([countries]), json!("de"), "Germany"),
            (json!(["trim", "lower", countries]), json!(" DE "), "Germany"),
            (json!([{ "prefix": "a" }, { "prefix": "b" }, { "suffix": "z" }]), json!("-"), "ba-z"),
            (json!([{ "join": ", " }]), json!(["a", null, 7, "", true]), "a, 7, true"),
            (json!([{ "join": "," }]), json!("a"), "a"),
            (json!(["trim", "upper", { "join": "" }]), json!([" a ", "  ", "b"]), "AB"),
            (
                json!([countries, { "join": " and " }]),
                json!(["de", "fr", "at"]),
                "Germany and Austria",
            ),
            (json!([{ "suffix": "!" }, { "join": " " }]), json!(["a", "b"]), "a! b!"),
            (json!([]), json!(1.5), "1.5"),
            (json!([{ "suffix": " EUR" }]), json!(12), "12 EUR"),
        ] {
            assert_eq!(
                run(&functions, &value),
                Found::Text(expected.into()),
                "{functions} {value}"
            );
        }
    }

    #[test]
    fn what_is_empty_or_not_listed_is_no_value_and_gets_no_prefix() {
        let table = json!({ "map": { "a": "A", "gone": "" } });
        for (functions, value) in [
            (json!([{ "prefix": "x" }]), json!(null)),
            (json!([{ "prefix": "x" }]), json!("")),
            (json!(["trim", { "prefix": "x" }]), json!("  ")),
            (json!([table, { "suffix": "x" }]), json!("A")),
            (json!([table, { "suffix": "x" }]), json!("gone")),
            (json!([{ "prefix": "x" }, { "join": "," }, { "prefix": "x" }]), json!([])),
            (json!([table, { "join": "," }]), json!(["b", "gone"])),
            (json!([table]), json!(["b", "gone"])),
            (json!([]), json!([null, ""])),
        ] {
            assert_eq!(run(&functions, &value), Found::Nothing, "{functions} {value}");
        }
        assert_eq!(run(&json!([{ "join": "," }]), &json!([{}])), Found::Nested);
        assert_eq!(run(&json!(["trim"]), &json!([" a "])), Found::List(vec!["a".into()]));
    }
}
