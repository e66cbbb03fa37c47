//! Lists: each onboarding once, and only those that were asked for.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::door::{Door, blueprint, signup};

async fn walk(door: &Door, query: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = door.get(&format!("/v1/onboardings?{query}{cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let page = page.json();
        let data = page["data"].as_array().unwrap();
        ids.extend(data.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()));
        assert!(page["next_cursor"].is_string() || page["next_cursor"].is_null());
        let Some(next) = page["next_cursor"].as_str() else { return ids };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn paging_visits_all_exactly_once() {
    let door = Door::open().await;
    let mut started = Vec::new();
    for n in 0..11 {
        started.push(door.start(&signup(&format!("tenant {n}")), None).await.id());
    }
    started.reverse();
    for limit in [1, 2, 5, 10, 11, 12, 100] {
        assert_eq!(walk(&door, &format!("limit={limit}")).await, started, "{limit}");
    }
    assert_eq!(walk(&door, "").await, started);
    // Another one started in between stands before all pages that are still to come.
    let first = door.get("/v1/onboardings?limit=6").await.json();
    door.start(&signup("late"), None).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = door.get(&format!("/v1/onboardings?cursor={cursor}")).await.json();
    let ids = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().unwrap();
        data.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!([ids(&first), ids(&rest)].concat(), started);
}

#[tokio::test]
async fn filters_narrow_together() {
    let door = Door::open().await;
    let mut other = blueprint();
    other["key"] = json!("billing");
    door.post("/v1/blueprints", &other).await;
    let acme = door.start(&signup("acme & co"), None).await.id();
    let mut billing = signup("acme & co");
    billing["blueprint"] = json!("billing");
    let billing = door.start(&billing, None).await.id();
    let beta = door.start(&signup("beta"), None).await.id();
    door.post(&format!("/v1/onboardings/{beta}/cancel"), &json!({ "reason": "x" })).await;
    for (query, expected) in [
        ("tenant_id=acme%20%26%20co", vec![&acme, &billing]),
        ("tenant_id=acme+%26+co&blueprint=crm", vec![&acme]),
        ("blueprint=crm", vec![&acme, &beta]),
        ("status=cancelled", vec![&beta]),
        ("status=running&step=create_account", vec![&acme, &billing]),
        ("step=live", vec![]),
        ("tenant_id=nobody", vec![]),
    ] {
        let found: BTreeSet<_> = walk(&door, query).await.into_iter().collect();
        assert_eq!(found, expected.into_iter().cloned().collect(), "{query}");
    }
}
