//! The record of calls, duplicates in the world, the clock and the way back to the beginning.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use gangway::sandbox::{CRM_TO_MAIL, Fault, FaultKind, Settings, TIDE_STORE};
use serde_json::{Value, json};

use super::{ACCOUNT, Rig, install_path, stopped_clock};

#[tokio::test]
async fn a_call_is_told_with_who_when_and_what_came_of_it() {
    let rig = Rig::with_account(stopped_clock()).await;
    rig.sandbox.advance(TimeDelta::seconds(5));
    rig.inject(FaultKind::StallAfter { seconds: 0.02 });
    let cycle = rig.install(CRM_TO_MAIL).await;
    rig.get("/v1.0/cycles?pageSize=7&tag=hush").await;
    rig.call("GET", "/v1.0/cycles/nonsense", Value::Null).await;
    let heard = rig.get("/_sandbox/calls").await;
    let [token, made, installed, listed, refused] = heard.as_array().unwrap().as_slice() else {
        panic!("{heard:#?}");
    };
    assert_eq!((&token["path"], &token["caller"]), (&json!("/oauth/token"), &Value::Null));
    assert_eq!(made["effect"], format!("created account {ACCOUNT}"));
    assert_eq!(made["at"], "2026-03-01T10:00:00.123456700Z");
    assert_eq!(installed["at"], "2026-03-01T10:00:05.123456700Z");
    assert_eq!(installed["effect"], format!("installed cycle {}", cycle["Id"].as_str().unwrap()));
    assert_eq!(installed["fault"], json!({ "number": 1, "kind": "stall_after" }));
    assert_eq!(installed["account"], ACCOUNT);
    assert!(installed["took_micros"].as_u64().unwrap() >= 20_000, "{installed}");
    assert_eq!(listed["query"], json!(["pageSize", "tag"]));
    assert_eq!(listed["effect"], "nothing");
    assert_eq!((&refused["effect"], &refused["performed"]), (&json!("refused"), &json!(false)));
    let caller = made["caller"].as_str().unwrap();
    assert!(
        caller.starts_with("sandbox-client token ") && refused["caller"] == caller,
        "{heard:#?}"
    );
    let text = heard.to_string();
    assert!(!text.contains(&rig.token) && !text.contains("hush"), "{text}");
}

#[tokio::test]
async fn a_call_that_is_performed_late_says_what_it_did_without_a_status() {
    let rig = Rig::with_account(stopped_clock()).await;
    rig.inject(FaultKind::CommitLate { seconds: 9.0 });
    assert!(rig.send("POST", &install_path(), json!({})).await.is_err());
    let last = || rig.sandbox.calls().pop().unwrap();
    assert_eq!((last().effect, last().status, last().took_micros), (None, None, None));
    rig.sandbox.advance(TimeDelta::seconds(9));
    rig.sandbox.wait_until_none_late().await;
    assert_eq!(last().status, None);
    assert!(last().effect.unwrap().to_string().starts_with("installed cycle "));
}

#[tokio::test]
async fn calls_are_filtered_and_paged_from_the_newest() {
    let rig = Rig::with_account(stopped_clock()).await;
    for _ in 0..4 {
        rig.sandbox.advance(TimeDelta::seconds(60));
        rig.get("/v1.0/templates").await;
    }
    rig.install(CRM_TO_MAIL).await;
    let asked = async |query: &str| {
        let heard = rig.get(&format!("/_sandbox/calls?{query}")).await;
        let numbers = heard.as_array().unwrap().iter().map(|call| call["number"].as_u64().unwrap());
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(asked("").await, [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(asked("method=post").await, [0, 1, 6]);
    assert_eq!(asked("path=/v1.0/templates").await, [2, 3, 4, 5, 6]);
    assert_eq!(asked("account=nobody").await, [0; 0]);
    assert_eq!(asked("since=2026-03-01T10:03:00Z").await, [4, 5, 6]);
    assert_eq!(asked("limit=2").await, [5, 6]);
    assert_eq!(asked("limit=2&before=5").await, [3, 4]);
    for wrong in ["since=yesterday", "limit=-1", "before=x"] {
        let path = format!("/_sandbox/calls?{wrong}");
        assert_eq!(rig.call("GET", &path, Value::Null).await.0, 400, "{wrong}");
    }
    assert_eq!(rig.call("DELETE", "/_sandbox/calls", Value::Null).await.0, 204);
    assert_eq!(asked("").await, [0; 0]);
}

#[tokio::test]
async fn whatever_should_be_there_once_and_is_there_twice_is_listed() {
    let rig = Rig::with_account(stopped_clock()).await;
    let duplicates = async || rig.get("/_sandbox/world").await["duplicates"].clone();
    let cycle = rig.install(gangway::sandbox::STORE_ONLY).await;
    assert_eq!(duplicates().await, json!([]));

    for id in ["x", "y"] {
        let marked = json!({ "Id": id, "Name": id, "AuditInfo": "ours" });
        assert_eq!(rig.call("POST", "/v1.0/accounts", marked).await.0, 200);
    }
    rig.install(gangway::sandbox::STORE_ONLY).await;
    let connector = cycle["Connectors"][0]["AccountConnectorId"].clone();
    let properties = format!("/v1.0/account/connectors/{connector}/properties");
    for name in ["Shop", "shop"] {
        let said = json!({ "Name": name, "Value": "1" });
        assert_eq!(rig.call("POST", &properties, said).await.0, 200);
    }
    let path = format!("/v1.0/cycles/{}", cycle["Id"].as_str().unwrap());
    for step in rig.get(&format!("{path}/steps")).await.as_array().unwrap() {
        let step = format!("/v1.0/steps/{}", step["Id"].as_str().unwrap());
        for lack in rig.get(&format!("{step}/prerequisites")).await.as_array().unwrap() {
            let said = json!({ "MappingType": "StaticValue", "Value": "v" });
            rig.call("PUT", &format!("{step}/fieldmappings/{}", lack["ObjectId"]), said).await;
        }
    }
    for _ in 0..2 {
        let once = json!({ "RunOnce": true });
        assert_eq!(rig.call("PUT", &format!("{path}/activate"), once).await.0, 200);
    }
    let found = duplicates().await;
    let what = found.as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap());
    assert_eq!(what.collect::<Vec<_>>(), ["account", "cycle", "single_run", "property"]);
    assert_eq!(found[0]["ids"], json!(["x", "y"]));
    assert_eq!((&found[2]["of"], &found[2]["times"]), (&cycle["Id"], &json!(2)));
    assert_eq!((&found[3]["of"], &found[3]["name"]), (&connector, &json!("shop")));
    assert_eq!(cycle["Connectors"][0]["Id"], TIDE_STORE);

    // What lies in the recycle bin is no duplicate.
    assert_eq!(rig.call("DELETE", &path, Value::Null).await.0, 200);
    assert!(duplicates().await.as_array().unwrap().iter().all(|one| one["what"] != "cycle"));
}

#[tokio::test]
async fn the_clock_is_moved_by_seconds_and_to_a_date() {
    let rig = Rig::with_account(stopped_clock()).await;
    let shown = rig.get("/_sandbox/clock").await;
    assert_eq!((&shown["stands_still"], &shown["moved_by_seconds"]), (&json!(true), &json!(0)));
    let to = json!({ "to": "2026-03-02T00:00:00Z" });
    let moved = rig.call("POST", "/_sandbox/clock", to).await.1;
    assert_eq!(moved["now"], "2026-03-02T00:00:00Z");
    for wrong in [
        json!({}),
        json!({ "advance_seconds": 1, "to": "2026-03-02T00:00:00Z" }),
        json!({ "advance_seconds": 400_000_000 }),
        json!({ "to": "tomorrow" }),
        json!({ "by": 3 }),
    ] {
        let (status, told) = rig.call("POST", "/_sandbox/clock", wrong).await;
        assert!(status == 400 && told["Message"].is_string(), "{told}");
    }
    assert_eq!(rig.get("/_sandbox/clock").await, moved);
}

#[tokio::test]
async fn the_systems_clock_can_be_stepped_as_well_and_what_is_due_happens() {
    let rig = Rig::with_account(Settings::default()).await;
    rig.inject(FaultKind::CommitLate { seconds: 3600.0 });
    assert!(rig.send("POST", &install_path(), json!({})).await.is_err());
    let now = async || -> DateTime<Utc> {
        rig.get("/_sandbox/clock").await["now"].as_str().unwrap().parse().unwrap()
    };
    let before = now().await;
    let hour = json!({ "advance_seconds": 3600 });
    assert_eq!(rig.call("POST", "/_sandbox/clock", hour).await.0, 200);
    let passed = now().await - before;
    assert!((3600..3700).contains(&passed.num_seconds()), "{passed}");
    rig.sandbox.wait_until_none_late().await;
    assert_eq!((rig.cycles(), rig.last()), (1, (None, true)));
    // Tokens age with it.
    let fortnight = json!({ "advance_seconds": 14 * 24 * 3600 });
    rig.call("POST", "/_sandbox/clock", fortnight).await;
    assert_eq!(rig.call("GET", "/v1.0/templates", Value::Null).await.0, 401);
}

#[tokio::test]
async fn a_reset_leaves_the_world_of_the_beginning_and_nothing_else() {
    let drip = Fault::once("GET", "/v1.0/connectors", FaultKind::DropBefore);
    let mut rig = Rig::with_account(Settings { faults: vec![drip], ..stopped_clock() }).await;
    rig.install(CRM_TO_MAIL).await;
    rig.inject(FaultKind::CommitLate { seconds: 10.0 });
    assert!(rig.send("POST", &install_path(), json!({})).await.is_err());
    rig.inject(FaultKind::DropBefore);
    rig.call("PUT", "/_sandbox/variants", json!({ "second_create": "conflict" })).await;
    assert_eq!(rig.call("POST", "/_sandbox/reset", Value::Null).await.0, 200);

    let world = rig.get("/_sandbox/world").await;
    assert_eq!(world["accounts"], json!([]));
    assert_eq!(rig.get("/_sandbox/calls").await, json!([]));
    let faults = rig.get("/_sandbox/faults").await;
    let kinds: BTreeSet<_> =
        faults.as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(["drop_before"]));
    assert_eq!(faults[0]["path"], "/v1.0/connectors");
    assert_eq!(rig.sandbox.variants(), gangway::sandbox::Variants::default());
    assert_eq!(rig.call("GET", "/v1.0/templates", Value::Null).await.0, 401, "tokens are dead");
    rig.renew_token().await;
    rig.sandbox.advance(TimeDelta::seconds(20));
    rig.sandbox.wait_until_none_late().await;
    assert_eq!(
        rig.get("/_sandbox/world").await["accounts"],
        json!([]),
        "the late call is forgotten"
    );
}
