//! A world with chosen ids, served from its file: every answer held field by field against the
//! documented shapes in `tests/data/cyclr/`.

use gangway::sandbox::{Catalogue, Settings};
use serde_json::{Value, json};

use super::{Rig, stopped_clock};

pub(super) const CYCLE: &str = "0c000000-0000-4000-8000-000000000001";
pub(super) const READ: &str = "0d000000-0000-4000-8000-000000000001";
pub(super) const WRITE: &str = "0d000000-0000-4000-8000-000000000002";
pub(super) const LEDGER: &str = "0a000000-0000-4000-8000-000000000001";
pub(super) const KEY: &str = "0b000000-0000-4000-8000-000000000002";

pub(super) async fn harbour() -> Rig {
    let catalogue = Catalogue::parse(include_str!("../../data/sandbox/harbour.toml")).unwrap();
    Rig::of(
        Settings { catalogue, ..stopped_clock() },
        "north-7",
        ("tide-partner", "tide-secret-for-tests-only"),
    )
    .await
}

/// The documented body of this name, with values of our own.
pub(super) fn documented(name: &str) -> Value {
    let file = format!("{}/tests/data/cyclr/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The same names in the same places, with values of the same type. A list is held against the
/// first entry; where nothing is documented but null, anything may stand.
pub(super) fn assert_same_shape(place: &str, wanted: &Value, told: &Value) {
    match (wanted, told) {
        (Value::Object(wanted), Value::Object(told)) => {
            let names = |map: &serde_json::Map<String, Value>| {
                map.keys().cloned().collect::<std::collections::BTreeSet<_>>()
            };
            assert_eq!(names(wanted), names(told), "{place}");
            for (name, value) in wanted {
                assert_same_shape(&format!("{place}.{name}"), value, &told[name]);
            }
        }
        (Value::Array(wanted), Value::Array(told)) => {
            for one in told {
                assert!(!wanted.is_empty(), "{place}: {one} where nothing is documented");
                assert_same_shape(&format!("{place}[]"), &wanted[0], one);
            }
        }
        (Value::Null, _)
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_) | Value::Null) => {}
        (wanted, told) => panic!("{place}: {told} where {wanted} is documented"),
    }
}

#[tokio::test]
async fn every_answer_has_the_documented_shape() {
    let mut rig = harbour().await;
    assert_same_shape("token", &documented("token"), &rig.sign_in().await);
    let lookup = format!("/v1.0/steps/{READ}/parameters/601/lookup");
    let install = format!("/v1.0/templates/{LEDGER}/install");
    let hook = json!({ "TransactionErrorWebhookUrl": "hooks.north.example/t",
                       "TransactionErrorWebhookEnabled": true,
                       "StepDataSuccessRetentionHours": 24, "StepDataErroredRetentionHours": 48 });
    let table = [
        ("account", "PUT", "/v1.0/accounts/north-7".to_owned(), hook),
        ("account", "GET", "/v1.0/accounts/north-7".to_owned(), Value::Null),
        ("usage", "GET", "/v1.0/accounts/north-7/usage".to_owned(), Value::Null),
        ("sign_in_token", "POST", "/v1.0/accounts/north-7/signintoken".to_owned(), json!({})),
        ("templates", "GET", "/v1.0/templates?tag=Quay".to_owned(), Value::Null),
        ("cycle", "GET", format!("/v1.0/cycles/{CYCLE}"), Value::Null),
        ("cycle", "POST", install, json!({})),
        ("connectors", "GET", "/v1.0/connectors/Quay%20CRM/2.1".to_owned(), Value::Null),
        ("account_connector", "GET", "/v1.0/account/connectors/9001".to_owned(), Value::Null),
        (
            "property",
            "GET",
            "/v1.0/account/connectors/9001/properties/9101".to_owned(),
            Value::Null,
        ),
        ("parameter", "GET", format!("/v1.0/steps/{READ}/parameters/601"), Value::Null),
        ("lookup", "POST", lookup, json!({ "TriggerId": 701 })),
        ("lookup", "POST", "/v1.0/account/connectors/9001/triggers/701".to_owned(), Value::Null),
        ("field_mapping", "GET", format!("/v1.0/steps/{WRITE}/fieldmappings/651"), Value::Null),
        ("fields_for_mapping", "GET", format!("/v1.0/steps/{WRITE}/fieldsformapping"), Value::Null),
        ("variable", "GET", format!("/v1.0/cycles/{CYCLE}/variables/quay"), Value::Null),
        (
            "deauthenticated",
            "PUT",
            "/v1.0/account/connectors/9001/deauthenticate".to_owned(),
            Value::Null,
        ),
        ("cycle_prerequisites", "GET", format!("/v1.0/cycles/{CYCLE}/prerequisites"), Value::Null),
    ];
    for (name, method, path, body) in table {
        let (status, told) = rig.call(method, &path, body).await;
        assert_eq!(status, 200, "{method} {path}: {told}");
        assert_ne!(told, json!([]), "{path}");
        assert_same_shape(name, &documented(name), &told);
    }
    rig.renew_token().await;
}

#[tokio::test]
async fn what_a_step_lacks_is_told_as_documented() {
    let rig = harbour().await;
    let (_, cycle) =
        rig.call("POST", &format!("/v1.0/templates/{LEDGER}/install"), json!({})).await;
    let id = cycle["Id"].as_str().unwrap();
    let lacks = rig.get(&format!("/v1.0/cycles/{id}/prerequisites")).await;
    assert_eq!(lacks.as_array().unwrap().len(), 2);
    assert_same_shape("lacks", &documented("cycle_prerequisite_of_a_step"), &lacks[0]);
    let steps = rig.get(&format!("/v1.0/cycles/{id}/steps?filter=action")).await;
    for (place, wanted) in documented("step_prerequisites").as_array().unwrap().iter().enumerate() {
        let step = steps[place]["Id"].as_str().unwrap();
        let told = rig.get(&format!("/v1.0/steps/{step}/prerequisites")).await;
        assert_same_shape("step", &json!([wanted]), &told);
        assert_eq!(told[0]["ReasonCode"], wanted["ReasonCode"]);
    }
}

#[tokio::test]
async fn a_world_begins_with_what_its_file_says() {
    let rig = harbour().await;
    let account = rig.get("/v1.0/accounts/north-7").await;
    assert_eq!(account["AuditInfo"], "kept by hand");
    assert_eq!(account["CreatedDate"], "2026-02-01T08:00:00.0000000Z");
    let cycle = rig.get(&format!("/v1.0/cycles/{CYCLE}")).await;
    assert_eq!(cycle["CreatedOnUtc"], "2026-02-01T08:30:00.0000000Z");
    assert_eq!(cycle["Connectors"][0]["AccountConnectorId"], 9001);
    assert_eq!(cycle["Connectors"][0]["Authenticated"], true);
    let steps = rig.get(&format!("/v1.0/cycles/{CYCLE}/steps")).await;
    assert_eq!((&steps[0]["Id"], &steps[1]["Id"]), (&json!(READ), &json!(WRITE)));
    let mapping = rig.get(&format!("/v1.0/steps/{WRITE}/fieldmappings/651")).await;
    assert_eq!(mapping["Value"], "ref");
    assert_eq!(rig.get(&format!("/v1.0/cycles/{CYCLE}/prerequisites")).await, json!([]));
    let users = rig.get("/v1.0/accounts/north-7/users").await;
    assert_eq!(users, json!([{ "UserName": "onboarding@north-7" }]));
    let parts = rig.get("/v1.0/accounts/north-7/subaccounts").await;
    assert_eq!((parts.as_array().unwrap().len(), &parts[0]["Id"]), (1, &json!("north-7-east")));
    // What is made later never gets a number that the file has chosen.
    let made =
        rig.call("POST", "/v1.0/connectors/402/install", json!({ "Name": "Second" })).await.1;
    assert!(made["Id"].as_i64().unwrap() > 36_000, "{made}");
}

#[tokio::test]
async fn each_of_the_partners_credentials_opens_it_and_the_built_in_ones_do_not() {
    let rig = harbour().await;
    let second = ("tide-second", "another-secret-for-tests-only");
    assert_eq!(rig.token_for(second).await["clientId"], "tide-second");
    let built_in = (gangway::sandbox::CLIENT_ID, gangway::sandbox::CLIENT_SECRET);
    assert_eq!(rig.token_for(built_in).await, json!({ "error": "invalid_client" }));
    let mixed = ("tide-second", "tide-secret-for-tests-only");
    assert_eq!(rig.token_for(mixed).await, json!({ "error": "invalid_client" }));
}
