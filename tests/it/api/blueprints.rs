//! Publishing and reading blueprints.

use axum::http::StatusCode;
use serde_json::json;

use super::door::{Door, TEMPLATE, blueprint, signup};

#[tokio::test]
async fn a_version_never_changes() {
    let door = Door::open().await;
    let first = door.get("/v1/blueprints/crm").await;
    assert_eq!(first.status, StatusCode::OK);
    let same = door.post("/v1/blueprints", &blueprint()).await;
    assert_eq!((same.status, same.json()), (StatusCode::OK, first.json()));
    let id = door.start(&signup("acme"), None).await.id();
    let mut changed = blueprint();
    changed["name"] = json!("CRM sync 2");
    let second = door.post("/v1/blueprints", &changed).await;
    assert_eq!((second.status, &second.json()["version"]), (StatusCode::CREATED, &json!(2)));
    assert_eq!(door.get("/v1/blueprints/crm").await.json(), second.json());
    assert_eq!(door.get("/v1/blueprints/crm?version=1").await.json(), first.json());
    let pinned = door.get(&format!("/v1/onboardings/{id}")).await.json();
    assert_eq!(pinned["blueprint"], json!({ "key": "crm", "version": 1 }));
    // The one before the newest is news again.
    assert_eq!(door.post("/v1/blueprints", &blueprint()).await.json()["version"], json!(3));
}

#[tokio::test]
async fn what_was_published_is_shown_as_it_was() {
    let door = Door::open().await;
    let document = json!({
        "key": "full", "name": "Full",
        "templates": [{
            "template_id": TEMPLATE, "name": "Contacts",
            "mapping": [{ "step": "Upsert", "target": "List", "value": { "ask": "list" } }],
            "schedule": { "interval_minutes": 15, "run_once": false },
        }],
        "questions": [{
            "key": "list", "label": "Which list?", "kind": "one_of", "options": ["A", "B"],
            "required": true,
        }],
        "return_urls": [],
        "brand": { "name": "Example" },
        "limits": { "waiting_hours": 24, "tries": 3, "attempt_minutes": 10 },
    });
    let published = door.post("/v1/blueprints", &document).await.json();
    assert_eq!(published["document"], document);
    assert_eq!(published["published_at"], "2026-03-02T09:00:00Z");
}

#[tokio::test]
async fn mistakes_are_named_by_their_place() {
    let door = Door::open().await;
    let before = door.dump().await;
    let wrong = json!({
        "key": "wrong", "name": " ",
        "templates": [{
            "template_id": TEMPLATE,
            "mapping": [{ "target": "List", "value": { "ask": "nothing" } }],
            "schedule": { "interval_minutes": 7 },
        }],
        "return_urls": ["http://app.example.com/"],
    });
    let answer = door.post("/v1/blueprints", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let expected = [
        "/name",
        "/templates/0/mapping/0/value/ask",
        "/templates/0/schedule/interval_minutes",
        "/return_urls/0",
    ];
    assert_eq!(answer.pointers("invalid"), expected);
    for (pointer, document) in [
        ("/key", json!({ "key": "UP", "name": "n", "templates": [] })),
        ("/templates/0/template_id", json!({ "key": "k", "templates": [{ "template_id": "x" }] })),
        ("/templates/0/extra", json!({ "key": "k", "templates": [{ "extra": 1 }] })),
        ("/name", json!({ "key": "k", "templates": [] })),
        ("/name", json!({ "key": "k", "name": "a\u{0}", "templates": [] })),
    ] {
        let answer = door.post("/v1/blueprints", &document).await;
        assert_eq!(answer.pointers("invalid"), [pointer], "{}", answer.text);
    }
    assert_eq!(door.dump().await, before);
}
