//! One start, however often and from however many sides it is asked for.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use gangway::secret::ExposeSecret as _;
use serde_json::{Value, json};

use super::door::{Door, blueprint, signup};

fn all_that_can_be_said() -> Value {
    json!({
        "tenant_id": "acme & söhne/7", "blueprint": "crm", "blueprint_version": 1, "name": "Acme",
        "timezone": "Europe/Vienna", "locale": "de-AT",
        "contact": { "name": "Ada", "email": "ada@example.com" },
        "data": { "region": "EU" }, "metadata": { "plan": "pro", "seats": 5 },
        "return_urls": { "success": "https://app.example.com/done", "failure": null },
    })
}

fn assert_shown(shown: &Value) {
    insta::assert_json_snapshot!(shown, {
        ".id" => "[id]", ".reference" => "[reference]", ".link.url" => "[url]",
    }, @r#"
    {
      "abandonment": null,
      "account_id": null,
      "assignee": null,
      "blocker": "none",
      "blueprint": {
        "key": "crm",
        "version": 1
      },
      "connections": [],
      "contact": {
        "email": "ada@example.com",
        "name": "Ada"
      },
      "created_at": "2026-03-02T09:00:00Z",
      "deadline": null,
      "explanation": "Gangway is at the step create_account since 2026-03-02T09:00:00Z and goes on by itself at once; nobody has to act.",
      "health": null,
      "id": "[id]",
      "is_stuck": false,
      "link": {
        "expires_at": "2026-03-09T09:00:00Z",
        "url": "[url]"
      },
      "metadata": {
        "plan": "pro",
        "seats": 5
      },
      "problem": null,
      "reference": "[reference]",
      "requirements": {
        "currently_due": []
      },
      "retry_at": null,
      "since": "2026-03-02T09:00:00Z",
      "snoozed_until": null,
      "status": "running",
      "step": "create_account",
      "stuck_because": null,
      "tags": [],
      "templates": [
        {
          "active": false,
          "cycle_id": null,
          "mapped": false,
          "mapping_skipped": false,
          "template_id": "6c0b8b6e-5f0e-4a7c-9a55-0d0b7a3f1c11"
        }
      ],
      "tenant_id": "acme & söhne/7",
      "tries": 0
    }
    "#);
}

#[tokio::test]
async fn a_fresh_onboarding_is_shown_whole() {
    let door = Door::open().await;
    let answer = door.start(&all_that_can_be_said(), None).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/json");
    let path = format!("/v1/onboardings/{}", answer.id());
    assert_eq!(answer.headers["location"], path.as_str());
    let mut shown = answer.json();
    let allowed = shown.as_object_mut().unwrap().remove("allowed_actions").unwrap();
    let link = ["rotate_link", "revoke_link", "extend_link"];
    assert_eq!(
        allowed,
        json!([["cancel"].as_slice(), &link, &["note", "assign", "snooze", "offboard"]].concat())
    );
    assert_shown(&shown);
    assert_eq!(door.get(&path).await.text, answer.text);
}

#[tokio::test]
async fn the_same_key_gets_the_same_bytes() {
    let door = Door::open().await;
    let first = door.start(&signup("acme"), Some("k1")).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let path = format!("/v1/onboardings/{}/link", first.id());
    assert_eq!(door.post(&path, &json!({})).await.status, StatusCode::OK);
    door.clock.advance(TimeDelta::days(30));
    // Neither another link, nor its end, nor the route by which it is asked for makes a difference.
    let again = door.start(&signup("acme"), Some("k1")).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.headers["location"], first.headers["location"]);
    let other = door.start(&signup("other"), Some("k1")).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(other.pointers("idempotency_key_reused").is_empty());
    let fresh = door.start(&signup("acme"), Some("k2")).await;
    assert_eq!((fresh.status, fresh.id()), (StatusCode::OK, first.id()));
    assert_eq!(door.count("onboarding").await, 1);
}

#[tokio::test]
async fn keys_of_two_callers_never_meet() {
    let mut door = Door::open().await;
    let first = door.start(&signup("acme"), Some("k1")).await;
    let (_, key) = door.state.store().create_api_key("other").await.unwrap();
    door.key = key.expose_secret().to_owned();
    let second = door.start(&signup("beta"), Some("k1")).await;
    assert_eq!(second.status, StatusCode::CREATED);
    assert_ne!(first.id(), second.id());
}

#[tokio::test]
async fn a_repetition_is_answered_though_a_newer_blueprint_would_refuse_it() {
    let door = Door::open().await;
    let mut body = signup("acme");
    body["return_urls"] = json!({ "success": "https://app.example.com/done" });
    let first = door.start(&body, Some("k1")).await;
    let mut newer = blueprint();
    newer["return_urls"] = json!([]);
    assert_eq!(door.post("/v1/blueprints", &newer).await.status, StatusCode::CREATED);
    let again = door.start(&body, Some("k1")).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(door.start(&body, Some("k2")).await.pointers("invalid"), ["/return_urls/success"]);
}

#[tokio::test]
async fn twenty_at_once_with_one_key_start_one() {
    let door = Door::open().await;
    let body = signup("acme");
    let answers = join_all((0..20).map(|_| door.start(&body, Some("k1")))).await;
    let texts: BTreeSet<_> = answers.iter().map(|answer| (answer.status, &answer.text)).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(answers[0].status, StatusCode::CREATED);
    let counts = (door.count("onboarding").await, door.count("idempotency").await);
    assert_eq!((counts, door.count("outbox").await), ((1, 1), 1));
}

#[tokio::test]
async fn two_at_once_for_one_tenant_start_one() {
    let door = Door::open().await;
    let body = signup("acme");
    let answers = join_all((0..2).map(|_| door.start(&body, None))).await;
    let statuses: BTreeSet<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, BTreeSet::from([StatusCode::OK, StatusCode::CREATED]));
    assert_eq!(answers[0].id(), answers[1].id());
    assert_eq!(answers[0].json(), answers[1].json());
    assert_eq!((door.count("onboarding").await, door.count("tenant").await), (1, 1));
}

#[tokio::test]
async fn a_cancelled_one_makes_room() {
    let door = Door::open().await;
    let first = door.start(&signup("acme"), None).await;
    let path = format!("/v1/onboardings/{}/cancel", first.id());
    let cancelled = door.post(&path, &json!({ "reason": "signed up twice" })).await;
    assert_eq!(cancelled.json()["status"], "cancelled");
    let second = door.start(&signup("acme"), None).await;
    assert_eq!(second.status, StatusCode::CREATED);
    assert_ne!(first.id(), second.id());
}

#[tokio::test]
async fn an_account_is_one_tenant_s_for_good() {
    let door = Door::open().await;
    let named = |tenant: &str, account: &str| {
        let mut body = signup(tenant);
        body["account_id"] = json!(account);
        body
    };
    assert_eq!(door.start(&named("acme", "A-1"), None).await.status, StatusCode::CREATED);
    // Cyclr may not tell ids apart by case, so for us they are one.
    for body in [named("acme", "A-2"), named("beta", "A-1"), named("beta", "a-1")] {
        let answer = door.start(&body, None).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{body}");
        assert!(answer.pointers("conflict").is_empty());
    }
    assert_eq!(
        door.start(&signup("acme"), None).await.status,
        StatusCode::OK,
        "naming none means the one the tenant has"
    );
}

#[tokio::test]
async fn waiting_ends_and_shows_how_it_stands() {
    let door = Door::open().await;
    let request = door.request("POST", "/v1/onboardings?wait=1");
    let request = request.header("content-type", "application/json").header("idempotency-key", "k");
    let body = signup("acme").to_string();
    let waited = door.send(request.body(body.into()).unwrap()).await;
    assert_eq!((waited.status, &waited.json()["status"]), (StatusCode::CREATED, &json!("running")));
    // How long it was waited for is no part of the request.
    let again = door.start(&signup("acme"), Some("k")).await;
    assert_eq!(again.json(), waited.json());
}
