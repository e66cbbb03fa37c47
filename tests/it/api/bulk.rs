//! Orders to many: what is previewed is what is done, once each, whatever dies or interferes.

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::clock::Clock;
use gangway::store::Store;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;

use super::door::{Answer, Door, blueprint, dawn_plus, signup};
use super::more_orders::two_questions;
use super::orders::work;
use crate::database::TestDb;

fn note(filter: &Value) -> Value {
    json!({ "filter": filter, "order": { "note": { "text": "Maintenance on Sunday." } } })
}

impl Door {
    /// So many onboardings from here on; those that are there already count.
    async fn crowd(&self, tenants: usize) {
        for place in 0..tenants {
            let started = self.start(&signup(&format!("tenant-{place}")), None).await;
            assert!(started.status.is_success(), "{}", started.text);
        }
    }

    /// Previews; gives the address of the order.
    async fn preview(&self, body: &Value) -> String {
        let preview = self.post("/v1/bulk_orders", body).await;
        assert_eq!(preview.status, StatusCode::CREATED, "{}", preview.text);
        format!("/v1/bulk_orders/{}", preview.json()["order"]["id"].as_str().unwrap())
    }

    async fn begin(&self, body: &Value) -> String {
        let order = self.preview(body).await;
        let started = self.post(&format!("{order}/start"), &json!({})).await;
        assert_eq!(started.status, StatusCode::OK, "{}", started.text);
        assert_eq!(started.json()["state"], "running");
        order
    }

    async fn carry_out(&self) {
        self.state.engine.carry_out_bulk(&CancellationToken::new()).await.unwrap();
    }

    async fn journal(&self, kind: &str) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM journal WHERE kind = $1")
            .bind(kind)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// How often the onboarding was told that was told most often.
    async fn most_told(&self, kind: &str) -> i64 {
        sqlx::query_scalar(
            "SELECT coalesce(max(n), 0) FROM (
                 SELECT count(*) AS n FROM journal WHERE kind = $1 GROUP BY onboarding_id) t",
        )
        .bind(kind)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }
}

fn progress(order: &Answer) -> [u64; 6] {
    let progress = &order.json()["progress"];
    ["total", "pending", "done", "refused", "passed_by", "failed"]
        .map(|name| progress[name].as_u64().unwrap())
}

#[tokio::test]
async fn what_is_previewed_is_told_to_each_and_shown() {
    let door = Door::open().await;
    door.crowd(12).await;
    let body = note(&json!({ "status": "running", "blueprint": "crm" }));
    let preview = door.post("/v1/bulk_orders", &body).await.json();
    let order = &preview["order"];
    assert_eq!((&order["state"], &order["previewed"]), (&json!("previewed"), &json!(12)));
    assert_eq!((&order["filter"], &order["order"]), (&body["filter"], &body["order"]));
    let sample = preview["sample"].as_array().unwrap();
    assert_eq!((sample.len(), &sample[0]["tenant_id"]), (10, &json!("tenant-11")));
    assert_eq!((&sample[0]["allowed"], &sample[0]["reason"]), (&json!(true), &Value::Null));
    door.carry_out().await;
    assert_eq!(door.journal("noted").await, 0, "a preview does nothing");

    let path = format!("/v1/bulk_orders/{}", order["id"].as_str().unwrap());
    let started = door.post(&format!("{path}/start"), &json!({})).await;
    assert_eq!(progress(&started), [12, 12, 0, 0, 0, 0]);
    door.carry_out().await;
    let done = door.get(&path).await;
    assert_eq!((&done.json()["state"], progress(&done)), (&json!("done"), [12, 0, 12, 0, 0, 0]));
    assert!(done.json()["ended_at"].is_string());
    assert_eq!((door.journal("noted").await, door.most_told("noted").await), (12, 1));
    let again = door.post(&format!("{path}/start"), &json!({})).await;
    assert_eq!(again.json()["state"], "done", "started twice it is shown as it stands");
    door.carry_out().await;
    assert_eq!(door.journal("noted").await, 12);

    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = door.get(&format!("{path}/items?limit=5{cursor}")).await.json();
        items.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(items.len(), 12);
    assert!(items.iter().all(|item| item["result"] == "done" && item["at"].is_string()));
    // The timeline tells that it was one of many, and who gave the order.
    let events = format!("/v1/onboardings/{}/events", items[3]["onboarding_id"].as_str().unwrap());
    let events = door.get(&events).await.json();
    let actor = format!("key:signup (bulk order {})", order["id"].as_str().unwrap());
    assert_eq!(events["data"][1]["actor"], actor);
    let listed = door.get("/v1/bulk_orders").await.json();
    assert_eq!(listed["data"], json!([done.json()]));
}

#[tokio::test]
async fn each_item_says_what_became_of_it() {
    let door = Door::open().await;
    door.start(&signup("waits"), None).await;
    work(&door, two_questions()).await;
    door.crowd(3).await;
    let all = door.get("/v1/onboardings").await.json()["data"].clone();
    let path = |place: usize| format!("/v1/onboardings/{}", all[place]["id"].as_str().unwrap());
    let skip = json!({ "filter": {}, "order": { "skip": { "reason": "Not needed." } } });
    let preview = door.post("/v1/bulk_orders", &skip).await.json();
    let allowed: Vec<_> =
        preview["sample"].as_array().unwrap().iter().map(|one| &one["allowed"]).collect();
    assert_eq!(allowed, [false, false, false, true]);
    let order = door.begin(&skip).await;
    door.carry_out().await;
    assert_eq!(progress(&door.get(&order).await), [4, 0, 1, 3, 0, 0]);
    let refused = door.get(&format!("{order}/items?result=refused")).await.json();
    assert_eq!(refused["data"].as_array().unwrap().len(), 3);
    assert!(refused["data"][0]["reason"].as_str().unwrap().contains("nothing to go on with"));

    // What does not match any more when its turn comes is passed by.
    let filter = json!({ "status": "running" });
    let cancel = json!({ "cancel": { "reason": "They are gone." } });
    let order = door.begin(&json!({ "filter": filter, "order": cancel })).await;
    let moved = door.post(&format!("{}/cancel", path(1)), &json!({ "reason": "x" })).await;
    assert_eq!(moved.status, StatusCode::OK);
    door.carry_out().await;
    let counts = progress(&door.get(&order).await);
    assert_eq!(counts, [4, 0, 3, 0, 1, 0], "skipping has let the first one run on");
    let page = door.get(&format!("{order}/items?result=passed_by")).await.json();
    assert_eq!(page["data"][0]["onboarding_id"], all[1]["id"]);
    for wrong in ["result=lost", "cursor=x", "limit=0"] {
        let refused = door.get(&format!("{order}/items?{wrong}")).await;
        assert_eq!(refused.pointers("invalid"), [wrong.split('=').next().unwrap()]);
    }
}

#[tokio::test]
async fn more_than_was_previewed_is_not_started() {
    let door = Door::open().await;
    door.crowd(3).await;
    let order = door.preview(&note(&json!({}))).await;
    door.crowd(4).await;
    let refused = door.post(&format!("{order}/start"), &json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("4 onboardings") && detail.contains("showed 3"), "{detail}");
    door.carry_out().await;
    assert_eq!(door.journal("noted").await, 0);
    assert_eq!(door.count("bulk_item").await, 0);

    // Fewer are fine: some have gone on by themselves.
    let order = door.preview(&note(&json!({ "status": "running" }))).await;
    let all = door.get("/v1/onboardings").await.json();
    let path = format!("/v1/onboardings/{}/cancel", all["data"][0]["id"].as_str().unwrap());
    door.post(&path, &json!({ "reason": "x" })).await;
    let started = door.post(&format!("{order}/start"), &json!({})).await;
    assert_eq!(progress(&started), [3, 3, 0, 0, 0, 0]);

    let order = door.preview(&note(&json!({}))).await;
    door.clock.advance(TimeDelta::minutes(15));
    let late = door.post(&format!("{order}/start"), &json!({})).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.json()["detail"].as_str().unwrap().contains("15 minutes"), "{}", late.text);
    let absent = "/v1/bulk_orders/01920000-0000-7000-8000-000000000000/start";
    assert_eq!(door.post(absent, &json!({})).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whoever_dies_in_the_middle_and_whoever_interferes_nobody_is_told_twice() {
    // With the service's own sessions: one that was left in the middle of something is closed.
    let database = TestDb::fresh().await;
    let clock = Clock::stopped_at(dawn_plus(0));
    let options = gangway::app::session(database.options());
    let store = Store::open(PgPoolOptions::new(), options, clock.clone()).await.unwrap();
    let pool = database.pool().await;
    let door = Door::open_on((database, pool), store, clock).await;
    door.crowd(60).await;
    let order = door.begin(&note(&json!({}))).await;
    // Dies after some, again and again: what it was at is lost with it.
    for some in [1, 7, 20] {
        // What the one before had in hand may hold the order for a moment: ask until it is free.
        let dying = async {
            loop {
                door.carry_out().await;
            }
        };
        let enough = async {
            while door.journal("noted").await < some {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = dying => {}
            () = enough => {}
        }
        door.clock.advance(TimeDelta::minutes(2));
    }
    let told = door.journal("noted").await;
    assert!((20..60).contains(&told), "{told}");
    // The lease of one is over while it is still at work, and another one takes the same order.
    let (one, other) = (door.beside(), door.beside());
    let stop = CancellationToken::new();
    let second = async {
        while door.journal("noted").await < told + 2 {
            tokio::task::yield_now().await;
        }
        door.clock.advance(TimeDelta::minutes(2));
        other.carry_out_bulk(&stop).await
    };
    let (first, second) = tokio::join!(one.carry_out_bulk(&stop), second);
    first.unwrap();
    second.unwrap();
    assert_eq!(progress(&door.get(&order).await), [60, 0, 60, 0, 0, 0]);
    assert_eq!((door.journal("noted").await, door.most_told("noted").await), (60, 1));
}

#[tokio::test]
async fn once_it_is_cancelled_nobody_is_told_any_more() {
    let door = Door::open().await;
    door.crowd(40).await;
    let order = door.begin(&note(&json!({}))).await;
    let stop = CancellationToken::new();
    let cancelling = async {
        while door.journal("noted").await < 5 {
            tokio::task::yield_now().await;
        }
        let cancelled = door.post(&format!("{order}/cancel"), &json!({})).await;
        (cancelled, door.journal("noted").await)
    };
    let working = door.state.engine.carry_out_bulk(&stop);
    let (worked, (cancelled, told)) = tokio::join!(working, cancelling);
    worked.unwrap();
    assert_eq!(cancelled.json()["state"], "cancelled", "{}", cancelled.text);
    door.carry_out().await;
    assert_eq!(door.journal("noted").await, told);
    assert!((5..40).contains(&told), "{told}");
    let now = door.get(&order).await;
    let told = u64::try_from(told).unwrap();
    assert_eq!(progress(&now), [40, 40 - told, told, 0, 0, 0]);
    let again = door.post(&format!("{order}/cancel"), &json!({})).await;
    assert_eq!(again.text, cancelled.text, "it is over already");
    let refused = door.post(&format!("{order}/start"), &json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let done = door.begin(&note(&json!({ "tenant_id": "tenant-1" }))).await;
    door.carry_out().await;
    let refused = door.post(&format!("{done}/cancel"), &json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "what is done stays done");
}

#[tokio::test]
async fn every_order_can_be_given_to_many() {
    let door = Door::open().await;
    for (action, fields, kind) in [
        ("assign", json!({ "assignee": "ada" }), "assigned"),
        ("snooze", json!({ "until": "2026-03-03T09:00:00Z", "reason": "Later." }), "snoozed"),
        ("note", json!({ "text": "They call." }), "noted"),
        ("extend_link", json!({ "expires_in_hours": 2000 }), "link_extended"),
        ("rotate_link", json!({}), "link_rotated"),
        ("revoke_link", json!({}), "link_revoked"),
        ("restart_from", json!({ "step": "map", "reason": "Wrong." }), "restarted"),
        ("skip", json!({ "reason": "Not needed." }), "skipped"),
        ("cancel", json!({ "reason": "They are gone." }), "cancelled"),
    ] {
        if door.count("onboarding").await == 0 {
            door.start(&signup("acme"), None).await;
            work(&door, two_questions()).await;
        }
        let order = json!({ action: fields });
        let order = door.begin(&json!({ "filter": {}, "order": order })).await;
        door.carry_out().await;
        let items = door.get(&format!("{order}/items")).await.json();
        assert_eq!(items["data"][0]["result"], "done", "{action}: {items}");
        assert_eq!(door.journal(kind).await, 1, "{action}");
    }
    door.start(&signup("bravo"), None).await;
    let retry = json!({ "filter": { "status": "running" }, "order": { "retry": {} } });
    let order = door.begin(&retry).await;
    door.carry_out().await;
    assert_eq!(progress(&door.get(&order).await), [1, 0, 0, 1, 0, 0], "it is not stuck");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let door = Door::open().await;
    for (body, pointers) in [
        (json!({}), vec!["/filter"]),
        (json!({ "filter": {}, "order": { "adopt": {} } }), vec!["/order/adopt"]),
        (json!({ "filter": {}, "order": "retry" }), vec!["/order"]),
        (
            json!({ "filter": {}, "order": { "cancel": { "reason": "x" }, "retry": {} } }),
            vec!["/order/cancel"],
        ),
        (json!({ "filter": {}, "order": { "note": {} } }), vec!["/order/note/text"]),
        (
            json!({ "filter": {}, "order": { "revoke_link": { "text": "x" } } }),
            vec!["/order/revoke_link/text"],
        ),
        (
            json!({ "filter": { "status": "lost", "tag": "A" },
                    "order": { "cancel": { "reason": " " } } }),
            vec!["/filter/status", "/filter/tag", "/order/cancel/reason"],
        ),
        (note(&json!({ "sttus": "live" })), vec!["/filter/sttus"]),
        (note(&json!({ "status": 1 })), vec!["/filter/status"]),
    ] {
        let refused = door.post("/v1/bulk_orders", &body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", refused.text);
        assert_eq!(refused.pointers("invalid"), pointers, "{body}: {}", refused.text);
    }
    assert_eq!(door.count("bulk_order").await, 0);
}

#[tokio::test]
async fn a_key_orders_only_what_it_sees() {
    let door = Door::open().await;
    let mut other = blueprint();
    other["key"] = json!("billing");
    door.post("/v1/blueprints", &other).await;
    door.crowd(2).await;
    let mut billing = signup("acme");
    billing["blueprint"] = json!("billing");
    door.start(&billing, None).await;
    let wide = door.begin(&note(&json!({ "tag": "nobody" }))).await;
    let made = json!({ "name": "theirs", "scopes": ["read", "write"], "blueprints": ["billing"] });
    let key = door.post("/v1/api_keys", &made).await.json()["key"].as_str().unwrap().to_owned();
    let ask = async |method: &str, path: &str, body: &Value| {
        let request = axum::http::Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {key}"));
        let request = request.header("content-type", "application/json");
        let text = if body.is_null() { String::new() } else { body.to_string() };
        door.send(request.body(text.into()).unwrap()).await
    };
    for (method, path) in [
        ("GET", wide.clone()),
        ("GET", format!("{wide}/items")),
        ("POST", format!("{wide}/cancel")),
    ] {
        let answer = ask(method, &path, &Value::Null).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}: {}", answer.text);
    }
    let preview = ask("POST", "/v1/bulk_orders", &note(&json!({}))).await.json();
    assert_eq!(preview["order"]["previewed"], 1);
    let mine = format!("/v1/bulk_orders/{}", preview["order"]["id"].as_str().unwrap());
    assert_eq!(ask("POST", &format!("{mine}/start"), &json!({})).await.status, StatusCode::OK);
    door.carry_out().await;
    assert_eq!(door.journal("noted").await, 1);
    let listed = ask("GET", "/v1/bulk_orders", &Value::Null).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(door.get("/v1/bulk_orders").await.json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_matches_too_many_is_refused_before_anything_is_kept() {
    let door = Door::open().await;
    door.crowd(1).await;
    // Counts come from the tally: so many need not be there for it to say so.
    sqlx::query(
        "INSERT INTO tally (blueprint_key, blueprint_version, status, step, problem_code, count)
         VALUES ('crm', 1, 'running', 'create_account', '', 100000)",
    )
    .execute(&door.pool)
    .await
    .unwrap();
    let refused = door.post("/v1/bulk_orders", &note(&json!({}))).await;
    assert_eq!(refused.pointers("invalid"), ["/filter"]);
    assert!(refused.text.contains("100001 onboardings"), "{}", refused.text);
    assert_eq!(door.count("bulk_order").await, 0);
}
