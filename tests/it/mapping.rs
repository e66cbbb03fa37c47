//! Mapping rules as integrators send them: mistakes of shape are told by their place.

use gangway::onboarding::Blueprint;
use gangway::web::read_json;
use serde_json::{Value, json};

/// The mistakes that keep this rule from being read or published.
fn refused(rule: &Value) -> Vec<(String, String)> {
    let document = json!({
        "key": "b", "name": "B",
        "templates": [{
            "template_id": "6c0b8b6e-5f0e-4a7c-9a55-0d0b7a3f1c11",
            "mapping": [{ "target": "first", "value": "ignore" }, rule],
        }],
    });
    match read_json::<Blueprint>(document.to_string().as_bytes()) {
        Ok(read) => read.mistakes().into_iter().map(|m| (m.pointer, m.reason)).collect(),
        Err(error) => error.fields.into_iter().map(|field| (field.pointer, field.reason)).collect(),
    }
}

#[test]
fn a_rule_of_another_shape_is_told_by_its_place() {
    let from = |value: Value| json!({ "target": "t", "value": { "from": value } });
    for (rule, place) in [
        (json!({ "target": 1, "value": "ignore" }), "/target"),
        (json!({ "value": "ignore" }), "/target"),
        (json!({ "target": "t" }), "/value"),
        (json!({ "target": "t", "value": "leave" }), "/value"),
        (json!({ "target": "t", "value": "ask" }), "/value"),
        (json!({ "target": "t", "value": null }), "/value"),
        (json!({ "target": "t", "value": {} }), "/value"),
        (json!({ "target": "t", "value": { "ask": 1 } }), "/value/ask"),
        (json!({ "target": "t", "value": { "constant": 1 } }), "/value/constant"),
        (json!({ "target": "t", "value": { "const": "1" } }), "/value/const"),
        (json!({ "target": "t", "value": { "ask": "a", "from": "b" } }), "/value/ask"),
        (json!({ "target": "t", "value": { "ignore": true } }), "/value/ignore"),
        (json!({ "target": "t", "value": "ignore", "values": 1 }), "/values"),
        (from(json!("tenant.name")), "/value/from"),
        (from(json!({})), "/value/from/path"),
        (from(json!({ "path": 1 })), "/value/from/path"),
        (from(json!({ "path": "tenant.age" })), "/value/from/path"),
        (from(json!({ "path": "data.a", "functions": [] })), "/value/from/functions"),
        (from(json!({ "path": "data.a", "apply": "trim" })), "/value/from/apply"),
        (from(json!({ "path": "data.a", "apply": ["trim", "trin"] })), "/value/from/apply/1"),
        (from(json!({ "path": "data.a", "apply": ["map"] })), "/value/from/apply/0"),
        (from(json!({ "path": "data.a", "apply": [{ "pad": "x" }] })), "/value/from/apply/0/pad"),
        (from(json!({ "path": "data.a", "apply": [{ "join": 1 }] })), "/value/from/apply/0/join"),
        (
            from(json!({ "path": "data.a", "apply": [{ "map": { "DE": 1 } }] })),
            "/value/from/apply/0/map/DE",
        ),
        (from(json!({ "path": "data.a", "default": 5 })), "/value/from/default"),
    ] {
        let refused = refused(&rule);
        let expected = format!("/templates/0/mapping/1{place}");
        let [(pointer, reason)] = &refused[..] else { panic!("{rule}: {refused:?}") };
        assert_eq!(pointer, &expected, "{rule}: {reason}");
        assert!(!reason.contains("newtype") && reason != "expected value", "{reason}");
    }
}
