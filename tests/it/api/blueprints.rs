//! Publishing and reading blueprints.

use axum::http::StatusCode;
use serde_json::json;

use super::door::{Door, TEMPLATE, blueprint, signup};
use super::repeats::LOGOS;

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

#[tokio::test]
async fn blueprints_and_versions_are_listed_each_once() {
    let door = Door::open().await;
    for key in ["aa", "bb", "zz"] {
        let mut other = blueprint();
        other["key"] = json!(key);
        door.post("/v1/blueprints", &other).await;
    }
    for n in 2..6 {
        let mut next = blueprint();
        next["name"] = json!(format!("CRM sync {n}"));
        assert_eq!(door.post("/v1/blueprints", &next).await.json()["version"], n);
    }
    let walk = async |path: &str, field: &str| {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = door.get(&format!("{path}?limit=2{cursor}")).await.json();
            found.extend(page["data"].as_array().unwrap().iter().map(|one| one[field].clone()));
            let Some(next) = page["next_cursor"].as_str() else { return found };
            cursor = format!("&cursor={next}");
        }
    };
    assert_eq!(json!(walk("/v1/blueprints", "key").await), json!(["aa", "bb", "crm", "zz"]));
    assert_eq!(json!(walk("/v1/blueprints", "version").await), json!([1, 1, 5, 1]));
    let versions = walk("/v1/blueprints/crm/versions", "version").await;
    assert_eq!(json!(versions), json!([5, 4, 3, 2, 1]));
    for (path, status) in [
        ("/v1/blueprints/none/versions", StatusCode::NOT_FOUND),
        ("/v1/blueprints/UP/versions", StatusCode::NOT_FOUND),
        ("/v1/blueprints?cursor=!", StatusCode::UNPROCESSABLE_ENTITY),
        ("/v1/blueprints/crm/versions?cursor=AAAA", StatusCode::UNPROCESSABLE_ENTITY),
        ("/v1/blueprints?limit=0", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(door.get(path).await.status, status, "{path}");
    }
    // A key for some sees those.
    sqlx::query("UPDATE api_key SET blueprints = '{bb,zz}', scopes = '{blueprints}'")
        .execute(&door.pool)
        .await
        .unwrap();
    assert_eq!(json!(walk("/v1/blueprints", "key").await), json!(["bb", "zz"]));
}

#[tokio::test]
async fn publishers_at_once_count_on_and_nothing_is_overwritten() {
    let door = Door::open().await;
    let publish = |n: usize| {
        let mut next = blueprint();
        next["name"] = json!(format!("CRM sync {n}"));
        let door = &door;
        async move { door.post("/v1/blueprints", &next).await.json()["version"].as_i64().unwrap() }
    };
    let mut versions = futures_util::future::join_all((0..10).map(publish)).await;
    versions.sort_unstable();
    assert_eq!(versions, (2..12).collect::<Vec<_>>());
    for change in ["UPDATE blueprint SET version = version + 100", "DELETE FROM blueprint"] {
        assert!(sqlx::query(change).execute(&door.pool).await.is_err(), "{change}");
    }
}

#[tokio::test]
async fn a_logo_is_looked_at_kept_by_its_content_and_named_by_a_blueprint() {
    let door = Door::open().await;
    let upload = async |image: &str| door.post("/v1/logos", &json!({ "image": image })).await;
    let good = upload(LOGOS[0]).await;
    assert_eq!(good.status, StatusCode::CREATED);
    let shown = good.json();
    assert_eq!((&shown["media_type"], &shown["width"]), (&json!("image/png"), &json!(32)));
    assert_eq!(upload(LOGOS[0]).await.json(), shown, "the same image is the same logo");
    let svg = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=";
    let large = "A".repeat(4 * 50_000);
    for (image, rule) in [
        ("no base64!", "base64"),
        ("", "a PNG, JPEG or WebP image"),
        (svg, "a PNG, JPEG or WebP image"),
        (&LOGOS[0][..16], "a PNG, JPEG or WebP image"),
        (SMALL, "16 to 2000 pixels"),
        (&large, "at most 128 KiB"),
    ] {
        let refused = upload(image).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{rule}");
        assert!(refused.text.contains(rule), "{rule}: {}", refused.text);
    }
    let mut document = blueprint();
    document["brand"] = json!({ "name": "Example", "logo": shown["id"] });
    assert_eq!(door.post("/v1/blueprints", &document).await.status, StatusCode::CREATED);
    document["brand"]["logo"] = json!("0".repeat(64));
    let unknown = door.post("/v1/blueprints", &document).await;
    assert!(unknown.text.contains("/brand/logo"), "{}", unknown.text);
    let pages = gangway::hosted::router(door.state.clone());
    let address = format!("/logo/{}", shown["id"].as_str().unwrap());
    let request = axum::http::Request::get(address).body(axum::body::Body::empty()).unwrap();
    let image = tower::ServiceExt::oneshot(pages, request).await.unwrap();
    assert_eq!(image.headers()["content-type"], "image/png");
    assert_eq!(image.headers()["x-content-type-options"], "nosniff");
}

/// Eight pixels a side.
const SMALL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAADElEQVR42mNgGB4AAADIAAGTvaWOAAAAAElFTkSuQmCC";
