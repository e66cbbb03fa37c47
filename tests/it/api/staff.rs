//! What staff order through the API beside trying again: what it takes, refuses and shows.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::door::{Door, dawn_plus, signup};
use super::more_orders::{last_event, two_questions};
use super::orders::work;

async fn listed(door: &Door, query: &str) -> usize {
    let page = door.get(&format!("/v1/onboardings?{query}")).await.json();
    page["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn somebody_looks_after_it_until_it_is_over() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    let path = format!("/v1/onboardings/{id}");
    let assign = async |name: Value| {
        door.post(&format!("{path}/assign"), &json!({ "assignee": name })).await
    };
    let assigned = assign(json!(" Ada Lovelace ")).await.json();
    assert_eq!(
        (&assigned["assignee"], &assigned["status"]),
        (&json!("Ada Lovelace"), &json!("running"))
    );
    let line = last_event(&door, &id).await;
    assert_eq!(
        (&line["kind"], &line["detail"]["assignee"]),
        (&json!("assigned"), &json!("Ada Lovelace"))
    );
    assert_eq!(listed(&door, "assignee=Ada%20Lovelace").await, 1);
    assert_eq!(listed(&door, "assignee=Ada").await, 0);
    for name in [json!(""), json!("  "), json!("a\nb"), json!("x".repeat(101))] {
        assert_eq!(assign(name.clone()).await.pointers("invalid"), ["/assignee"], "{name}");
    }
    assert_eq!(
        door.post(&format!("{path}/assign"), &json!({})).await.pointers("invalid"),
        ["/assignee"]
    );
    assert_eq!(assign(Value::Null).await.json()["assignee"], Value::Null, "nobody any more");
    assign(json!("ada")).await;
    let over = door.post(&format!("{path}/cancel"), &json!({ "reason": "x" })).await.json();
    assert_eq!(over["assignee"], Value::Null);
    assert_eq!(assign(json!("ada")).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn it_is_put_off_until_then_or_until_it_moves() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    let path = format!("/v1/onboardings/{id}/snooze");
    let until = json!("2026-03-04T09:00:00Z");
    let body = json!({ "until": until, "reason": "They are on holiday." });
    assert_eq!(door.post(&path, &body).await.json()["snoozed_until"], until);
    assert_eq!(last_event(&door, &id).await["detail"], body);
    assert_eq!((listed(&door, "snoozed=true").await, listed(&door, "snoozed=false").await), (1, 0));
    let longest = json!({ "until": dawn_plus(367) });
    assert_eq!(door.post(&path, &longest).await.pointers("invalid"), ["/until"]);
    let past = json!({ "until": dawn_plus(-1) });
    assert_eq!(door.post(&path, &past).await.status, StatusCode::CONFLICT);
    // It moves: whoever put it off did not know of this.
    work(&door, two_questions()).await;
    let moved = door.get(&format!("/v1/onboardings/{id}")).await.json();
    assert_eq!((&moved["status"], &moved["snoozed_until"]), (&json!("waiting"), &Value::Null));
    // And by itself, when the time has come.
    door.post(&path, &body).await;
    door.clock.advance(chrono::TimeDelta::days(2));
    assert_eq!((listed(&door, "snoozed=true").await, listed(&door, "snoozed=false").await), (0, 1));
}

#[tokio::test]
async fn what_is_offered_is_taken_and_nothing_else() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    work(&door, two_questions()).await;
    let path = format!("/v1/onboardings/{id}");
    let offered = door.get(&path).await.json()["allowed_actions"].clone();
    assert_eq!(
        offered,
        json!([
            "answer",
            "skip",
            "restart_from",
            "cancel",
            "rotate_link",
            "revoke_link",
            "extend_link",
            "note",
            "assign",
            "snooze",
            "offboard",
        ])
    );
    for (verb, body, expected) in [
        ("retry", json!({ "reason": "They called." }), StatusCode::CONFLICT),
        ("skip", json!({ "reason": "x", "connector_id": "36001" }), StatusCode::CONFLICT),
        ("skip", json!({ "reason": "x", "connector_id": "one" }), StatusCode::UNPROCESSABLE_ENTITY),
        ("skip", json!({ "reason": "" }), StatusCode::UNPROCESSABLE_ENTITY),
        ("skip", json!({}), StatusCode::UNPROCESSABLE_ENTITY),
        ("restart_from", json!({ "step": "activate", "reason": "x" }), StatusCode::CONFLICT),
        (
            "restart_from",
            json!({ "step": "live", "reason": "x" }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ("restart_from", json!({ "step": "map" }), StatusCode::UNPROCESSABLE_ENTITY),
        ("restart_from", json!({ "step": "map", "reason": "Wrong." }), StatusCode::OK),
        ("skip", json!({ "reason": "They map it at Cyclr." }), StatusCode::OK),
    ] {
        let answer = door.post(&format!("{path}/{verb}"), &body).await;
        assert_eq!(answer.status, expected, "{verb} {body}: {}", answer.text);
    }
    let events = door.get(&format!("{path}/events")).await.json();
    let told: Vec<_> = events["data"].as_array().unwrap().iter().rev().take(2).collect();
    assert_eq!(told[1]["detail"], json!({ "from": "map", "ask_again": false, "reason": "Wrong." }));
    assert_eq!((&told[1]["kind"], &told[0]["kind"]), (&json!("restarted"), &json!("skipped")));
    let shown = door.get(&path).await.json();
    assert_eq!(
        (&shown["step"], &shown["templates"][0]["mapping_skipped"]),
        (&json!("activate"), &json!(true))
    );
}
