//! Documented statuses and bodies, from the token to the active cycle.

use chrono::TimeDelta;
use gangway::sandbox::{CRM_TO_MAIL, NIGHTLY_LEDGER, STORE_ONLY, Sandbox, Settings};
use serde_json::{Value, json};
use url::Url;

use super::{ACCOUNT, Rig, stopped_clock};

#[tokio::test]
async fn a_token_is_told_as_observed_and_nothing_works_without_it() {
    let mut rig = Rig::with_account(stopped_clock()).await;
    let token = rig.sign_in().await;
    assert_eq!(token["token_type"], "bearer");
    assert_eq!(token["expires_in"], 1_209_599);
    assert_eq!(token[".refresh"], "False");
    assert_eq!(token[".issued"], "Sun, 01 Mar 2026 10:00:00 GMT");
    assert_eq!(token[".expires"], "Sun, 15 Mar 2026 09:59:59 GMT");
    let form = [("grant_type", "client_credentials"), ("client_id", "x"), ("client_secret", "y")];
    let asked =
        rig.http.post(format!("{}/oauth/token", rig.base)).form(&form).send().await.unwrap();
    assert_eq!(asked.status(), 400);
    assert_eq!(asked.text().await.unwrap(), r#"{"error":"invalid_client"}"#);

    let denied = (401, json!({ "Message": "Authorization has been denied for this request." }));
    rig.sandbox.advance(TimeDelta::days(14));
    assert_eq!(rig.call("GET", "/v1.0/cycles", Value::Null).await, denied);
    rig.token = "forged".to_owned();
    assert_eq!(rig.call("GET", "/v1.0/templates", Value::Null).await, denied);
}

#[tokio::test]
async fn an_account_is_made_once_changed_in_part_and_deleted() {
    let rig = Rig::with_account(stopped_clock()).await;
    let again = json!({ "Id": ACCOUNT, "Name": "Other" });
    let used = (400, json!({ "Message": "ID already in use" }));
    assert_eq!(rig.call("POST", "/v1.0/accounts", again).await, used);
    let (status, told) = rig.call("POST", "/v1.0/accounts", json!({ "Id": "b" })).await;
    assert_eq!((status, &told["Message"]), (400, &json!("Name is required")));

    let path = format!("/v1.0/accounts/{ACCOUNT}");
    let (_, changed) = rig.call("PUT", &path, json!({ "AUDITINFO": "mark" })).await;
    assert_eq!((&changed["Name"], &changed["AuditInfo"]), (&json!("Acme"), &json!("mark")));
    assert_eq!(changed["CreatedDate"], "2026-03-01T10:00:00.1234567Z");
    let hours = json!({ "StepDataSuccessRetentionHours": -10, "AuditInfo": "lost" });
    let (status, told) = rig.call("PUT", &path, hours).await;
    assert_eq!(status, 400);
    assert_eq!(told["Message"], "StepDataSuccessRetentionHours (-10): must be non negative");
    assert_eq!(rig.get(&path).await, changed);

    assert_eq!(rig.call("DELETE", &path, Value::Null).await.0, 200);
    assert_eq!(rig.call("GET", &path, Value::Null).await.0, 404);
    assert_eq!(rig.call("GET", "/v1.0/cycles", Value::Null).await.0, 404);
}

#[tokio::test]
async fn every_install_makes_a_cycle_and_reuses_the_connectors() {
    let rig = Rig::with_account(stopped_clock()).await;
    let (first, second) = (rig.install(CRM_TO_MAIL).await, rig.install(CRM_TO_MAIL).await);
    assert_ne!(first["Id"], second["Id"]);
    assert_eq!(first["Connectors"], second["Connectors"]);
    assert_eq!(first["Status"], "Paused");
    assert_eq!(first["LastSuccessfulRunDate"], "0001-01-01T00:00:00");
    assert!(first.get("Steps").is_none());
    let path = format!("/v1.0/cycles/{}", first["Id"].as_str().unwrap());
    assert_eq!(rig.call("DELETE", &path, Value::Null).await.0, 200);
    let listed = rig.get("/v1.0/cycles?pageSize=1").await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["Status"], "DeleteScheduled");
    assert_eq!(rig.get("/v1.0/cycles?page=2&pageSize=1").await[0]["Id"], second["Id"]);
    assert_eq!(rig.get("/v1.0/cycles?page=3&pageSize=1").await, json!([]));
    assert_eq!(rig.call("GET", "/v1.0/cycles/nonsense", Value::Null).await.0, 400);
    let unknown = format!("/v1.0/templates/{}/install", uuid::Uuid::new_v4());
    assert_eq!(rig.call("POST", &unknown, json!({})).await.0, 404);
}

#[tokio::test]
async fn from_installed_to_active() {
    let rig = Rig::with_account(stopped_clock()).await;
    let cycle = rig.install(CRM_TO_MAIL).await;
    let path = format!("/v1.0/cycles/{}", cycle["Id"].as_str().unwrap());
    let activate = format!("{path}/activate");
    let (status, told) = rig.call("PUT", &activate, json!({ "Interval": 60 })).await;
    let text = "Please set up all the steps correctly before starting the cycle.";
    assert_eq!((status, &told["Message"]), (400, &json!(text)));
    let lacks = rig.get(&format!("{path}/prerequisites")).await;
    let codes: Vec<_> = lacks.as_array().unwrap().iter().map(|one| &one["ReasonCode"]).collect();
    assert_eq!(codes, [20, 20, 30, 30]);

    allow(&rig, &cycle["Connectors"][0]["AccountConnectorId"]).await;
    let mail = &cycle["Connectors"][1]["AccountConnectorId"];
    let key = json!({ "authvalue": "key-123" });
    let (_, stored) = rig.call("PUT", &format!("/v1.0/account/connectors/{mail}"), key).await;
    assert_eq!((&stored["AuthValue"], &stored["Authenticated"]), (&json!("key-123"), &json!(true)));
    map_everything_required(&rig, &path).await;

    assert_eq!(rig.get(&format!("{path}/prerequisites")).await, json!([]));
    assert_eq!(rig.call("PUT", &activate, json!({ "Interval": 60 })).await.0, 200);
    assert_eq!(rig.get(&path).await["Status"], "Active");
    let world = rig.sandbox.world();
    assert_eq!(world["accounts"][0]["cycles"][0]["activations"], 1);
    assert_eq!(world["accounts"][0]["connectors"][1]["AuthValue"], "set");
    assert!(!world.to_string().contains("key-123"));

    let step = rig.get(&format!("{path}/steps")).await[1]["Id"].as_str().unwrap().to_owned();
    let late = json!({ "MappingType": "StaticValue", "Value": "late" });
    let field = format!("/v1.0/steps/{step}/fieldmappings/283701");
    assert_eq!(rig.call("PUT", &field, late).await.0, 409);
    let closed = format!("/v1.0/account/connectors/{mail}/deauthenticate");
    let told = json!({ "Message": "Connector 'Parcel Mail' successfully de-authenticated." });
    assert_eq!(rig.call("PUT", &closed, Value::Null).await, (200, told));
    assert_eq!(rig.get(&path).await["Status"], "Paused");
}

/// Through the browser: nothing opens before Allow, the way back is as given, once.
async fn allow(rig: &Rig, connector: &Value) {
    let back = "https://gangway.example/return/x?a=%2F&b=1";
    let consent = rig.reach_consent(connector, back).await;
    let path = format!("/v1.0/account/connectors/{connector}");
    assert_eq!(rig.get(&path).await["Authenticated"], false);
    let returned = rig.decide(&consent, "allow").await;
    assert_eq!(returned.status(), 302);
    assert_eq!(returned.headers()["location"], back);
    assert_eq!(rig.get(&path).await["Authenticated"], true);
    assert_eq!(rig.decide(&consent, "allow").await.status(), 400);
}

/// Asks each step what it lacks and says it, the way the documents show.
async fn map_everything_required(rig: &Rig, cycle: &str) {
    for step in rig.get(&format!("{cycle}/steps")).await.as_array().unwrap() {
        let step = format!("/v1.0/steps/{}", step["Id"].as_str().unwrap());
        for lack in rig.get(&format!("{step}/prerequisites")).await.as_array().unwrap() {
            let (kind, object) = match lack["ReasonCode"].as_i64() {
                Some(40) => ("parameters", "Parameter"),
                Some(41) => ("fieldmappings", "ConnectorFieldMapping"),
                other => panic!("unexpected reason {other:?}"),
            };
            assert_eq!(lack["ObjectType"], object);
            let path = format!("{step}/{kind}/{}", lack["ObjectId"]);
            let told = json!({ "MappingType": "StaticValue", "Value": "Sales" });
            let (status, echoed) = rig.call("PUT", &path, told).await;
            assert_eq!((status, &echoed["Value"]), (200, &json!("Sales")));
        }
    }
}

#[tokio::test]
async fn a_cycle_without_a_closed_connector_needs_only_its_mapping() {
    let rig = Rig::with_account(stopped_clock()).await;
    let cycle = rig.install(STORE_ONLY).await;
    assert_eq!(cycle["Connectors"][0]["Authenticated"], true);
    let path = format!("/v1.0/cycles/{}", cycle["Id"].as_str().unwrap());
    map_everything_required(&rig, &path).await;
    assert_eq!(rig.get(&format!("{path}/prerequisites")).await, json!([]));
}

#[tokio::test]
async fn a_sign_in_token_works_once_and_for_five_minutes() {
    let rig = Rig::with_account(stopped_clock()).await;
    let crm = rig.install(CRM_TO_MAIL).await["Connectors"][0]["AccountConnectorId"].clone();
    let back = [("targetOrigin", "https://gangway.example/return")];
    let token = rig.mint().await;
    assert!(['+', '/', '='].iter().all(|sign| token.contains(*sign)));
    assert_eq!(rig.open(&crm, &token, &back).await.status(), 302);
    let used = rig.open(&crm, &token, &back).await;
    assert_eq!(used.status(), 403);
    assert!(used.text().await.unwrap().contains("403 - Forbidden: Access is denied."));

    let token = rig.mint().await;
    rig.sandbox.advance(TimeDelta::minutes(5));
    assert_eq!(rig.open(&crm, &token, &back).await.status(), 403);

    // An address that cannot be followed does not spend the token.
    let token = rig.mint().await;
    let script = [("targetOrigin", "javascript:alert(1)")];
    assert_eq!(rig.open(&crm, &token, &script).await.status(), 400);
    assert_eq!(rig.open(&crm, &token, &back).await.status(), 302);
    assert_eq!(rig.open(&json!(1), &rig.mint().await, &back).await.status(), 403);
}

#[tokio::test]
async fn a_refused_consent_ends_on_the_error_page_and_opens_nothing() {
    let rig = Rig::with_account(stopped_clock()).await;
    let crm = rig.install(CRM_TO_MAIL).await["Connectors"][0]["AccountConnectorId"].clone();
    for (decision, error) in [("deny", "access_denied"), ("needs_admin", "consent_required")] {
        let consent = rig.reach_consent(&crm, "https://gangway.example/return").await;
        let page = rig.decide(&consent, decision).await;
        assert_eq!(page.status(), 200);
        let text = page.text().await.unwrap();
        assert!(text.contains("Connector callback error") && text.contains(error));
        assert!(!text.contains("gangway.example"));
        assert_eq!(rig.decide(&consent, "allow").await.status(), 400);
    }
    assert_eq!(rig.sandbox.world()["accounts"][0]["connectors"][0]["Authenticated"], false);
}

#[tokio::test]
async fn the_world_outlives_the_sandbox() {
    let folder = std::env::temp_dir().join(format!("gangway-sandbox-{}", uuid::Uuid::new_v4()));
    let file = folder.join("world.json");
    // The two listen on different ports, but people know them under one address.
    let domain = Url::parse("http://sandbox.example").ok();
    let kept = || Settings {
        kept_in: Some(file.clone()),
        service_domain: domain.clone(),
        ..stopped_clock()
    };
    let mut rig = Rig::with_account(kept()).await;
    let crm = rig.install(CRM_TO_MAIL).await["Connectors"][0]["AccountConnectorId"].clone();
    let consent = rig.reach_consent(&crm, "https://gangway.example/return").await;
    let (before, token) = (rig.sandbox.world(), rig.token);

    rig = Rig::new(kept()).await;
    assert_eq!(rig.sandbox.world(), before);
    rig.token = token;
    assert_eq!(rig.decide(&consent, "allow").await.status(), 302);
    rig.install(STORE_ONLY).await;
    let world = rig.sandbox.world();
    assert_eq!(Sandbox::open(kept()).map(|again| again.world()).unwrap(), world);

    std::fs::write(&file, "{ \"format\": 1, \"wor").unwrap();
    let told = Sandbox::open(kept()).err().unwrap().to_string();
    assert!(told.contains(file.to_str().unwrap()) && told.contains("damaged"), "{told}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_connector_that_fetches_its_own_token_needs_its_properties_first() {
    let rig = Rig::with_account(stopped_clock()).await;
    let cycle = rig.install(NIGHTLY_LEDGER).await;
    let crm = &cycle["Connectors"][0]["AccountConnectorId"];
    let path = format!("/v1.0/cycles/{}/steps", cycle["Id"].as_str().unwrap());
    let step = rig.get(&path).await[0]["Id"].as_str().unwrap().to_owned();
    let lookup = format!("/v1.0/steps/{step}/parameters/16021/lookup");
    assert_eq!(rig.call("POST", &lookup, json!({ "TriggerId": 1 })).await.0, 404);
    assert_eq!(rig.call("POST", &lookup, json!({ "TriggerId": 36601 })).await.0, 400);
    allow(&rig, crm).await;
    let (_, choices) = rig.call("POST", &lookup, json!({ "TriggerId": 36601 })).await;
    assert_eq!(choices[1], json!({ "Name": "Renewals", "Value": "board-2" }));

    let ledger = &cycle["Connectors"][1]["AccountConnectorId"];
    let path = format!("/v1.0/account/connectors/{ledger}");
    let (_, shown) = rig.call("PUT", &path, json!({ "AuthValue": "{}" })).await;
    assert_eq!(shown["Authenticated"], false);
    let id = json!({ "Name": "ClientId", "Value": "id-1" });
    let (_, added) = rig.call("POST", &format!("{path}/properties"), id).await;
    let secret = json!({ "Properties": [{ "Name": "ClientSecret", "Value": "hush-hush" }] });
    let (_, shown) = rig.call("PUT", &path, secret).await;
    assert_eq!(shown["Authenticated"], true);
    assert!(!rig.sandbox.world().to_string().contains("hush-hush"));
    let property = format!("{path}/properties/{}", added["Id"]);
    rig.call("PUT", &property, json!({ "Value": "id-2" })).await;
    assert_eq!(rig.get(&property).await["Value"], "id-2");
    assert_eq!(rig.get(&format!("{path}/properties")).await.as_array().unwrap().len(), 2);
}
