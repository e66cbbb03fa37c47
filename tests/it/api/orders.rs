//! What may be ordered of an onboarding, and what its timeline tells of it.

use axum::body::Body;
use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::ids::OnboardingId;
use serde_json::{Value, json};

use super::door::{Answer, Door, dawn_plus, signup};

fn token(body: &Value) -> &str {
    let url = body["link"]["url"].as_str().unwrap();
    url.strip_prefix("https://onboard.example.com/l/").unwrap()
}

#[tokio::test]
async fn another_link_ends_the_one_before() {
    let door = Door::open().await;
    let first = door.start(&signup("acme"), None).await;
    let path = format!("/v1/onboardings/{}/link", first.id());
    door.clock.advance(TimeDelta::days(1));
    let second = door.post(&path, &json!({ "action": "rotate" })).await;
    let bare = door.request("POST", &path).body(Body::empty()).unwrap();
    let third = door.send(bare).await;
    assert_eq!((second.status, third.status), (StatusCode::OK, StatusCode::OK));
    let id = OnboardingId(first.id().parse().unwrap());
    let links = [&first, &second, &third].map(Answer::json);
    for (place, body) in (1..).zip(&links) {
        assert_eq!(door.state.links.read_link(token(body)), Some((id, place)));
    }
    let kept = door.state.store().find(id).await.unwrap().unwrap();
    assert_eq!(kept.link.generation, 3);
    assert_eq!(kept.link.expires_at, dawn_plus(8));
    door.clock.advance(TimeDelta::days(7));
    let over = door.get(&format!("/v1/onboardings/{}", first.id())).await.json();
    assert_eq!(over["link"], json!({ "url": null, "expires_at": "2026-03-10T09:00:00Z" }));
    for body in [json!({ "action": "extend" }), json!({ "action": 1 }), json!({ "generation": 9 })]
    {
        assert_eq!(door.post(&path, &body).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn the_state_decides_what_may_be_ordered() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    let order = async |verb: &str, body: Value| {
        door.post(&format!("/v1/onboardings/{id}/{verb}"), &body).await
    };
    let refused = order("retry", json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.pointers("conflict").is_empty());
    for reason in [json!(""), json!(" "), json!("x".repeat(501)), json!("\u{1b}"), json!(1)] {
        let refused = order("cancel", json!({ "reason": reason })).await;
        assert_eq!(refused.pointers("invalid"), ["/reason"], "{reason}");
    }
    let cancelled = order("cancel", json!({ "reason": "They signed up twice." })).await;
    assert_eq!((cancelled.status, &cancelled.json()["blocker"]), (StatusCode::OK, &json!("none")));
    for (verb, body) in
        [("cancel", json!({ "reason": "again" })), ("retry", json!({})), ("link", json!({}))]
    {
        assert_eq!(order(verb, body).await.status, StatusCode::CONFLICT, "{verb}");
    }
}

#[tokio::test]
async fn the_timeline_tells_who_did_what() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    door.post(&format!("/v1/onboardings/{id}/link"), &json!({})).await;
    door.post(&format!("/v1/onboardings/{id}/cancel"), &json!({ "reason": "Enough." })).await;
    let events = door.get(&format!("/v1/onboardings/{id}/events")).await.json();
    let line = |version: i64, kind: &str, status: &str, detail: Value| {
        json!({
            "version": version, "at": "2026-03-02T09:00:00Z", "actor": "key:signup", "kind": kind,
            "status": status, "step": "create_account", "detail": detail,
        })
    };
    let expected = [
        line(1, "started", "running", json!({})),
        line(2, "link_rotated", "running", json!({ "generation": 2 })),
        line(3, "cancelled", "cancelled", json!({ "reason": "Enough." })),
    ];
    assert_eq!(events, json!({ "data": expected }));
}
