//! What the API promises of itself: its description, its health, and what it keeps to itself.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Html;
use axum::routing::get;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::door::{Door, all_layers, signup};

fn operations(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}

/// All that the API offers. A route that is added belongs here, into the README, and into the tests that
/// go through all of them.
const OPERATIONS: &[&str] = &[
    "GET /livez",
    "GET /openapi.json",
    "GET /readyz",
    "GET /v1/api_keys",
    "POST /v1/api_keys",
    "DELETE /v1/api_keys/{id}",
    "GET /v1/api_keys/{id}",
    "GET /v1/blueprints",
    "POST /v1/blueprints",
    "GET /v1/blueprints/{key}",
    "POST /v1/blueprints/{key}/preflight",
    "GET /v1/blueprints/{key}/versions",
    "GET /v1/bulk_orders",
    "POST /v1/bulk_orders",
    "GET /v1/bulk_orders/{id}",
    "POST /v1/bulk_orders/{id}/cancel",
    "GET /v1/bulk_orders/{id}/items",
    "POST /v1/bulk_orders/{id}/start",
    "POST /v1/logos",
    "GET /v1/onboardings",
    "POST /v1/onboardings",
    "GET /v1/onboardings/counts",
    "GET /v1/onboardings/{id}",
    "POST /v1/onboardings/{id}/adopt",
    "POST /v1/onboardings/{id}/answer",
    "POST /v1/onboardings/{id}/assign",
    "POST /v1/onboardings/{id}/cancel",
    "POST /v1/onboardings/{id}/check",
    "GET /v1/onboardings/{id}/drift",
    "GET /v1/onboardings/{id}/events",
    "GET /v1/onboardings/{id}/events/stream",
    "GET /v1/onboardings/{id}/export",
    "POST /v1/onboardings/{id}/link",
    "POST /v1/onboardings/{id}/note",
    "POST /v1/onboardings/{id}/offboard",
    "POST /v1/onboardings/{id}/reauthorize",
    "POST /v1/onboardings/{id}/restart_from",
    "POST /v1/onboardings/{id}/retry",
    "POST /v1/onboardings/{id}/settle_drift",
    "POST /v1/onboardings/{id}/skip",
    "POST /v1/onboardings/{id}/snooze",
    "POST /v1/onboardings/{id}/upgrade",
    "POST /v1/preflight",
    "POST /v1/tenants/{tenant_id}/erase",
    "GET /v1/tenants/{tenant_id}/export",
    "GET /v1/webhook_endpoints",
    "POST /v1/webhook_endpoints",
    "DELETE /v1/webhook_endpoints/{id}",
    "GET /v1/webhook_endpoints/{id}",
    "PUT /v1/webhook_endpoints/{id}",
    "GET /v1/webhook_endpoints/{id}/deliveries",
    "GET /v1/webhook_endpoints/{id}/deliveries/{message}",
    "POST /v1/webhook_endpoints/{id}/deliveries/{message}/replay",
    "POST /v1/webhook_endpoints/{id}/disable",
    "POST /v1/webhook_endpoints/{id}/enable",
    "POST /v1/webhook_endpoints/{id}/replay",
    "POST /v1/webhook_endpoints/{id}/rotate_secret",
    "POST /v1/webhook_endpoints/{id}/test",
];

#[tokio::test]
async fn the_document_lists_the_routes_and_no_other() {
    let door = Door::open().await;
    let bare = |method: &str, path: &str| {
        Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
    };
    let answer = door.send(bare("GET", "/openapi.json")).await;
    let document = answer.json();
    assert_eq!(document, serde_json::to_value(gangway::api::document()).unwrap());
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let operations = operations(&document);
    let listed: Vec<_> =
        operations.iter().map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!(listed, OPERATIONS);
    for (method, path) in &operations {
        let address = path
            .replace("{id}", "x")
            .replace("{key}", "x")
            .replace("{message}", "x")
            .replace("{tenant_id}", "x");
        let open = document["paths"][path][method.to_lowercase()]["security"] == json!([{}]);
        let expected = if open { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!(door.send(bare(method, &address)).await.status, expected, "{method} {path}");
        for other in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            if !operations.contains(&(other.to_owned(), path.clone())) {
                let answer = door.send(bare(other, &address)).await;
                assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{other} {path}");
                assert!(answer.headers["allow"].to_str().unwrap().contains(method.as_str()));
                answer.pointers("wrong_method");
            }
        }
    }
}

#[tokio::test]
async fn another_door_may_stand_beside_it() {
    let door = Door::open().await;
    let pages = Router::new()
        .route("/l/{token}", get(async || "page"))
        .fallback(async || (StatusCode::NOT_FOUND, Html("no page")));
    let both = all_layers(&door.state, gangway::api::router(door.state.clone()).merge(pages));
    for (path, status, content) in [
        ("/l/x", StatusCode::OK, "text/plain; charset=utf-8"),
        ("/elsewhere", StatusCode::NOT_FOUND, "text/html; charset=utf-8"),
        ("/v1/elsewhere", StatusCode::NOT_FOUND, "application/problem+json"),
        ("/v1/onboardings", StatusCode::UNAUTHORIZED, "application/problem+json"),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = both.clone().oneshot(request).await.unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()["content-type"]),
            (status, &content.parse().unwrap())
        );
    }
}

#[tokio::test]
async fn every_reference_in_the_document_leads_somewhere() {
    let text = serde_json::to_string(&gangway::api::document()).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    let start = &document["paths"]["/v1/onboardings"]["post"];
    assert!(start["responses"]["default"]["content"]["application/problem+json"].is_object());
    let names: Vec<_> =
        text.split("\"operationId\":\"").skip(1).map(|rest| rest.split('"').next()).collect();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
    assert_eq!(document["info"]["title"], "Gangway");
    assert_eq!(document["security"], json!([{ "api_key": [] }]));
    assert_eq!(document["components"]["securitySchemes"]["api_key"]["scheme"], "bearer");
}

#[tokio::test]
async fn health_is_told_apart_from_readiness() {
    let door = Door::open().await;
    for path in ["/livez", "/readyz"] {
        assert_eq!(door.get(path).await.json(), json!({ "status": "ok" }), "{path}");
    }
    door.pool.close().await;
    assert_eq!(door.get("/livez").await.status, StatusCode::OK);
    for path in ["/readyz", "/v1/onboardings"] {
        let answer = door.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.headers.contains_key("retry-after"));
        answer.pointers("unavailable");
        assert!(!answer.text.to_lowercase().contains("pool"), "{}", answer.text);
    }
}

#[tokio::test]
async fn no_row_holds_what_would_open_a_door() {
    let door = Door::open().await;
    let first = door.start(&signup("acme"), Some("k1")).await;
    let path = format!("/v1/onboardings/{}/link", first.id());
    let second = door.post(&path, &json!({})).await;
    let again = door.start(&signup("acme"), Some("k2")).await;
    let dump = door.dump().await;
    for answer in [&first, &second, &again] {
        let body = answer.json();
        let url = body["link"]["url"].as_str().unwrap();
        let token = url.rsplit('/').next().unwrap();
        assert!(token.len() > 30);
        assert!(!dump.contains(token) && !dump.contains("/l/A"), "{dump}");
    }
    assert!(dump.contains(&first.id()), "the dump shows something");
    assert!(!dump.contains(&door.key) && !dump.contains("gwk_"));
    let keys: Vec<String> =
        sqlx::query_scalar("SELECT k::text FROM api_key k").fetch_all(&door.pool).await.unwrap();
    assert!(keys.iter().all(|row| !row.contains(&door.key) && !row.contains("gwk_")));
}

#[tokio::test]
async fn a_placeholder_in_the_integrator_s_own_words_stays() {
    let door = Door::open().await;
    let mut body = signup("acme");
    body["metadata"] = json!({ "note": "gangway:link:01920000-0000-7000-8000-000000000000" });
    let answer = door.start(&body, Some("k1")).await;
    assert_eq!(answer.json()["metadata"], body["metadata"]);
    assert_eq!(door.start(&body, Some("k1")).await.text, answer.text);
}

#[tokio::test]
async fn what_is_sent_has_exactly_the_fields_that_are_described() {
    let door = Door::open().await;
    let shown = door.start(&signup("acme"), None).await.json();
    let document = serde_json::to_value(gangway::api::document()).unwrap();
    let schema = &document["components"]["schemas"]["Onboarding"];
    let sent: BTreeSet<_> = shown.as_object().unwrap().keys().collect();
    let described: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(sent, described);
    assert_eq!(schema["required"].as_array().unwrap().len(), described.len());
}
