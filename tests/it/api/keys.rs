//! Keys: what they are good for, what they see, and when they end.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::door::{Answer, Door, blueprint, signup};

impl Door {
    /// A request with another key than this door's.
    async fn ask_with(&self, key: &str, method: &str, path: &str, body: &Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json");
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.send(request.body(Body::from(text)).unwrap()).await
    }

    /// A new key with these scopes, for these blueprints.
    async fn make_key(&self, scopes: &[&str], blueprints: Option<&[&str]>) -> (String, String) {
        let body = json!({ "name": "made", "scopes": scopes, "blueprints": blueprints });
        let made = self.post("/v1/api_keys", &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        (made.id(), made.json()["key"].as_str().unwrap().to_owned())
    }
}

/// Every operation that needs a key: method, path, and the scope that it needs.
fn operations() -> Vec<(String, String, &'static str)> {
    let document = serde_json::to_value(gangway::api::document()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"] == json!([{}]) {
                continue;
            }
            let scope = match path.split('/').nth(2).unwrap() {
                "onboardings" | "bulk_orders" if method == "get" => "read",
                "onboardings" | "bulk_orders" => "write",
                "blueprints" | "preflight" | "logos" => "blueprints",
                "webhook_endpoints" => "webhooks",
                "api_keys" | "tenants" => "admin",
                other => panic!("say here which scope {other} needs"),
            };
            found.push((method.to_uppercase(), path.clone(), scope));
        }
    }
    assert!(found.len() > 25, "{found:?}");
    found
}

const SCOPES: [&str; 5] = ["read", "write", "blueprints", "webhooks", "admin"];

#[tokio::test]
async fn each_operation_needs_its_scope_and_no_other() {
    let door = Door::open().await;
    for (method, path, needed) in operations() {
        let path = path.replace("{id}", "x").replace("{key}", "x").replace("{message}", "x");
        let path = path.replace("{tenant_id}", "x");
        let without: Vec<_> = SCOPES.into_iter().filter(|scope| *scope != needed).collect();
        let (_, lacking) = door.make_key(&without, None).await;
        let refused = door.ask_with(&lacking, &method, &path, &json!({})).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{method} {path}: {}", refused.text);
        refused.pointers("forbidden");
        let (_, good) = door.make_key(&[needed], None).await;
        let told = door.ask_with(&good, &method, &path, &json!({})).await;
        assert_ne!(told.status, StatusCode::FORBIDDEN, "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_out_of_sight_is_answered_like_what_does_not_exist() {
    let door = Door::open().await;
    let mut other = blueprint();
    other["key"] = json!("billing");
    door.post("/v1/blueprints", &other).await;
    let id = door.start(&signup("acme"), Some("k1")).await.id();
    let absent = "01920000-0000-7000-8000-000000000000";
    let scopes = ["read", "write", "blueprints"];
    let (_, key) = door.make_key(&scopes, Some(&["billing"])).await;
    let before = door.dump().await;
    for (method, path, scope) in operations() {
        if !scopes.contains(&scope) || !path.contains('{') {
            continue;
        }
        let body = match path.rsplit('/').next().unwrap() {
            _ if path.contains("bulk_orders") => json!({}),
            "cancel" | "skip" | "reauthorize" | "offboard" => json!({ "reason": "x" }),
            "upgrade" => json!({ "version": 1, "reason": "x" }),
            "settle_drift" => json!({
                "code": "cycle_stopped", "object": "x", "choice": "adopt", "reason": "x",
            }),
            "restart_from" => json!({ "step": "connect", "reason": "x" }),
            "assign" => json!({ "assignee": "ada" }),
            "snooze" => json!({ "until": null }),
            "note" => json!({ "text": "x" }),
            "answer" => json!({ "answers": {} }),
            "adopt" => json!({ "reason": "x", "cycle_id": absent }),
            _ if method == "GET" => Value::Null,
            _ => json!({}),
        };
        let ask = async |id: &str, key_name: &str| {
            let path = path.replace("{id}", id).replace("{key}", key_name);
            door.ask_with(&key, &method, &path, &body).await
        };
        let (foreign, nothing) = (ask(&id, "crm").await, ask(absent, "none").await);
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{method} {path}: {}", foreign.text);
        let bare = |answer: &Answer| {
            let mut told = answer.json();
            told["request_id"] = Value::Null;
            told
        };
        assert_eq!(bare(&foreign), bare(&nothing), "{method} {path}");
    }
    // Neither are they started, published, listed or counted.
    let start = door.ask_with(&key, "POST", "/v1/onboardings", &signup("beta")).await;
    assert_eq!(start.pointers("invalid"), ["/blueprint"]);
    let publish = door.ask_with(&key, "POST", "/v1/blueprints", &blueprint()).await;
    assert_eq!(publish.pointers("invalid"), ["/key"]);
    let listed = door.ask_with(&key, "GET", "/v1/onboardings", &Value::Null).await.json();
    assert_eq!(listed["data"], json!([]));
    let counted = door.ask_with(&key, "GET", "/v1/onboardings/counts", &Value::Null).await;
    assert_eq!(counted.json()["total"], 0);
    assert_eq!(door.dump().await, before, "and nothing was changed");
}

#[tokio::test]
async fn a_key_is_shown_once_and_ends_at_once() {
    let door = Door::open().await;
    let body = json!({ "name": "backend", "scopes": ["read", "admin"] });
    let first = door.ask_repeatedly(&body).await;
    let count = "SELECT count(*) FROM api_key";
    let keys: i64 = sqlx::query_scalar(count).fetch_one(&door.pool).await.unwrap();
    assert_eq!(keys, 2, "however often it was asked for");
    let (id, key) = (first["id"].as_str().unwrap(), first["key"].as_str().unwrap());
    assert!(key.starts_with(first["prefix"].as_str().unwrap()) && key.len() > 40);
    // Neither the key nor anything that opens it stands in a row.
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT k::text FROM api_key k UNION ALL SELECT i::text FROM idempotency i",
    )
    .fetch_all(&door.pool)
    .await
    .unwrap();
    assert!(!rows.concat().contains(&key[12..]), "{rows:?}");
    let path = format!("/v1/api_keys/{id}");
    let shown = door.get(&path).await.json();
    assert_eq!((&shown["key"], &shown["prefix"]), (&Value::Null, &first["prefix"]));
    assert_eq!(shown["last_used_at"], Value::Null);
    let list = "/v1/onboardings";
    assert_eq!(door.ask_with(key, "GET", list, &Value::Null).await.status, StatusCode::OK);
    door.state.store().write_key_uses().await.unwrap();
    assert_eq!(door.get(&path).await.json()["last_used_at"], "2026-03-02T09:00:00Z");
    let revoked = door.ask_with(&door.key, "DELETE", &path, &Value::Null).await;
    assert_eq!(revoked.json()["revoked_at"], "2026-03-02T09:00:00Z", "{}", revoked.text);
    let refused = door.ask_with(key, "GET", list, &Value::Null).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "at the next request");
    door.clock.advance(TimeDelta::hours(1));
    let again = door.ask_with(&door.key, "DELETE", &path, &Value::Null).await.json();
    assert_eq!(again["revoked_at"], "2026-03-02T09:00:00Z", "it stays as it was");
}

impl Door {
    /// Makes a key three times with one idempotency key; the answer.
    async fn ask_repeatedly(&self, body: &Value) -> Value {
        let ask = async || {
            let request = self.request("POST", "/v1/api_keys").header("idempotency-key", "k1");
            let request = request.header("content-type", "application/json");
            self.send(request.body(Body::from(body.to_string())).unwrap()).await
        };
        let (first, again) = (ask().await, ask().await);
        self.clock.advance(TimeDelta::zero());
        assert_eq!((first.status, &first.text), (StatusCode::CREATED, &again.text));
        assert_eq!(ask().await.text, first.text);
        first.json()
    }
}

#[tokio::test]
async fn a_key_ends_when_it_was_said_to() {
    let door = Door::open().await;
    let body = json!({
        "name": "trial", "scopes": ["read"], "expires_at": "2026-03-02T10:00:00Z",
    });
    let made = door.post("/v1/api_keys", &body).await.json();
    let key = made["key"].as_str().unwrap();
    let list = "/v1/onboardings";
    assert_eq!(door.ask_with(key, "GET", list, &Value::Null).await.status, StatusCode::OK);
    door.clock.advance(TimeDelta::hours(1));
    let over = door.ask_with(key, "GET", list, &Value::Null).await;
    assert_eq!(over.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_gives_no_more_than_it_has() {
    let door = Door::open().await;
    let (_, admin) = door.make_key(&["admin", "read"], None).await;
    for (scopes, blueprints, pointers) in [
        (json!(["write"]), Value::Null, vec!["/scopes/0"]),
        (json!(["read", "webhooks", "admin"]), Value::Null, vec!["/scopes/1"]),
        (json!([]), Value::Null, vec!["/scopes"]),
        (json!(["read", "read"]), Value::Null, vec!["/scopes/1"]),
        (json!(["everything"]), Value::Null, vec!["/scopes/0"]),
        (json!(["read", "admin"]), json!(["crm"]), vec!["/scopes/1"]),
        (json!(["read"]), json!([]), vec!["/blueprints"]),
        (json!(["read"]), json!(["NO"]), vec!["/blueprints/0"]),
    ] {
        let body = json!({ "name": "more", "scopes": scopes, "blueprints": blueprints });
        let refused = door.ask_with(&admin, "POST", "/v1/api_keys", &body).await;
        assert_eq!(refused.pointers("invalid"), pointers, "{body}");
    }
    for (name, value) in [("name", json!("")), ("expires_at", json!("2026-03-02T09:00:00Z"))] {
        let mut body = json!({ "name": "x", "scopes": ["read"] });
        body[name] = value;
        let refused = door.post("/v1/api_keys", &body).await;
        assert_eq!(refused.pointers("invalid"), [format!("/{name}")]);
    }
    let body = json!({ "name": "fewer", "scopes": ["read"], "blueprints": ["crm"] });
    let made = door.ask_with(&admin, "POST", "/v1/api_keys", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
}

#[tokio::test]
async fn keys_are_listed_newest_first_and_each_once() {
    let door = Door::open().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(door.make_key(&["read"], None).await.0);
    }
    made.reverse();
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = door.get(&format!("/v1/api_keys?limit=2{cursor}")).await.json();
        for key in page["data"].as_array().unwrap() {
            assert_eq!(key["key"], Value::Null);
            found.push(key["id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found[..5], made);
    assert_eq!(found.len(), 6, "with the door's own");
    assert_eq!(door.get("/v1/api_keys/x").await.status, StatusCode::NOT_FOUND);
    assert_eq!(door.get("/v1/api_keys?cursor=x").await.pointers("invalid"), ["cursor"]);
}
