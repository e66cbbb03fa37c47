//! What each resource takes, refuses, and leaves as it was.

use gangway::sandbox::CRM_TO_MAIL;
use serde_json::{Value, json};

use super::harbour::{CYCLE, KEY, LEDGER, READ, harbour};
use super::{ACCOUNT, Rig, stopped_clock};

fn ids(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn users_come_and_go_and_a_sign_in_token_makes_one() {
    let rig = Rig::with_account(stopped_clock()).await;
    let users = format!("/v1.0/accounts/{ACCOUNT}/users");
    let ann = json!({ "UserName": "ann", "Password": "pass-for-tests-only" });
    assert_eq!(rig.call("PUT", &users, ann.clone()).await.0, 200);
    rig.mint().await;
    assert_eq!(ids(&rig.get(&users).await, "UserName"), ["ann", "onboarding@acme"]);
    assert_eq!(rig.call("PUT", "/v1.0/users", ann.clone()).await.0, 200);
    assert!(!rig.sandbox.world().to_string().contains("pass-for-tests-only"));
    assert_eq!(rig.call("DELETE", &users, ann.clone()).await.0, 200);
    assert_eq!(rig.call("DELETE", &users, ann.clone()).await.0, 404);
    assert_eq!(rig.call("PUT", "/v1.0/users", ann).await.0, 404);
    assert_eq!(rig.call("PUT", &users, json!({})).await.0, 400);
    assert_eq!(rig.call("GET", "/v1.0/accounts/none/users", Value::Null).await.0, 404);
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_cut_into_pages() {
    let rig = harbour().await;
    let all = rig.get("/v1.0/templates").await;
    assert_eq!(ids(&all, "Name"), ["Quay ledger", "Half built", "Called from outside"]);
    let sorted = rig.get("/v1.0/templates?orderBy=Name&sortOrderAsc=true&pageSize=2").await;
    assert_eq!(ids(&sorted, "Name"), ["Called from outside", "Half built"]);
    let down = rig.get("/v1.0/templates?orderBy=name&sortOrderAsc=false&pageSize=1").await;
    assert_eq!(ids(&down, "Name"), ["Quay ledger"]);
    // Tags with regard to case, connectors without.
    assert_eq!(rig.get("/v1.0/templates?tag=quay").await, json!([]));
    let by_connector =
        rig.get("/v1.0/templates?connectorName=quay%20crm&connectorVersion=2.1").await;
    assert_eq!(ids(&by_connector, "Name"), ["Quay ledger"]);
    assert_eq!(rig.get("/v1.0/templates?page=9").await, json!([]));
    let lacks = rig.get(&format!("/v1.0/templates/{LEDGER}?includePrerequisites=true")).await;
    assert_eq!(lacks["Prerequisites"].as_array().unwrap().len(), 2);
    assert!(rig.get(&format!("/v1.0/templates/{LEDGER}")).await.get("Prerequisites").is_none());
    let hidden = "/v1.0/templates/0a000000-0000-4000-8000-000000000004";
    assert_eq!(rig.call("GET", hidden, Value::Null).await.0, 404);
    assert_eq!(rig.call("POST", &format!("{hidden}/install"), json!({})).await.0, 404);
    let accounts = rig.get("/v1.0/accounts?orderBy=Name").await;
    assert_eq!(ids(&accounts, "Id"), ["north-7-east", "north-7"]);
    let cycles = rig.get("/v1.0/cycles?connectorName=Own%20Harbour&tag=ledger").await;
    assert_eq!(ids(&cycles, "Id"), [CYCLE]);
    assert_eq!(rig.get("/v1.0/cycles?connectorName=Nobody").await, json!([]));
    let page = rig.send("GET", "/v1.0/connectors?pageSize=3", Value::Null).await.unwrap();
    assert_eq!(page.headers()["total-pages"], "2");
    assert_eq!(rig.get("/v1.0/connectors?category=crm").await[0]["Id"], 401);
}

#[tokio::test]
async fn a_connector_is_found_by_number_name_and_version() {
    let rig = harbour().await;
    assert_eq!(rig.get("/v1.0/connectors/401").await["Name"], "Quay CRM");
    let named = rig.get("/v1.0/connectors/quay%20crm").await;
    assert_eq!((&named[0]["Id"], &named[1]["Id"]), (&json!(401), &json!(404)));
    assert_eq!(rig.get("/v1.0/connectors/Quay%20CRM/3.0").await[0]["Id"], 404);
    for nothing in ["/v1.0/connectors/7", "/v1.0/connectors/None", "/v1.0/connectors/Quay%20CRM/9"]
    {
        assert_eq!(rig.call("GET", nothing, Value::Null).await.0, 404, "{nothing}");
    }
    let methods = rig.get("/v1.0/connectors/401/methods?query=who").await;
    assert_eq!(methods[0]["MethodUniqueIdentifier"], "whoAmI");
}

#[tokio::test]
async fn a_connector_is_installed_or_told_what_is_wrong_with_it() {
    let rig = harbour().await;
    let install = "/v1.0/connectors/401/install";
    let full = json!({ "Name": "South", "Description": "d", "AuthenticationId": KEY,
        "AuthValue": "a-third-key-for-tests-only",
        "Properties": [{ "Name": "region", "Value": "south", "Id": 511 }] });
    let (status, made) = rig.call("POST", install, full.clone()).await;
    assert_eq!((status, &made["Authenticated"]), (200, &json!(true)));
    assert_eq!(made["Properties"][0]["Value"], "south");
    let before = rig.sandbox.world();
    let refused = [
        (full, 400, "Account connector name South is in use."),
        (
            json!({ "Properties": [{ "Name": "Colour", "Value": "1" }] }),
            400,
            "There is not a connector property that matches name 'Colour'.",
        ),
        (
            json!({ "Properties": [{ "Name": "EndpointUrl", "Value": "1" }] }),
            400,
            "Connector property name 'EndpointUrl' is not an account connector property.",
        ),
        (json!({ "AuthenticationId": "no guid" }), 400, "The request is invalid."),
        (json!({ "AuthenticationId": CYCLE }), 400, "The request is invalid."),
    ];
    for (body, status, text) in refused {
        assert_eq!(rig.call("POST", install, body).await, (status, json!({ "Message": text })));
    }
    let draft = json!({ "Message": "Connector 403 is a draft and cannot be installed." });
    assert_eq!(rig.call("POST", "/v1.0/connectors/403/install", json!({})).await, (400, draft));
    let null = rig.http.post(format!("{}{install}", rig.base)).body("null");
    let null = null.bearer_auth(&rig.token).header("X-Cyclr-Account", "north-7");
    assert_eq!(null.send().await.unwrap().status(), 500);
    assert_eq!(rig.sandbox.world(), before);
    // Without a name it gets one that is free; without a body it is made as well.
    let made = rig.call("POST", "/v1.0/connectors/Quay%20CRM/2.1/install", Value::Null).await.1;
    assert_eq!((&made["Name"], &made["Authenticated"]), (&json!("Quay CRM (2)"), &json!(false)));
}

#[tokio::test]
async fn an_account_connector_goes_and_stops_what_used_it() {
    let rig = harbour().await;
    let activate = format!("/v1.0/cycles/{CYCLE}/activate");
    assert_eq!(rig.call("PUT", &activate, json!({ "Interval": 60 })).await.0, 200);
    let one = "/v1.0/account/connectors/9002";
    assert_eq!(rig.call("DELETE", one, Value::Null).await.0, 200);
    assert_eq!(rig.call("DELETE", one, Value::Null).await.0, 404);
    assert_eq!(rig.get(&format!("/v1.0/cycles/{CYCLE}")).await["Status"], "Paused");
    let property = "/v1.0/account/connectors/9001/properties/9101";
    assert_eq!(rig.call("DELETE", property, Value::Null).await.0, 200);
    assert_eq!(rig.call("DELETE", property, Value::Null).await.0, 404);
    assert_eq!(rig.call("GET", "/v1.0/account/connectors/nine", Value::Null).await.0, 400);
}

#[tokio::test]
async fn a_method_is_called_only_from_a_known_address() {
    // Nobody is known to the built-in world; the harbour knows this machine.
    let mut rig = Rig::with_account(stopped_clock()).await;
    let id = rig.install(CRM_TO_MAIL).await["Connectors"][0]["AccountConnectorId"].clone();
    let path = format!("/v1.0/account/connectors/{id}/test/any");
    let text = "Unknown client IP Address: contact support to request access for this IP address";
    let gate = (403, json!({ "Message": text }));
    assert_eq!(rig.call("GET", &path, Value::Null).await, gate);
    rig = harbour().await;
    let who = "/v1.0/account/connectors/9001/methods/whoAmI";
    assert_eq!(rig.call("POST", who, json!({})).await, (200, json!({ "name": "Harbour master" })));
    let unknown = "/v1.0/account/connectors/9001/test/whoAreYou";
    assert_eq!(rig.call("GET", unknown, Value::Null).await.0, 404);
    assert_eq!(
        rig.call("PUT", "/v1.0/account/connectors/9001/deauthenticate", Value::Null).await.0,
        200
    );
    assert_eq!(rig.call("POST", who, json!({})).await.0, 400);
}

#[tokio::test]
async fn variables_are_added_changed_and_part_of_being_ready() {
    let rig = harbour().await;
    let all = format!("/v1.0/cycles/{CYCLE}/variables");
    let pier = json!({ "SystemName": "pier", "DisplayName": "Pier", "Value": null,
                       "MappingType": "StaticValue" });
    assert_eq!(rig.call("POST", &all, pier.clone()).await.0, 200);
    assert_eq!(rig.call("POST", &all, pier).await.0, 400);
    let lacks = rig.get(&format!("/v1.0/cycles/{CYCLE}/prerequisites")).await;
    assert_eq!((&lacks[0]["ObjectId"], &lacks[0]["ReasonCode"]), (&json!("pier"), &json!(0)));
    let other = json!({ "variable_lacking": "mapping" });
    assert_eq!(rig.call("PUT", "/_sandbox/variants", other).await.0, 200);
    let lacks = rig.get(&format!("/v1.0/cycles/{CYCLE}/prerequisites")).await;
    assert_eq!((&lacks[0]["ObjectId"], &lacks[0]["ReasonCode"]), (&json!("pier"), &json!(30)));
    let activate = format!("/v1.0/cycles/{CYCLE}/activate");
    let (status, told) = rig.call("PUT", &activate, json!({ "RunOnce": true })).await;
    assert_eq!(status, 400);
    assert_eq!(told["Message"], "Please set up all the steps correctly before starting the cycle.");
    let both =
        json!([{ "SystemName": "quay", "Value": "13" }, { "SystemName": "none", "Value": "1" }]);
    assert_eq!(rig.call("PATCH", &all, both).await.0, 404);
    assert_eq!(rig.get(&format!("{all}/quay")).await["Value"], "12");
    let both =
        json!([{ "SystemName": "QUAY", "Value": 13 }, { "SystemName": "pier", "Value": "1" }]);
    assert_eq!(rig.call("PATCH", &all, both).await.0, 200);
    assert_eq!(rig.get(&format!("{all}/quay")).await["Value"], "13");
    let one = format!("{all}/pier");
    assert_eq!(rig.call("PUT", &one, json!({ "Value": "2" })).await.1["Value"], "2");
    assert_eq!(rig.call("DELETE", &one, Value::Null).await.0, 200);
    assert_eq!(rig.call("GET", &one, Value::Null).await.0, 404);
}

#[tokio::test]
async fn what_runs_is_not_changed() {
    let rig = harbour().await;
    let cycle = format!("/v1.0/cycles/{CYCLE}");
    assert_eq!(
        rig.call("PUT", &format!("{cycle}/activate"), json!({ "Interval": 5 })).await.0,
        200
    );
    let before = rig.sandbox.world();
    let table = [
        ("PUT", cycle.clone(), json!({ "Name": "Other" })),
        ("PUT", format!("{cycle}/steps/{READ}"), json!({ "Name": "Other" })),
        ("PUT", format!("/v1.0/steps/{READ}/parameters/601"), json!({ "MappingType": "Ignore" })),
        ("PUT", format!("{cycle}/variables/quay"), json!({ "Value": "9" })),
        ("PATCH", format!("{cycle}/variables"), json!([{ "SystemName": "quay", "Value": "9" }])),
        ("POST", format!("{cycle}/variables"), json!({ "SystemName": "pier" })),
        ("DELETE", format!("{cycle}/variables/quay"), Value::Null),
    ];
    for (method, path, body) in &table {
        assert_eq!(rig.call(method, path, body.clone()).await.0, 409, "{method} {path}");
    }
    assert_eq!(rig.sandbox.world(), before);
    assert_eq!(rig.call("PUT", &format!("{cycle}/deactivate"), Value::Null).await.0, 200);
    for (method, path, body) in &table {
        assert_eq!(rig.call(method, path, body.clone()).await.0, 200, "{method} {path}");
    }
    let kind = json!({ "ActionType": "Wheel" });
    assert_eq!(rig.call("PUT", &format!("{cycle}/steps/{READ}"), kind).await.0, 400);
    assert_eq!(rig.get(&cycle).await["Name"], "Other");
}

#[tokio::test]
async fn a_template_that_is_not_finished_is_never_ready() {
    let rig = harbour().await;
    let path = "/v1.0/templates/0a000000-0000-4000-8000-000000000002/install";
    let cycle = rig.call("POST", path, json!({})).await.1;
    // It asks for a connector of its own although the account has one.
    let own = &cycle["Connectors"][0];
    assert!(own["AccountConnectorId"] != json!(9002) && own["Authenticated"] == json!(false));
    let set = format!("/v1.0/account/connectors/{}", own["AccountConnectorId"]);
    assert_eq!(rig.call("PUT", &set, json!({ "AuthValue": "k" })).await.0, 200);
    let id = cycle["Id"].as_str().unwrap();
    let lacks = rig.get(&format!("/v1.0/cycles/{id}/prerequisites")).await;
    let codes: Vec<_> = lacks.as_array().unwrap().iter().map(|one| &one["ReasonCode"]).collect();
    assert_eq!(codes, [&json!(11), &json!(33)]);
    assert_eq!(rig.call("PUT", &format!("/v1.0/cycles/{id}/activate"), json!({})).await.0, 400);
}

#[tokio::test]
async fn a_route_that_is_left_out_is_unknown() {
    let rig = harbour().await;
    let table = [
        ("POST", "/v1.0/accounts/north-7/launch"),
        ("GET", "/v1.0/templates/export"),
        ("GET", "/v1.0/cycles/upgradeable/all"),
    ];
    for (method, path) in table {
        let (status, told) = rig.call(method, path, Value::Null).await;
        assert!(status == 404 || status == 400, "{path}: {status} {told}");
    }
    assert_eq!(rig.call("POST", "/v1.0/accounts/north-7/launch", json!({})).await.0, 404);
}
