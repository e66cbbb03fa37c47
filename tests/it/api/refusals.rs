//! What is not taken: each a clear problem, and nothing changed.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use gangway::secret::ExposeSecret as _;
use serde_json::{Value, json};

use super::door::{Door, signup};

#[tokio::test]
async fn without_a_good_key_there_is_no_entry() {
    let door = Door::open().await;
    let (_, revoked) = door.state.store().create_api_key("old").await.unwrap();
    assert_eq!(door.state.store().revoke_api_keys("old").await.unwrap(), 1);
    let good = format!("Bearer {}", door.key);
    let revoked = format!("Bearer {}", revoked.expose_secret());
    let (basic, unknown) = (format!("Basic {}", door.key), format!("{good}x"));
    let (long, bare) = (format!("Bearer {}", "x".repeat(5000)), door.key.clone());
    let cases: [&[&str]; 9] = [
        &[],
        &[&basic],
        &[&unknown],
        &[&revoked],
        &[&long],
        &[&bare],
        &["Bearer "],
        &["Bearer \u{e9}"],
        &[&good, &good],
    ];
    for values in cases {
        for (method, path) in [("GET", "/v1/onboardings"), ("POST", "/v1/blueprints")] {
            let mut request = Request::builder().method(method).uri(path);
            for value in values {
                request = request.header("authorization", *value);
            }
            let answer = door.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{values:?}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
            assert!(answer.pointers("unauthenticated").is_empty());
            assert!(!answer.text.contains("gwk_"), "{}", answer.text);
        }
    }
    let request =
        Request::get("/v1/onboardings").header("authorization", good.replace("Bearer", "bEARER"));
    assert_eq!(door.send(request.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
}

/// The sign-up with one field set.
fn with(pointer: &str, value: Value) -> String {
    let mut body = signup("acme");
    let mut place = &mut body;
    for name in pointer.split('/').skip(1) {
        place = &mut place[name];
    }
    *place = value;
    body.to_string()
}

#[tokio::test]
async fn a_start_with_wrong_fields_changes_nothing() {
    let door = Door::open().await;
    let before = door.dump().await;
    let wide: Value =
        (0..51).map(|n| (n.to_string(), json!(n))).collect::<serde_json::Map<_, _>>().into();
    let cases = [
        ("/tenant_id", json!(5)),
        ("/tenant_id", json!("")),
        ("/tenant_id", json!("a\nb")),
        ("/tenant_id", json!("a\u{1b}[31m")),
        ("/tenant_id", json!("a\u{0}b")),
        ("/tenant_id", json!("x".repeat(129))),
        ("/tenant_id", Value::Null),
        ("/blueprint", json!("Nope!")),
        ("/blueprint", json!("unknown")),
        ("/blueprint_version", json!(0)),
        ("/blueprint_version", json!("1")),
        ("/blueprint_version", json!(99_999_999_999_i64)),
        ("/name", json!("  ")),
        ("/name", json!("x".repeat(201))),
        ("/name", json!("a\u{7f}")),
        ("/timezone", json!("Mars/Olympus Mons")),
        ("/locale", json!("en_GB")),
        ("/contact", json!("Ada")),
        ("/contact/email", json!("nobody")),
        ("/contact/name", json!("a\r\nb")),
        ("/contact/phone", json!("1")),
        ("/account_id", json!("../accounts")),
        ("/data", json!([1])),
        ("/data", json!({ "long": "x".repeat(17_000) })),
        ("/data", wide.clone()),
        ("/data/deep/nul", json!("\u{0}")),
        ("/metadata", wide),
        ("/metadata", json!("x")),
        ("/return_urls/success", json!("https://evil.example.com/done")),
        ("/return_urls/failure", json!("https://app.example.com/done?x=1")),
        ("/return_urls/incomplete", json!("not an address")),
        ("/return_urls/other", json!("https://app.example.com/done")),
        ("/colour", json!("red")),
    ];
    for (pointer, value) in cases {
        let body = with(pointer, value);
        let answer = door.post_text("/v1/onboardings", &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body} {}", answer.text);
        assert_eq!(answer.pointers("invalid"), [pointer], "{body} {}", answer.text);
    }
    let unknown_version = with("/blueprint_version", json!(2));
    let answer = door.post_text("/v1/onboardings", &unknown_version).await;
    assert_eq!(answer.pointers("invalid"), ["/blueprint"]);
    assert_eq!(door.dump().await, before);
}

#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let door = Door::open().await;
    let body = json!({ "tenant_id": "", "blueprint": "!", "name": "", "locale": "?" });
    let answer = door.post("/v1/onboardings", &body).await;
    assert_eq!(answer.pointers("invalid"), ["/tenant_id", "/blueprint", "/name", "/locale"]);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_changes_nothing() {
    let door = Door::open().await;
    let before = door.dump().await;
    let deep = format!("{}{}", "{\"data\":".repeat(5000), "}".repeat(5000));
    let twice = signup("acme").to_string().replacen('{', "{\"name\":\"Other\",", 1);
    let trailing = format!("{} {{}}", signup("acme"));
    let surrogate = signup("acme").to_string().replace("Acme", "\\ud800");
    let large = signup(&"x".repeat(300 * 1024)).to_string();
    let cases: [(&str, &str, StatusCode); 12] = [
        ("", "malformed", StatusCode::BAD_REQUEST),
        ("{", "malformed", StatusCode::BAD_REQUEST),
        (&trailing, "malformed", StatusCode::BAD_REQUEST),
        ("\u{feff}{}", "malformed", StatusCode::BAD_REQUEST),
        (&deep, "malformed", StatusCode::BAD_REQUEST),
        (&surrogate, "malformed", StatusCode::BAD_REQUEST),
        ("{\"data\":{\"n\":1e999}}", "malformed", StatusCode::BAD_REQUEST),
        ("[]", "invalid", StatusCode::UNPROCESSABLE_ENTITY),
        ("null", "invalid", StatusCode::UNPROCESSABLE_ENTITY),
        ("{}", "invalid", StatusCode::UNPROCESSABLE_ENTITY),
        (&twice, "invalid", StatusCode::UNPROCESSABLE_ENTITY),
        (&large, "too_large", StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (body, code, status) in cases {
        let shown: String = body.chars().take(60).collect();
        let answer = door.post_text("/v1/onboardings", body).await;
        assert_eq!(answer.status, status, "{shown} {}", answer.text);
        assert!(answer.text.len() < 1000, "{}", answer.text);
        answer.pointers(code);
        let answer = door.post_text("/v1/blueprints", body).await;
        assert!(answer.status.is_client_error(), "{shown} {}", answer.text);
    }
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let mut request = door.request("POST", "/v1/onboardings");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let answer = door.send(request.body(signup("acme").to_string().into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        answer.pointers("wrong_media_type");
    }
    let request =
        door.request("POST", "/v1/onboardings").header("content-type", "application/json");
    let answer = door.send(request.body(Body::from(vec![0xff, 0xfe])).unwrap()).await;
    answer.pointers("malformed");
    assert_eq!(door.dump().await, before);
}

#[tokio::test]
async fn a_wrong_idempotency_key_or_query_is_refused() {
    let door = Door::open().await;
    let before = door.dump().await;
    for keys in [&[""][..], &["a b"], &["\u{e9}"], &[&"x".repeat(256)], &["a", "b"]] {
        let mut request = door.request("POST", "/v1/onboardings");
        for key in keys {
            request = request.header("idempotency-key", *key);
        }
        let request = request.header("content-type", "application/json");
        let answer = door.send(request.body(signup("acme").to_string().into()).unwrap()).await;
        assert_eq!(answer.pointers("invalid"), ["Idempotency-Key"], "{keys:?}");
    }
    for (query, name) in [
        ("wait=26", "wait"),
        ("wait=-1", "wait"),
        ("wait=soon", "wait"),
        ("wait=1&wait=2", "wait"),
        ("async=1", "async"),
    ] {
        let answer = door.post(&format!("/v1/onboardings?{query}"), &signup("acme")).await;
        assert_eq!(answer.pointers("invalid"), [name], "{query} {}", answer.text);
    }
    let huge_cursor = format!("cursor={}", "A".repeat(10_000));
    for (query, name) in [
        ("status=asleep", "status"),
        ("status=", "status"),
        ("step=nowhere", "step"),
        ("blueprint=A%20B", "blueprint"),
        ("tenant_id=%00", "tenant_id"),
        ("tenant_id=", "tenant_id"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=ten", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=!!!!!!!!!!!!!!!!!!!!!!", "cursor"),
        (&huge_cursor, "cursor"),
        ("stuck=perhaps", "stuck"),
        ("blocker=nobody", "blocker"),
        ("problem=bad_luck", "problem"),
        ("status=stuck,asleep", "status"),
        ("template=x", "template"),
        ("older_than=3", "older_than"),
        ("tag=UP", "tag"),
        ("q=", "q"),
        ("order=random", "order"),
        ("asleep=true", "asleep"),
        ("limit=1&limit=2", "limit"),
    ] {
        let answer = door.get(&format!("/v1/onboardings?{query}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(answer.pointers("invalid"), [name], "{query} {}", answer.text);
    }
    assert_eq!(door.dump().await, before);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let door = Door::open().await;
    let id = "01920000-0000-7000-8000-000000000000";
    for path in [
        "/v1/onboardings/nonsense".to_owned(),
        format!("/v1/onboardings/{id}"),
        format!("/v1/onboardings/{id}/events"),
        "/v1/onboardings/x/events".to_owned(),
        "/v1/blueprints/unknown".to_owned(),
        "/v1/blueprints/UP%20PER".to_owned(),
        "/v1/blueprints/crm?version=2".to_owned(),
        "/v1/blueprints/crm?version=-1".to_owned(),
        "/v1/nothing".to_owned(),
        "/nothing".to_owned(),
    ] {
        let answer = door.get(&path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.pointers("not_found").is_empty(), "{path}");
    }
    for path in ["link", "retry", "cancel"] {
        let path = format!("/v1/onboardings/{id}/{path}");
        let answer = door.post(&path, &json!({ "reason": "x" })).await;
        // A link takes no reason; a wrong body is told before a wrong id.
        let expected = if path.ends_with("link") { "invalid" } else { "not_found" };
        answer.pointers(expected);
    }
    let answer = door.get("/v1/onboardings/%ff").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    answer.pointers("malformed");
}
