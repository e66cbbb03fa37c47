//! Every answer of every variant does what it says, over HTTP.

use chrono::TimeDelta;
use gangway::sandbox::{CRM_TO_MAIL, STORE_ONLY, Settings, Variants};
use reqwest::Response;
use serde_json::{Value, json};

use super::{ACCOUNT, Rig, stopped_clock};

/// A fresh sandbox that gives one answer.
async fn with(name: &str, answer: &str) -> Rig {
    let mut variants = Variants::default();
    variants.set(name, answer).unwrap();
    Rig::with_account(Settings { variants, ..stopped_clock() }).await
}

/// Statuses of one call under each answer of a question, in the order of the table.
async fn statuses(name: &str, call: impl AsyncFn(&Rig) -> u16) -> Vec<u16> {
    let question = Variants::questions().iter().find(|one| one.name == name).unwrap();
    let mut statuses = Vec::new();
    for (answer, _) in question.answers {
        statuses.push(call(&with(name, answer).await).await);
    }
    statuses
}

/// As the rig calls, with a header of its own for the account.
async fn in_account(rig: &Rig, account: Option<&str>) -> Response {
    let asked = rig.http.get(format!("{}/v1.0/cycles", rig.base)).bearer_auth(&rig.token);
    let asked = match account {
        Some(account) => asked.header("X-Cyclr-Account", account),
        None => asked,
    };
    asked.send().await.unwrap()
}

#[tokio::test]
async fn the_table_is_listed_set_and_put_back() {
    let rig = Rig::with_account(stopped_clock()).await;
    let shown = rig.get("/_sandbox/variants").await;
    assert_eq!(shown.as_array().unwrap().len(), Variants::questions().len());
    assert_eq!(shown[0]["name"], "second_create");
    assert_eq!(
        (&shown[0]["default"], &shown[0]["present"]),
        (&json!("refused"), &json!("refused"))
    );
    assert_eq!(shown[0]["values"][1]["value"], "conflict");
    let wanted = json!({ "second_create": "conflict", "default_page_size": 20 });
    let (status, set) = rig.call("PUT", "/_sandbox/variants", wanted).await;
    assert_eq!((status, &set[0]["present"]), (200, &json!("conflict")));
    for (wrong, why) in [
        (json!({ "default_page_size": 1000, "nonsense": "x" }), "no variant `nonsense`"),
        (
            json!({ "default_page_size": 1000, "second_create": "maybe" }),
            "refused, conflict, existing",
        ),
        (json!({ "second_create": true }), "is a word"),
        (json!([]), "not understood"),
    ] {
        let (status, told) = rig.call("PUT", "/_sandbox/variants", wrong).await;
        assert!(status == 400 && told["Message"].as_str().unwrap().contains(why), "{told}");
    }
    assert_eq!(rig.get("/_sandbox/variants").await, set, "all or none");
    assert_eq!(rig.call("DELETE", "/_sandbox/variants", Value::Null).await.0, 204);
    assert_eq!(rig.get("/_sandbox/variants").await, shown);
}

#[tokio::test]
async fn a_second_create_has_four_answers() {
    let again = json!({ "Id": ACCOUNT, "Name": "Other" });
    let post = async |rig: &Rig| rig.call("POST", "/v1.0/accounts", again.clone()).await.0;
    assert_eq!(statuses("second_create", post).await, [400, 409, 200, 200]);
    let rig = with("second_create", "existing").await;
    assert_eq!(rig.call("POST", "/v1.0/accounts", again.clone()).await.1["Name"], "Acme");
    let rig = with("second_create", "second_account").await;
    let made = rig.call("POST", "/v1.0/accounts", again).await.1;
    assert!(made["Name"] == "Other" && made["Id"] != ACCOUNT);
    assert_eq!(rig.get("/v1.0/accounts").await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn accounts_and_headers_are_answered_as_each_variant_says() {
    let nowhere = json!({ "Timezone": "Middle Earth" });
    let zone = async |rig: &Rig| {
        let path = format!("/v1.0/accounts/{ACCOUNT}");
        let known = json!({ "Timezone": "Europe/London" });
        assert_eq!(rig.call("PUT", &path, known).await.0, 200);
        rig.call("PUT", &path, nowhere.clone()).await.0
    };
    assert_eq!(statuses("unknown_timezone", zone).await, [200, 400]);
    let delete = async |rig: &Rig| {
        activate(rig, STORE_ONLY, json!({ "Interval": 60 })).await;
        rig.call("DELETE", &format!("/v1.0/accounts/{ACCOUNT}"), Value::Null).await.0
    };
    assert_eq!(statuses("delete_while_active", delete).await, [200, 409]);
    let without = async |rig: &Rig| in_account(rig, None).await.status().as_u16();
    assert_eq!(statuses("missing_account_header", without).await, [400, 401, 403, 404]);
    let unknown = async |rig: &Rig| {
        assert_eq!(in_account(rig, Some(ACCOUNT)).await.status(), 200);
        in_account(rig, Some("nobody")).await.status().as_u16()
    };
    assert_eq!(statuses("foreign_account", unknown).await, [404, 403, 401, 400]);
    let path = format!("/v1.0/accounts/{ACCOUNT}/signintoken");
    let nameless = async |rig: &Rig| rig.call("POST", &path, json!({})).await.0;
    assert_eq!(statuses("sign_in_without_username", nameless).await, [200, 400]);
}

#[tokio::test]
async fn a_token_for_one_account_may_or_may_not_sign_people_in() {
    let sign_in = async |rig: &Rig| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", gangway::sandbox::CLIENT_ID),
            ("client_secret", gangway::sandbox::CLIENT_SECRET),
            ("scope", "account:acme-42"),
        ];
        let asked = rig.http.post(format!("{}/oauth/token", rig.base)).form(&form);
        let token: Value = asked.send().await.unwrap().json().await.unwrap();
        let path = format!("{}/v1.0/accounts/{ACCOUNT}/signintoken", rig.base);
        let asked = rig.http.post(path).bearer_auth(token["access_token"].as_str().unwrap());
        asked.json(&json!({ "Username": "u" })).send().await.unwrap().status().as_u16()
    };
    assert_eq!(statuses("account_token_may_sign_in", sign_in).await, [200, 403]);
}

#[tokio::test]
async fn an_install_reuses_names_and_begins_as_each_variant_says() {
    for (answer, same) in [("reused", true), ("fresh", false)] {
        let rig = with("install_reuse", answer).await;
        let (first, second) = (rig.install(CRM_TO_MAIL).await, rig.install(CRM_TO_MAIL).await);
        assert_eq!(first["Connectors"] == second["Connectors"], same);
    }
    for (answer, name) in [("used", "Mine"), ("ignored", "CRM to mail")] {
        let rig = with("name_in_install", answer).await;
        let path = super::install_path();
        let cycle = rig.call("POST", &path, json!({ "Name": "Mine" })).await.1;
        assert_eq!(cycle["Name"] == "Mine", name == "Mine", "{cycle}");
    }
    for (answer, status) in [("paused", "Paused"), ("stopped", "Stopped"), ("active", "Active")] {
        let rig = with("installed_status", answer).await;
        assert_eq!(rig.install(CRM_TO_MAIL).await["Status"], status);
    }
}

#[tokio::test]
async fn credentials_and_properties_are_taken_as_each_variant_says() {
    let connector = async |rig: &Rig| {
        let cycle = rig.install(CRM_TO_MAIL).await;
        format!("/v1.0/account/connectors/{}", cycle["Connectors"][1]["AccountConnectorId"])
    };
    let set = async |rig: &Rig| {
        let path = connector(rig).await;
        rig.call("PUT", &path, json!({ "AuthValue": "wrong-key" })).await.0
    };
    assert_eq!(statuses("credential_check", set).await, [200, 400, 200]);
    let rig = with("credential_check", "left_open").await;
    let path = connector(&rig).await;
    rig.call("PUT", &path, json!({ "AuthValue": "wrong-key" })).await;
    assert_eq!(rig.get(&path).await["Authenticated"], false);
    rig.call("PUT", &path, json!({ "AuthValue": "right-key" })).await;
    assert_eq!(rig.get(&path).await["Authenticated"], true);

    for (answer, shown) in [("in_clear", json!("key")), ("hidden", Value::Null)] {
        let rig = with("credential_shown", answer).await;
        let path = connector(&rig).await;
        let (_, echoed) = rig.call("PUT", &path, json!({ "AuthValue": "key" })).await;
        assert_eq!(
            (&echoed["AuthValue"], &rig.get(&path).await["AuthValue"]),
            (&json!("key"), &shown)
        );
    }
    let mut lengths = Vec::new();
    let twice = async |rig: &Rig| {
        let path = format!("{}/properties", connector(rig).await);
        rig.call("POST", &path, json!({ "Name": "a", "Value": "1" })).await;
        rig.call("POST", &path, json!({ "Name": "a", "Value": "2" })).await.0
    };
    assert_eq!(statuses("property_twice", twice).await, [200, 400, 200]);
    for answer in ["added", "refused", "replaced"] {
        let rig = with("property_twice", answer).await;
        twice(&rig).await;
        let id = &rig.sandbox.world()["accounts"][0]["connectors"][1];
        lengths.push(id["properties"].as_array().unwrap().len());
    }
    assert_eq!(lengths, [2, 1, 1]);
}

#[tokio::test]
async fn the_browser_comes_back_to_what_each_variant_makes_of_the_address() {
    let given = "https://gangway.example/return/x?a=%2F";
    for (answer, back) in [
        ("as_given", given.to_owned()),
        ("merged", format!("{given}&result=success")),
        ("appended", format!("{given}?result=success")),
    ] {
        let rig = with("return_query", answer).await;
        let crm = rig.install(CRM_TO_MAIL).await["Connectors"][0]["AccountConnectorId"].clone();
        let state = rig.reach_consent(&crm, given).await;
        assert_eq!(rig.decide(&state, "allow").await.headers()["location"], back);
    }
}

#[tokio::test]
async fn a_sign_in_may_be_seen_only_later() {
    let rig = with("authenticated_lag", "ten_seconds").await;
    let crm = rig.install(CRM_TO_MAIL).await["Connectors"][0]["AccountConnectorId"].clone();
    let state = rig.reach_consent(&crm, "https://gangway.example/return").await;
    assert_eq!(rig.decide(&state, "allow").await.status(), 302);
    let path = format!("/v1.0/account/connectors/{crm}");
    rig.sandbox.advance(TimeDelta::seconds(9));
    rig.sandbox.wait_until_none_late().await;
    assert_eq!(rig.get(&path).await["Authenticated"], false);
    rig.sandbox.advance(TimeDelta::seconds(1));
    rig.sandbox.wait_until_none_late().await;
    assert_eq!(rig.get(&path).await["Authenticated"], true);
}

#[tokio::test]
async fn a_sign_in_may_be_seen_only_when_it_is_read_again() {
    let rig = with("authenticated_lag", "third_read").await;
    let crm = rig.install(CRM_TO_MAIL).await["Connectors"][0]["AccountConnectorId"].clone();
    let state = rig.reach_consent(&crm, "https://gangway.example/return").await;
    assert_eq!(rig.decide(&state, "allow").await.status(), 302);
    let path = format!("/v1.0/account/connectors/{crm}");
    for shows in [false, false, true, true] {
        assert_eq!(rig.get(&path).await["Authenticated"], shows);
    }
}

/// Installs, tells all that is wanted, and activates; gives the cycle's path.
async fn activate(rig: &Rig, template: uuid::Uuid, how: Value) -> String {
    let cycle = rig.install(template).await;
    let path = format!("/v1.0/cycles/{}", cycle["Id"].as_str().unwrap());
    for step in rig.get(&format!("{path}/steps")).await.as_array().unwrap() {
        let step = format!("/v1.0/steps/{}", step["Id"].as_str().unwrap());
        for lack in rig.get(&format!("{step}/prerequisites")).await.as_array().unwrap() {
            let said = json!({ "MappingType": "StaticValue", "Value": "v" });
            let field = format!("{step}/fieldmappings/{}", lack["ObjectId"]);
            assert_eq!(rig.call("PUT", &field, said).await.0, 200);
        }
    }
    let (status, told) = rig.call("PUT", &format!("{path}/activate"), how).await;
    assert!(status == 200 || status == 400, "{told}");
    path
}

#[tokio::test]
async fn activation_is_answered_as_each_variant_says() {
    let every_hour = json!({ "Interval": 60 });
    let early = async |rig: &Rig| {
        let cycle = rig.install(STORE_ONLY).await;
        let path = format!("/v1.0/cycles/{}", cycle["Id"].as_str().unwrap());
        let status = rig.call("PUT", &format!("{path}/activate"), every_hour.clone()).await.0;
        assert_eq!(rig.get(&path).await["Status"], "Paused");
        status
    };
    assert_eq!(statuses("activate_not_ready", early).await, [400, 409, 200]);
    let again = async |rig: &Rig| {
        let path = activate(rig, STORE_ONLY, every_hour.clone()).await;
        assert_eq!(rig.get(&path).await["Status"], "Active");
        rig.call("PUT", &format!("{path}/activate"), every_hour.clone()).await.0
    };
    assert_eq!(statuses("activate_active", again).await, [200, 400, 409]);
    let odd = async |rig: &Rig| {
        let path = activate(rig, STORE_ONLY, json!({ "Interval": 7 })).await;
        u16::from(rig.get(&path).await["Status"] == "Active")
    };
    assert_eq!(statuses("activate_bad_interval", odd).await, [1, 1, 0]);
    for (answer, status) in [("paused", "Paused"), ("stopped", "Stopped")] {
        let rig = with("run_once_status", answer).await;
        let path = activate(&rig, STORE_ONLY, json!({ "RunOnce": true })).await;
        assert_eq!(rig.get(&path).await["Status"], status);
    }
    let delete = async |rig: &Rig| {
        let path = activate(rig, STORE_ONLY, every_hour.clone()).await;
        assert_eq!(rig.call("DELETE", &path, Value::Null).await.0, 200);
        rig.call("DELETE", &path, Value::Null).await.0
    };
    assert_eq!(statuses("second_delete", delete).await, [404, 200]);
    let change = async |rig: &Rig| {
        let path = activate(rig, STORE_ONLY, every_hour.clone()).await;
        let step = rig.get(&format!("{path}/steps")).await[0]["Id"].as_str().unwrap().to_owned();
        let field =
            rig.get(&format!("/v1.0/steps/{step}/fieldmappings")).await[0]["Field"]["Id"].clone();
        let said = json!({ "MappingType": "StaticValue", "Value": "other" });
        rig.call("PUT", &format!("/v1.0/steps/{step}/fieldmappings/{field}"), said).await.0
    };
    assert_eq!(statuses("map_while_running", change).await, [409, 200]);
}

#[tokio::test]
async fn limits_are_kept_as_each_variant_says() {
    let id = async |rig: &Rig| {
        let long = json!({ "Id": "x".repeat(64), "Name": "Long" });
        assert_eq!(rig.call("POST", "/v1.0/accounts", long).await.0, 200);
        let strange = json!({ "Id": "strange one", "Name": "Strange" });
        let strange = rig.call("POST", "/v1.0/accounts", strange).await.0;
        let longer = json!({ "Id": "x".repeat(65), "Name": "Longer" });
        assert_eq!(rig.call("POST", "/v1.0/accounts", longer).await.0, strange);
        strange
    };
    assert_eq!(statuses("account_id_limits", id).await, [200, 400]);
    let value = async |rig: &Rig| {
        let cycle = rig.install(STORE_ONLY).await;
        let path = format!("/v1.0/cycles/{}/steps", cycle["Id"].as_str().unwrap());
        let step = rig.get(&path).await[0]["Id"].as_str().unwrap().to_owned();
        let path = format!("/v1.0/steps/{step}/fieldmappings");
        let field = rig.get(&path).await[0]["Field"]["Id"].clone();
        let said = |length| json!({ "MappingType": "StaticValue", "Value": "ä".repeat(length) });
        let path = format!("{path}/{field}");
        assert_eq!(rig.call("PUT", &path, said(255)).await.0, 200);
        rig.call("PUT", &path, said(256)).await.0
    };
    assert_eq!(statuses("value_length", value).await, [200, 400]);
    let without = async |rig: &Rig| {
        let path = activate(rig, STORE_ONLY, json!({ "RunOnce": true })).await;
        assert_ne!(rig.get(&path).await["LastSuccessfulRunDate"], "0001-01-01T00:00:00");
        rig.call("PUT", &format!("{path}/activate"), json!({ "RunOnce": false })).await.0
    };
    assert_eq!(statuses("activate_no_interval", without).await, [200, 400]);
    for (answer, status) in [("paused", "Paused"), ("stopped", "Stopped")] {
        let rig = with("deactivated_status", answer).await;
        let path = activate(&rig, STORE_ONLY, json!({ "Interval": 60 })).await;
        assert_eq!(rig.call("PUT", &format!("{path}/deactivate"), Value::Null).await.0, 200);
        assert_eq!(rig.get(&path).await["Status"], status);
    }
}

#[tokio::test]
async fn lists_are_cut_as_each_variant_says() {
    let fill = async |rig: &Rig| {
        for number in 0..29 {
            let said = json!({ "Id": format!("more-{number}"), "Name": "More" });
            rig.call("POST", "/v1.0/accounts", said).await;
        }
        rig.send("GET", "/v1.0/accounts", Value::Null).await.unwrap()
    };
    for (answer, length, pages) in [("100", 30, "1"), ("20", 20, "2"), ("1000", 30, "1")] {
        let rig = with("default_page_size", answer).await;
        let listed = fill(&rig).await;
        assert_eq!(listed.headers()["total-pages"], pages);
        assert_eq!(listed.json::<Value>().await.unwrap().as_array().unwrap().len(), length);
    }
    let rig = with("total_pages_header", "absent").await;
    assert!(fill(&rig).await.headers().get("total-pages").is_none());
}

#[tokio::test]
async fn earlier_fields_are_listed_flat_or_by_step() {
    for (answer, grouped) in [("flat", false), ("grouped", true)] {
        let rig = with("fields_for_mapping", answer).await;
        let cycle = rig.install(CRM_TO_MAIL).await;
        let path = format!("/v1.0/cycles/{}/steps", cycle["Id"].as_str().unwrap());
        let steps = rig.get(&path).await;
        let path = format!("/v1.0/steps/{}/fieldsformapping", steps[1]["Id"].as_str().unwrap());
        let listed = rig.get(&path).await;
        let by_step = listed.as_array().unwrap().iter().all(|one| one["Fields"].is_array());
        assert_eq!(by_step && listed != json!([]), grouped, "{listed:#?}");
    }
}
