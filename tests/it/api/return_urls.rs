//! Where people may be sent afterwards: the addresses that the blueprint lists, letter by letter.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::door::{Door, blueprint, signup};

/// What is not `https://app.example.com/done`, however much it looks like it or is made into it.
const HOSTILE: &[&str] = &[
    "",
    " ",
    "/",
    "/done",
    "done",
    "?next=https://app.example.com/done",
    "//app.example.com/done",
    "///app.example.com/done",
    "\\\\app.example.com\\done",
    "/\\app.example.com/done",
    "https:app.example.com/done",
    "https:/app.example.com/done",
    "https:///app.example.com/done",
    "https:\\\\app.example.com\\done",
    "https://app.example.com\\done",
    "https://app.example.com\\@evil.example/done",
    "http://app.example.com/done",
    "ftp://app.example.com/done",
    "HTTPS://app.example.com/done",
    "https://APP.example.com/done",
    "https://app.example.com/DONE",
    "https://app.example.com:443/done",
    "https://app.example.com:8443/done",
    "https://app.example.com:/done",
    "https://app.example.com./done",
    "https://app.example.com../done",
    "https://app.example.com/done/",
    "https://app.example.com//done",
    "https://app.example.com/./done",
    "https://app.example.com/x/../done",
    "https://app.example.com/%64one",
    "https://app.example.com/done%00",
    "https://app.example.com/done%2f..",
    "https://app.example.com/%2e%2e/done",
    "https://app.example.com/done?",
    "https://app.example.com/done?next=//evil.example",
    "https://app.example.com/done#",
    "https://app.example.com/done#https://evil.example",
    "https://app.example.com/done;x",
    "https://app.example.com",
    "https://app.example.com/",
    "https://example.com/done",
    "https://evil.example/done",
    "https://evil.example/https://app.example.com/done",
    "https://evil.example/?https://app.example.com/done",
    "https://evil.example#https://app.example.com/done",
    "https://evilapp.example.com/done",
    "https://app.example.com.evil.example/done",
    "https://app.example.comevil.example/done",
    "https://app-example.com/done",
    "https://@app.example.com/done",
    "https://:@app.example.com/done",
    "https://user@app.example.com/done",
    "https://user:secret@app.example.com/done",
    "https://app.example.com@evil.example/done",
    "https://app.example.com%40evil.example/done",
    "https://app.example.com%2fdone",
    "https://app.example.com%00.evil.example/done",
    "https://app%2eexample.com/done",
    " https://app.example.com/done",
    "https://app.example.com/done ",
    "\thttps://app.example.com/done",
    "https://app.example.com/do\tne",
    "https://app.exa\nmple.com/done",
    "https://app.example.com/done\r\nLocation: https://evil.example",
    "https://app.example.com/done\u{0}",
    "https://app\u{3002}example\u{3002}com/done",
    "https://app.example\u{ff0e}com/done",
    "https://\u{ff41}pp.example.com/done",
    "https://\u{430}pp.example.com/done",
    "https://xn--pp-7cd.example.com/done",
    "https://app.example\u{ad}.com/done",
    "https://app.example.com\u{200b}/done",
    "https://app.example.com/done\u{202e}",
    "https://[::1]/done",
    "https://127.0.0.1/done",
    "https://2130706433/done",
    "https://*.example.com/done",
    "javascript:alert(1)",
    "JavaScript:location='https://app.example.com/done'",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://app.example.com/done",
    "view-source:https://app.example.com/done",
    "intent://app.example.com/done#Intent;end",
    "about:blank",
];

#[tokio::test]
async fn only_what_is_listed_is_taken_and_nothing_is_mended() {
    assert!(HOSTILE.len() >= 60);
    let door = Door::open().await;
    let before = door.dump().await;
    let long = format!("https://app.example.com/done{}", "x".repeat(5000));
    for text in HOSTILE.iter().copied().chain([&*long]) {
        for place in ["success", "failure", "incomplete"] {
            let mut body = signup("acme");
            body["return_urls"] = json!({ place: text });
            let refused = door.start(&body, Some("k1")).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{text:?}");
            let pointers = refused.pointers("invalid");
            assert_eq!(pointers, [format!("/return_urls/{place}")], "{text:?}");
            assert!(!refused.headers.contains_key("location"), "{text:?}");
        }
    }
    assert_eq!(door.dump().await, before, "nothing is kept");
    let mut body = signup("acme");
    body["return_urls"] = json!({ "success": "https://app.example.com/done" });
    assert_eq!(door.start(&body, Some("k1")).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_listed_may_be_a_bare_host_a_query_or_on_this_machine() {
    let door = Door::open().await;
    let listed = [
        "https://example.com/",
        "https://example.com/done?from=gangway",
        "http://localhost:3000/done",
        "https://xn--bcher-kva.example/fertig",
    ];
    let mut open = blueprint();
    open["key"] = json!("open");
    open["return_urls"] = json!(listed);
    assert_eq!(door.post("/v1/blueprints", &open).await.status, StatusCode::CREATED);
    for (number, text) in listed.into_iter().chain(["https://example.com"]).enumerate() {
        let mut body = signup(&format!("tenant {number}"));
        body["blueprint"] = json!("open");
        body["return_urls"] = json!({ "success": text });
        let started = door.start(&body, None).await;
        assert_eq!(started.status, StatusCode::CREATED, "{text}: {}", started.text);
    }
}

#[tokio::test]
async fn a_blueprint_lists_whole_and_plain_addresses() {
    let door = Door::open().await;
    for text in [
        "http://app.example.com/done",
        "https://user@app.example.com/done",
        "https://:secret@app.example.com/done",
        "https://app.example.com/done#top",
        "https://*.example.com/done",
        "ftp://app.example.com/done",
        "javascript:alert(1)",
        "data:text/html,x",
    ] {
        let mut listing = blueprint();
        listing["return_urls"] = json!(["https://app.example.com/done", text]);
        let refused = door.post("/v1/blueprints", &listing).await;
        let pointers = refused.pointers("invalid");
        assert!(pointers.iter().all(|pointer| pointer == "/return_urls/1"), "{text}: {pointers:?}");
        assert!(!pointers.is_empty(), "{text}");
    }
    let kept: Value = door.get("/v1/blueprints/crm").await.json();
    assert_eq!(kept["version"], 1);
}
