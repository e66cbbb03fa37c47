//! Mapping rules as integrators send them: mistakes of shape are told by their place, and what the
//! rules say is what stands at Cyclr in the end.

use gangway::onboarding::{Blueprint, ProblemCode, Status};
use gangway::sandbox::Catalogue;
use gangway::web::read_json;
use serde_json::{Value, json};

use crate::house::House;

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

const TEMPLATE: &str = "22222222-2222-4333-8444-555555555555";

/// Two steps with a target of the same name, one that needs no value and one with a list.
fn world() -> Catalogue {
    let world = json!({
        "connectors": [{
            "id": 1, "name": "Ledger Cloud", "version": "1.0",
            "auth_type": "OAuth2", "oauth2_type": "ClientCredentials"
        }],
        "templates": [{
            "id": TEMPLATE, "name": "Ledger", "steps": [
                { "name": "Post", "connector": 1, "method": { "id": 9, "name": "Post" },
                  "fields": [{ "id": 2, "name": "Company" },
                             { "id": 4, "name": "Remark", "optional": true },
                             { "id": 5, "name": "Size", "values": ["Small", "Large"] }] },
                { "name": "Tell", "connector": 1, "method": { "id": 10, "name": "Tell" },
                  "fields": [{ "id": 3, "name": "Company" }] }
            ]
        }]
    });
    Catalogue::parse(&world.to_string()).unwrap()
}

/// Where an onboarding of these rules ends, and what stands in the fields then.
async fn mapped(rules: Value) -> (Status, Vec<Value>) {
    let mut house = House::open_with(world()).await;
    let blueprint = json!({
        "key": "ledger", "name": "Ledger",
        "templates": [{ "template_id": TEMPLATE, "mapping": rules }],
    });
    let key = house.publish(blueprint).await;
    let id = house.start("acme", &key).await;
    let onboarding = house.settle_in_time(id).await;
    let cycle = house.cycles().remove(0);
    let steps = cycle["steps"].as_array().unwrap().iter();
    let fields = steps.flat_map(|step| step["fields"].as_array().unwrap());
    (onboarding.status, fields.map(|field| field["Value"].clone()).collect())
}

#[tokio::test]
async fn the_rule_that_names_the_step_goes_first_and_no_value_leaves_an_optional_target_alone() {
    let (status, fields) = mapped(json!([
        { "target": "company", "value": { "from": { "path": "tenant.name" } } },
        { "step": "tell", "target": "Company",
          "value": { "from": { "path": "tenant.id", "apply": ["upper", { "prefix": "id " }] } } },
        { "target": "Remark", "value": { "from": { "path": "data.remark" } } },
        { "target": "Size",
          "value": { "from": { "path": "data.size", "apply": ["trim"], "default": "Small" } } },
    ]))
    .await;
    assert_eq!(status, Status::Live);
    assert_eq!(fields, [json!("acme"), Value::Null, json!("Small"), json!("id ACME")]);
}

#[tokio::test]
async fn a_rule_that_fails_is_named_to_staff_by_its_place_and_path() {
    let (status, fields) = mapped(json!([
        { "target": "Size", "value": { "constant": "Large" } },
        { "step": "Post", "target": "Company", "value": { "from": { "path": "data.company.name" } } },
        { "step": "Tell", "target": "Company", "value": "ignore" },
    ]))
    .await;
    let problem = status.problem().unwrap();
    assert_eq!(problem.code, ProblemCode::MappingRuleFailed);
    assert_eq!(
        problem.detail.as_deref().unwrap(),
        "/templates/0/mapping/1: the tenant's data has no value there, and the target must have one. \
         Target: Post / Company. Path: data.company.name."
    );
    assert_eq!(fields, vec![Value::Null; 4], "nothing is written by half");
}

#[tokio::test]
async fn the_example_of_the_document_is_published_as_it_stands() {
    let text = include_str!("../../docs/blueprints.md");
    let example = text.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    let house = House::open().await;
    let key = house.publish(example.clone()).await;
    let published = house.store.find_blueprint(&key, None).await.unwrap().unwrap();
    assert_eq!(published.id.version, 1);
    let shown = serde_json::to_value(&*published.blueprint).unwrap();
    let mapping = |document: &Value| document["templates"][0]["mapping"].clone();
    assert_eq!(mapping(&shown), mapping(&example));
}
