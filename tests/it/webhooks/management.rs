//! Endpoints: made, changed, disabled, tried out, and told again.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Bell, Heard, Manner, Receiver};

#[tokio::test]
async fn an_endpoint_lives_from_its_making_to_its_end() {
    let bell = Bell::open().await;
    let receiver = Receiver::open().await;
    let body =
        json!({ "url": receiver.url(), "description": "ours", "events": ["onboarding.live"] });
    let (status, made) = bell.ask("POST", "/v1/webhook_endpoints", &body).await;
    assert_eq!(status, StatusCode::CREATED);
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    let (_, shown) = bell.ask("GET", &path, &Value::Null).await;
    let expected = json!({
        "id": made["id"], "url": receiver.url(), "description": "ours",
        "events": ["onboarding.live"], "enabled": true, "disabled_at": null,
        "disabled_because": null, "failing_since": null, "secret": null,
        "created_at": "2026-03-02T09:00:00Z",
    });
    assert_eq!(shown, expected, "the secret is shown once");
    let (_, list) = bell.ask("GET", "/v1/webhook_endpoints", &Value::Null).await;
    assert_eq!(list, json!({ "data": [expected] }));
    let (_, off) = bell.ask("POST", &format!("{path}/disable"), &Value::Null).await;
    assert_eq!((&off["enabled"], &off["disabled_because"]), (&json!(false), &json!("ordered")));
    let (_, on) = bell.ask("POST", &format!("{path}/enable"), &Value::Null).await;
    assert_eq!(on, expected);
    let (status, _) = bell.ask("DELETE", &path, &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/enable")),
        ("GET", format!("{path}/deliveries")),
        ("GET", "/v1/webhook_endpoints/nonsense".to_owned()),
    ] {
        let (status, problem) = bell.ask(method, &path, &Value::Null).await;
        assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    }
}

#[tokio::test]
async fn what_will_not_do_is_told_by_field() {
    let bell = Bell::open().await;
    let body =
        json!({ "url": "x", "description": "a\nb", "events": ["onboarding.live", "sunrise"] });
    let (status, problem) = bell.ask("POST", "/v1/webhook_endpoints", &body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let errors = problem["errors"].as_array().unwrap();
    let pointers: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/description", "/events/1", "/url"]);
    let unknown = json!({ "url": "https://a.example.com/", "secret": "mine" });
    let (status, _) = bell.ask("POST", "/v1/webhook_endpoints", &unknown).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_same_request_makes_one_endpoint_and_gets_one_answer() {
    let bell = Bell::open().await;
    let receiver = Receiver::open().await;
    let body = json!({ "url": receiver.url() });
    let ask = || bell.ask_as("POST", "/v1/webhook_endpoints", &body, Some("k1"));
    let answers = futures_util::future::join_all((0..20).map(|_| ask())).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(answers[0].0, StatusCode::CREATED);
    let (_, list) = bell.ask("GET", "/v1/webhook_endpoints", &Value::Null).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let other = json!({ "url": receiver.url(), "description": "another" });
    let (status, problem) = bell.ask_as("POST", "/v1/webhook_endpoints", &other, Some("k1")).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency_key_reused"))
    );
    // What is remembered shows a secret, so it is sealed.
    let kept: Vec<String> = sqlx::query_scalar("SELECT body FROM idempotency")
        .fetch_all(&bell.house.pool().await)
        .await
        .unwrap();
    assert!(kept.iter().all(|body| !body.contains("whsec")), "{kept:?}");
    assert_eq!(kept.len(), 1);
}

#[tokio::test]
async fn while_one_secret_takes_over_from_another_both_are_good() {
    let mut bell = Bell::open().await;
    let receiver = Receiver::open().await;
    let (endpoint, old) = bell.endpoint_for(&receiver, &["onboarding.live"]).await;
    let order = json!({ "overlap_hours": 2 });
    let (status, rotated) = bell.ask("POST", &format!("{endpoint}/rotate_secret"), &order).await;
    assert_eq!(status, StatusCode::OK, "{rotated}");
    let new = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    bell.onboard("acme").await;
    bell.ring().await;
    bell.house.advance(TimeDelta::hours(2));
    bell.onboard("bravo").await;
    bell.ring().await;
    let heard = receiver.heard();
    assert_eq!(heard[0].header("webhook-signature").split(' ').count(), 2);
    assert!(heard[0].is_signed_with(&old) && heard[0].is_signed_with(&new));
    assert!(!heard[1].is_signed_with(&old) && heard[1].is_signed_with(&new));
    let (status, _) = bell
        .ask("POST", &format!("{endpoint}/rotate_secret"), &json!({ "overlap_hours": 169 }))
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_endpoint_that_says_it_is_gone_is_disabled_and_the_others_are_told() {
    let mut bell = Bell::open().await;
    let (gone, other) = (Receiver::open().await, Receiver::open().await);
    let (endpoint, _) = bell.endpoint(&gone).await;
    bell.endpoint_for(&other, &["webhook_endpoint.disabled"]).await;
    gone.always(Manner::Answer(410));
    bell.onboard("acme").await;
    bell.ring().await;
    bell.onboard("bravo").await;
    bell.ring_after(TimeDelta::hours(1)).await;
    assert_eq!(gone.heard().len(), 1, "nothing more is sent there");
    assert_eq!(other.kinds(), ["webhook_endpoint.disabled"]);
    let told = other.heard()[0].json();
    let (_, shown) = bell.ask("GET", &endpoint, &Value::Null).await;
    assert_eq!(told["data"], shown);
    assert_eq!((&shown["enabled"], &shown["disabled_because"]), (&json!(false), &json!("gone")));
}

#[tokio::test]
async fn an_endpoint_that_fails_for_days_is_disabled_and_what_it_missed_can_be_told_again() {
    let mut bell = Bell::open().await;
    let (failing, other) = (Receiver::open().await, Receiver::open().await);
    let (endpoint, secret) = bell.endpoint_for(&failing, &["onboarding.live"]).await;
    bell.endpoint_for(&other, &["webhook_endpoint.disabled"]).await;
    failing.always(Manner::Answer(500));
    let since = bell.house.clock.now();
    for day in 0..6 {
        bell.onboard(&format!("tenant-{day}")).await;
        bell.ring().await;
        let (_, shown) = bell.ask("GET", &endpoint, &Value::Null).await;
        assert_eq!(shown["enabled"], json!(day < 5), "day {day}: {shown}");
        assert_eq!(shown["failing_since"], "2026-03-02T09:00:00Z");
        bell.house.advance(TimeDelta::days(1));
    }
    assert_eq!(other.kinds(), ["webhook_endpoint.disabled"], "once");
    // What happens while it is disabled is not queued.
    bell.onboard("unheard").await;
    bell.ring().await;
    failing.always(Manner::Answer(200));
    let before = failing.heard().len();
    bell.ask("POST", &format!("{endpoint}/enable"), &Value::Null).await;
    bell.ring().await;
    let order = json!({ "since": since, "failed_only": true });
    let (status, queued) = bell.ask("POST", &format!("{endpoint}/replay"), &order).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{queued}");
    bell.ring().await;
    let arrived = failing.heard().split_off(before);
    let mut ids: Vec<_> = arrived.iter().map(Heard::id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((arrived.len(), ids.len()), (7, 7), "{:?}", failing.kinds());
    assert!(arrived.iter().all(|message| message.is_signed_with(&secret)));
    let (_, queued) = bell.ask("POST", &format!("{endpoint}/replay"), &order).await;
    assert_eq!(queued, json!({ "queued": 0 }), "all of it has arrived");
    let all = json!({ "since": since });
    let (_, queued) = bell.ask("POST", &format!("{endpoint}/replay"), &all).await;
    assert_eq!(queued, json!({ "queued": 7 }));
    let backwards = json!({ "since": "2026-03-02T09:00:00Z", "until": "2026-03-02T09:00:00Z" });
    let (status, _) = bell.ask("POST", &format!("{endpoint}/replay"), &backwards).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn one_message_is_sent_again_under_its_own_id() {
    let mut bell = Bell::open().await;
    let receiver = Receiver::open().await;
    let (endpoint, _) = bell.endpoint_for(&receiver, &["onboarding.live"]).await;
    bell.onboard("acme").await;
    bell.ring().await;
    let id = receiver.heard()[0].id();
    let path = format!("{endpoint}/deliveries/{id}/replay");
    assert_eq!(bell.ask("POST", &path, &Value::Null).await.0, StatusCode::ACCEPTED);
    bell.ring().await;
    let heard = receiver.heard();
    assert_eq!((heard.len(), heard[1].id(), &heard[1].body), (2, id.clone(), &heard[0].body));
    assert_eq!(bell.log(&endpoint, &id).await.len(), 2);
    let other = Receiver::open().await;
    let (another, _) = bell.endpoint(&other).await;
    let foreign = format!("{another}/deliveries/{id}");
    assert_eq!(bell.ask("GET", &foreign, &Value::Null).await.0, StatusCode::NOT_FOUND);
    let foreign = format!("{foreign}/replay");
    assert_eq!(bell.ask("POST", &foreign, &Value::Null).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_test_message_goes_to_one_endpoint_whatever_it_asked_for() {
    let mut bell = Bell::open().await;
    let (one, other) = (Receiver::open().await, Receiver::open().await);
    let (endpoint, secret) = bell.endpoint_for(&one, &["onboarding.live"]).await;
    bell.endpoint(&other).await;
    for _ in 0..2 {
        let path = format!("{endpoint}/test");
        let (status, queued) = bell.ask_as("POST", &path, &json!({}), Some("t1")).await;
        assert_eq!((status, queued), (StatusCode::ACCEPTED, json!({ "queued": 1 })));
    }
    bell.ring().await;
    assert_eq!(one.kinds(), ["webhook_endpoint.test"], "asked twice under one key, sent once");
    assert!(one.heard()[0].is_signed_with(&secret));
    assert_eq!(one.heard()[0].json()["sequence"], Value::Null);
    assert!(other.heard().is_empty());
}

#[tokio::test]
async fn deliveries_are_listed_by_pages_and_forgotten_by_age() {
    let mut bell = Bell::open().await;
    let receiver = Receiver::open().await;
    let (endpoint, _) = bell.endpoint(&receiver).await;
    for n in 0..3 {
        bell.onboard(&format!("tenant-{n}")).await;
    }
    bell.ring().await;
    let (mut path, mut seen) = (format!("{endpoint}/deliveries?limit=4"), Vec::new());
    loop {
        let (_, page) = bell.ask("GET", &path, &Value::Null).await;
        seen.extend(page["data"].as_array().unwrap().iter().map(|one| one["id"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("{endpoint}/deliveries?limit=4&cursor={next}");
    }
    let mut distinct: Vec<_> = seen.iter().map(|id| id.as_str().unwrap()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len()), (6, 6));
    for wrong in ["state=lost", "limit=0", "cursor=x"] {
        let (status, _) =
            bell.ask("GET", &format!("{endpoint}/deliveries?{wrong}"), &Value::Null).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let month = TimeDelta::days(30);
    assert_eq!(bell.house.store.forget_messages(month).await.unwrap(), 0);
    bell.house.advance(month + TimeDelta::seconds(1));
    assert_eq!(bell.house.store.forget_messages(month).await.unwrap(), 6);
    let pool = bell.house.pool().await;
    for table in ["webhook_message", "webhook_delivery", "webhook_attempt"] {
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let count: i64 = sqlx::query_scalar(count).fetch_one(&pool).await.unwrap();
        assert_eq!(count, 0, "{table}");
    }
}

#[tokio::test]
async fn there_are_fifty_endpoints_at_most_however_many_are_made_at_once() {
    let bell = Bell::open().await;
    let create = async |n: usize| {
        let body = json!({ "url": format!("http://127.0.0.1:9/{n}") });
        bell.ask("POST", "/v1/webhook_endpoints", &body).await.0
    };
    let answers = futures_util::future::join_all((0..60).map(create)).await;
    let made = answers.iter().filter(|status| **status == StatusCode::CREATED).count();
    let refused = answers.iter().filter(|status| **status == StatusCode::CONFLICT).count();
    assert_eq!((made, refused), (50, 10), "{answers:?}");
    let (_, listed) = bell.ask("GET", "/v1/webhook_endpoints", &Value::Null).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 50);
}
