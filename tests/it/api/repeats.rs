//! Whatever changes something is carried out once for each Idempotency-Key, and answered the same way
//! however often it is asked. The operations are those of the document: one that nobody says here how
//! to ask for fails these tests.

use axum::body::Body;
use axum::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use gangway::clock::Clock;
use gangway::onboarding::CycleState;
use gangway::secret::ExposeSecret as _;
use gangway::store::Store;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use super::after_live::{look, to_live};
use super::door::{Answer, Door, blueprint, dawn_plus, signup};
use super::more_orders::two_questions;
use super::orders::{two_candidates, work};
use crate::database::TestDb;
use crate::wire::Wire;

/// One operation with everything there that it needs.
struct Case {
    operation: String,
    method: String,
    path: String,
    body: Value,
    /// Another request under the same path.
    other: Value,
}

/// The operations that take a key: name, method and path.
fn operations() -> Vec<(String, String, String)> {
    let document = serde_json::to_value(gangway::api::document()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let takes_key =
                parameters.filter(|one| one["$ref"] == "#/components/parameters/IdempotencyKey");
            let takes_key = takes_key.count();
            let name = operation["operationId"].as_str().unwrap().to_owned();
            // What is asked with another method than GET changes something, unless it is named here.
            let only_looks = method == "get" || name.starts_with("preflight_");
            assert_eq!(takes_key == 1, !only_looks, "{name}");
            if takes_key == 1 {
                found.push((name, method.to_uppercase(), path.clone()));
            }
        }
    }
    assert!(found.len() >= 14, "{found:?}");
    found
}

/// What it is asked with, and another request under the same path.
/// Two squares of one colour each.
pub(crate) const LOGOS: [&str; 2] = [
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAKklEQVR42mPgzvanKWIYtWDUglELRi0YtWDUglELRi0YtWDUglELhooFAFQHFC49j9xHAAAAAElFTkSuQmCC",
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAKklEQVR42mM4ISdHU8QwasGoBaMWjFowasGoBaMWjFowasGoBaMWDBULACXLED1gHZEpAAAAAElFTkSuQmCC",
];

/// What only a live onboarding takes.
const LIVE: [&str; 4] =
    ["check_onboarding", "reauthorize_onboarding", "settle_drift", "upgrade_onboarding"];

#[expect(clippy::too_many_lines, reason = "a case for each operation")]
fn bodies(operation: &str) -> (Value, Value) {
    let reason = json!({ "reason": "They asked for it." });
    let other_reason = json!({ "reason": "They asked for it twice." });
    let unknown = json!({ "surely": "not known" });
    let endpoint = json!({ "url": "https://hooks.example.com/" });
    let other_endpoint = json!({ "url": "https://hooks.example.com/other" });
    match operation {
        "start_onboarding" => (signup("acme"), signup("bravo")),
        "change_link" => (json!({ "action": "rotate" }), json!({})),
        "retry_onboarding"
        | "enable_webhook_endpoint"
        | "disable_webhook_endpoint"
        | "delete_webhook_endpoint"
        | "revoke_api_key"
        | "start_bulk_order"
        | "cancel_bulk_order"
        | "replay_webhook_delivery" => (Value::Null, json!({})),
        "cancel_onboarding"
        | "skip_step"
        | "erase_tenant"
        | "check_onboarding"
        | "reauthorize_onboarding"
        | "offboard_onboarding" => (reason, other_reason),
        "upgrade_onboarding" => {
            let to = |reason| json!({ "version": 2, "reason": reason });
            (to("Newer."), to("Better."))
        }
        "settle_drift" => {
            let choice = |choice| {
                json!({
                    "code": "cycle_stopped", "object": Uuid::from_u128(1), "choice": choice,
                    "reason": "We looked.",
                })
            };
            (choice("ignore"), choice("adopt"))
        }
        "restart_onboarding" => {
            let from = |step| json!({ "step": step, "reason": "It went wrong." });
            (from("install"), from("connect"))
        }
        "assign_onboarding" => (json!({ "assignee": "ada" }), json!({ "assignee": null })),
        "snooze_onboarding" => (json!({ "until": dawn_plus(9) }), json!({ "until": null })),
        "note_onboarding" => (json!({ "text": "They call." }), json!({ "text": "They called." })),
        "answer_questions" => {
            let answers = |sender| json!({ "answers": { "sender": sender } });
            (answers("a@b.co"), answers("c@d.co"))
        }
        "adopt_cycle" => {
            let choice = |n| json!({ "cycle_id": Uuid::from_u128(n), "reason": "It is ours." });
            (choice(2), choice(1))
        }
        "preview_bulk_order" => {
            let note = |text| json!({ "filter": {}, "order": { "note": { "text": text } } });
            (note("They call."), note("They called."))
        }
        "publish_blueprint" => {
            let mut second = blueprint();
            second["name"] = json!("CRM sync, again");
            (second, blueprint())
        }
        "upload_logo" => {
            let logo = |image: &str| json!({ "image": image });
            (logo(LOGOS[0]), logo(LOGOS[1]))
        }
        "create_api_key" => {
            let key = |scope| json!({ "name": "backend", "scopes": [scope] });
            (key("read"), key("write"))
        }
        "create_webhook_endpoint" | "update_webhook_endpoint" => (endpoint, other_endpoint),
        "rotate_webhook_secret" => (json!({}), json!({ "overlap_hours": 1 })),
        "test_webhook_endpoint" => (json!({}), unknown),
        "replay_webhook_deliveries" => {
            let since = |days: i64| json!({ "since": dawn_plus(-days), "until": dawn_plus(1) });
            (since(1), since(2))
        }
        other => panic!("say here how {other} is asked for"),
    }
}

async fn prepare(door: &Door, (operation, method, path): (String, String, String)) -> Case {
    let (body, other) = bodies(&operation);
    let path = if path.starts_with("/v1/onboardings/{id}") {
        let id = door.start(&signup("acme"), None).await.id();
        if ["retry_onboarding", "adopt_cycle"].contains(&&*operation) {
            work(door, two_candidates()).await;
        }
        if ["answer_questions", "skip_step", "restart_onboarding"].contains(&&*operation) {
            work(door, two_questions()).await;
        }
        if LIVE.contains(&&*operation) {
            work(door, to_live()).await;
            look(door, CycleState::Stopped("Paused".to_owned())).await;
        }
        if operation == "upgrade_onboarding" {
            let mut second = blueprint();
            second["name"] = json!("CRM sync, the second");
            door.post("/v1/blueprints", &second).await;
        }
        path.replace("{id}", &id)
    } else if path.starts_with("/v1/tenants/") {
        let id = door.start(&signup("acme"), None).await.id();
        let cancel = format!("/v1/onboardings/{id}/cancel");
        assert_eq!(door.post(&cancel, &json!({ "reason": "No." })).await.status, StatusCode::OK);
        path.replace("{tenant_id}", "acme")
    } else if path.starts_with("/v1/bulk_orders/{id}") {
        door.start(&signup("acme"), None).await;
        let body = json!({ "filter": {}, "order": { "note": { "text": "They call." } } });
        let preview = door.post("/v1/bulk_orders", &body).await.json();
        path.replace("{id}", preview["order"]["id"].as_str().unwrap())
    } else if path.starts_with("/v1/api_keys/{id}") {
        let body = json!({ "name": "backend", "scopes": ["read"] });
        path.replace("{id}", &door.post("/v1/api_keys", &body).await.id())
    } else if path.contains("{id}") {
        let endpoint = json!({ "url": "https://a.example.com/" });
        let id = door.post("/v1/webhook_endpoints", &endpoint).await.id();
        let sent = format!("/v1/webhook_endpoints/{id}/test");
        assert_eq!(door.post(&sent, &json!({})).await.status, StatusCode::ACCEPTED);
        let list = door.get(&format!("/v1/webhook_endpoints/{id}/deliveries")).await.json();
        let message = list["data"][0]["id"].as_str().unwrap();
        path.replace("{id}", &id).replace("{message}", message)
    } else {
        path
    };
    Case { operation, method, path, body, other }
}

impl Case {
    async fn ask(&self, door: &Door, api_key: &str, key: &str, body: &Value) -> Answer {
        let mut request = axum::http::Request::builder()
            .method(&*self.method)
            .uri(&self.path)
            .header("authorization", format!("Bearer {api_key}"))
            .header("idempotency-key", key);
        if !body.is_null() {
            request = request.header("content-type", "application/json");
        }
        let text = if body.is_null() { String::new() } else { body.to_string() };
        door.send(request.body(Body::from(text)).unwrap()).await
    }

    async fn once(&self, door: &Door) -> Answer {
        self.ask(door, &door.key, "k1", &self.body).await
    }
}

fn assert_same(one: &Answer, other: &Answer, what: &str) {
    assert_eq!((one.status, &one.text), (other.status, &other.text), "{what}");
    for name in ["location", "content-type"] {
        assert_eq!(one.headers.get(name), other.headers.get(name), "{what}");
    }
}

#[tokio::test]
async fn a_repetition_changes_nothing_and_is_answered_like_the_first_one() {
    for operation in operations() {
        let door = Door::open().await;
        let case = prepare(&door, operation).await;
        let name = &*case.operation;
        let first = case.once(&door).await;
        assert!(first.status.is_success(), "{name}: {}", first.text);
        let kept = door.dump().await;
        door.clock.advance(TimeDelta::hours(24));
        assert_same(&first, &case.once(&door).await, name);
        let refused = case.ask(&door, &door.key, "k1", &case.other).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", refused.text);
        if case.other != json!({ "surely": "not known" }) {
            refused.pointers("idempotency_key_reused");
        }
        assert_eq!(door.dump().await, kept, "{name}: neither of them changed anything");
        // Another caller's request under the same name is one of its own: carried out or refused, and
        // never answered with what was told the first one.
        let (_, another) = door.state.store().create_api_key("another").await.unwrap();
        let theirs = case.ask(&door, another.expose_secret(), "k1", &case.body).await;
        let done = i64::from(theirs.status.is_success());
        assert_eq!(door.count("idempotency").await, 1 + done, "{name}: {}", theirs.text);
    }
}

#[tokio::test]
async fn twenty_at_once_have_one_effect_and_one_answer() {
    for operation in operations() {
        let (door, alone) = (Door::open().await, Door::open().await);
        let case = prepare(&door, operation.clone()).await;
        let answers = join_all((0..20).map(|_| case.once(&door))).await;
        for answer in &answers {
            assert!(answer.status.is_success(), "{}: {}", case.operation, answer.text);
            assert_same(&answers[0], answer, &case.operation);
        }
        prepare(&alone, operation).await.once(&alone).await;
        assert_eq!(door.counts().await, alone.counts().await, "{}", case.operation);
    }
}

#[tokio::test]
async fn what_was_done_although_nobody_was_told_is_told_when_it_is_asked_again() {
    for operation in operations() {
        let alone = Door::open().await;
        prepare(&alone, operation.clone()).await.once(&alone).await;
        let database = TestDb::fresh().await;
        let clock = Clock::stopped_at(dawn_plus(0));
        let wire = Wire::to(&database).await;
        let store = wire.store(&database, &clock).await;
        let pool = database.pool().await;
        let door = Door::open_on((database, pool), store, clock).await;
        let case = prepare(&door, operation).await;
        let name = &*case.operation;
        wire.lose_answer_to("COMMIT");
        let untold = case.once(&door).await;
        assert!(wire.has_struck(), "{name}: nothing was kept");
        assert_eq!(untold.status, StatusCode::SERVICE_UNAVAILABLE, "{name}: {}", untold.text);
        let told = case.once(&door).await;
        assert!(told.status.is_success(), "{name}: {}", told.text);
        assert_same(&told, &case.once(&door).await, name);
        assert_eq!(door.counts().await, alone.counts().await, "{name}");
    }
}

#[tokio::test]
async fn a_repetition_of_what_is_under_way_waits_and_is_told_to_come_back() {
    for operation in operations() {
        let database = TestDb::fresh().await;
        let clock = Clock::stopped_at(dawn_plus(0));
        let options = database.options().options([("lock_timeout", "100ms")]);
        let hasty = PgPoolOptions::new().connect_with(options).await.unwrap();
        let pool = database.pool().await;
        let door = Door::open_on((database, pool), Store::new(hasty, clock.clone()), clock).await;
        let case = prepare(&door, operation).await;
        let mut first = door.pool.begin().await.unwrap();
        sqlx::query(
            "SELECT pg_advisory_xact_lock(hashtextextended(api_key_id || ' ' || 'k1', 0))
             FROM api_key",
        )
        .execute(&mut *first)
        .await
        .unwrap();
        let kept = door.dump().await;
        let told = case.once(&door).await;
        assert_eq!(told.status, StatusCode::CONFLICT, "{}: {}", case.operation, told.text);
        told.pointers("idempotency_in_flight");
        assert!(told.headers.contains_key("retry-after"));
        assert_eq!(door.dump().await, kept, "{}", case.operation);
        first.rollback().await.unwrap();
        assert!(case.once(&door).await.status.is_success(), "{}", case.operation);
    }
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    let case = Case {
        operation: "retry_onboarding".to_owned(),
        method: "POST".to_owned(),
        path: format!("/v1/onboardings/{id}/retry"),
        body: Value::Null,
        other: Value::Null,
    };
    assert_eq!(case.once(&door).await.status, StatusCode::CONFLICT, "it is running");
    work(&door, two_candidates()).await;
    assert_eq!(case.once(&door).await.status, StatusCode::OK, "it is stuck now");
}

#[tokio::test]
async fn answers_are_forgotten_after_a_day_and_a_half_a_few_at_a_time() {
    let door = Door::open().await;
    door.start(&signup("acme"), Some("k1")).await;
    door.clock.advance(TimeDelta::hours(35));
    let store = door.state.store();
    assert!(!store.forget_answers(TimeDelta::hours(36)).await.unwrap());
    assert_eq!(door.count("idempotency").await, 1);
    sqlx::query(
        "INSERT INTO idempotency (api_key_id, idempotency_key, request_digest, status, body,
                                  onboarding_id, link_generation, created_at)
         SELECT api_key_id, 'more ' || n, request_digest, status, body, onboarding_id,
                link_generation, created_at
         FROM idempotency, generate_series(1, 600) n",
    )
    .execute(&door.pool)
    .await
    .unwrap();
    door.start(&signup("acme"), Some("fresh")).await;
    door.clock.advance(TimeDelta::hours(2));
    assert!(store.forget_answers(TimeDelta::hours(36)).await.unwrap(), "there are more");
    assert_eq!(door.count("idempotency").await, 102);
    assert!(!store.forget_answers(TimeDelta::hours(36)).await.unwrap());
    assert_eq!(door.count("idempotency").await, 1, "the fresh one");
}
