//! Wrong types: an answer with all its names, whose values are of another kind than they should be.

use axum::body::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Map, Value, json};

/// Which share of the values is spoilt.
const SHARE: f64 = 0.5;

/// The same seed spoils the same answer in the same way. What is no JSON stays as it is.
pub(super) fn mangled(whole: Bytes, seed: u64) -> Bytes {
    let Ok(value) = serde_json::from_slice::<Value>(&whole) else { return whole };
    let mut dice = StdRng::seed_from_u64(seed);
    let mut spoilt = inside(value.clone(), &mut dice);
    if spoilt == value {
        spoilt = other(value, &mut dice);
    }
    Bytes::from(spoilt.to_string())
}

fn inside(value: Value, dice: &mut StdRng) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| inside(item, dice)).collect(),
        Value::Object(fields) => {
            let spoilt = fields.into_iter().map(|(name, value)| {
                let value = inside(value, dice);
                let value = if dice.random_bool(SHARE) { other(value, dice) } else { value };
                (name, value)
            });
            Value::Object(spoilt.collect())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

/// Of another type, and always another value.
fn other(value: Value, dice: &mut StdRng) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(truth) => json!(if truth { "yes" } else { "no" }),
        Value::Number(number) => json!(number.to_string()),
        Value::String(_) => json!(dice.random_range(-9..10_000)),
        Value::Array(items) => {
            let numbered = items.into_iter().enumerate();
            let fields: Map<_, _> =
                numbered.map(|(place, item)| (place.to_string(), item)).collect();
            Value::Object(fields)
        }
        Value::Object(fields) => fields.into_iter().map(|(_, value)| value).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_spoils_something_and_always_the_same() {
        let answer = json!({
            "Id": 7, "Name": "a", "Authenticated": true, "Value": null, "Connectors": [{ "Id": 1 }]
        });
        let whole = Bytes::from(answer.to_string());
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let spoilt = mangled(whole.clone(), seed);
            assert_eq!(spoilt, mangled(whole.clone(), seed));
            assert_ne!(spoilt, whole);
            seen.insert(spoilt);
        }
        assert!(seen.len() > 20, "{seen:?}");
        assert_eq!(mangled(Bytes::from_static(b"[]"), 1), "{}");
        assert_eq!(mangled(Bytes::new(), 1), "");
    }
}
