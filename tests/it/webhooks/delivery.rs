//! What is told, how it is signed, and how often it is tried.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use chrono::TimeDelta;
use gangway::clock::Clock;
use gangway::store::{AttemptLine, Verdict};
use gangway::webhooks::{DELAYS, sign, spell_secret};
use serde_json::{Value, json};

use super::{Bell, Heard, Manner, Receiver};

#[tokio::test]
async fn every_change_is_told_once_signed_and_whole() {
    let mut bell = Bell::open().await;
    let receiver = Receiver::open().await;
    let (endpoint, secret) = bell.endpoint(&receiver).await;
    let id = bell.onboard("acme").await;
    assert_eq!(bell.ring().await, 2);
    assert_eq!(bell.ring().await, 0, "nothing is left");
    assert_eq!(receiver.kinds(), ["onboarding.started", "onboarding.live"]);
    let heard = receiver.heard();
    for message in &heard {
        assert!(message.is_signed_with(&secret));
        assert!(!message.is_signed_with("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
        let bent = Heard { body: message.body.replace("acme", "evil"), ..message.clone() };
        assert!(!bent.is_signed_with(&secret));
        assert_eq!(message.header("webhook-timestamp"), "1772442000");
        assert_eq!(
            (message.path.as_str(), message.header("content-type")),
            ("/hook", "application/json".to_owned())
        );
    }
    let told = heard[1].json();
    let (_, shown) = bell.ask("GET", &format!("/v1/onboardings/{id}"), &Value::Null).await;
    assert_eq!(told["data"], shown, "the whole object as the API shows it, link included");
    assert!(heard[0].json()["sequence"].as_i64() < told["sequence"].as_i64());
    let log = bell.log(&endpoint, &heard[1].id()).await;
    assert_eq!(log.len(), 1);
    assert_eq!((&log[0]["outcome"], &log[0]["status"]), (&json!("delivered"), &json!(204)));
    // The link is derived when a message is sent; no row has it.
    let pool = bell.house.pool().await;
    let bodies: Vec<String> =
        sqlx::query_scalar("SELECT m::text FROM webhook_message m").fetch_all(&pool).await.unwrap();
    let link = told["data"]["link"]["url"].as_str().unwrap();
    let (_, token) = link.rsplit_once('/').unwrap();
    assert!(bodies.iter().all(|body| !body.contains(token)), "{bodies:?}");
    let secrets: Vec<String> = sqlx::query_scalar(
        "SELECT encode(sealed, 'escape') || encode(sealed, 'base64')
                            FROM webhook_secret",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let bare = secret.strip_prefix("whsec_").unwrap();
    assert!(!secrets.is_empty() && secrets.iter().all(|sealed| !sealed.contains(&bare[..20])));
}

#[test]
fn a_foreign_verifier_takes_what_is_signed_and_nothing_else() {
    let secrets = [[7; 32], [8; 32]];
    let now = Clock::system().now().timestamp();
    let is_taken = |secret: &[u8; 32], timestamp: i64, body: &[u8]| {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "0193-a".parse().unwrap());
        headers.insert("webhook-timestamp", timestamp.into());
        let signature = sign(&secrets, "0193-a", timestamp, r#"{"a":"ä"}"#);
        headers.insert("webhook-signature", signature.parse().unwrap());
        let verifier = standardwebhooks::Webhook::new(&spell_secret(secret)).unwrap();
        verifier.verify(body, &headers).is_ok()
    };
    let body = r#"{"a":"ä"}"#.as_bytes();
    assert!(secrets.iter().all(|secret| is_taken(secret, now, body)));
    assert!(!is_taken(&[9; 32], now, body), "another secret");
    assert!(!is_taken(&secrets[0], now, br#"{"a":"b"}"#), "another body");
    assert!(!is_taken(&secrets[0], now - 3600, body), "too old");
}

#[tokio::test]
async fn an_endpoint_hears_what_it_asked_for() {
    let mut bell = Bell::open().await;
    let (all, some) = (Receiver::open().await, Receiver::open().await);
    bell.endpoint(&all).await;
    bell.endpoint_for(&some, &["onboarding.live"]).await;
    bell.onboard("acme").await;
    bell.ring().await;
    assert_eq!(all.kinds(), ["onboarding.started", "onboarding.live"]);
    assert_eq!(some.kinds(), ["onboarding.live"]);
    assert_eq!(all.heard()[1].id(), some.heard()[0].id(), "one message, one id");
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox")
        .fetch_one(&bell.house.pool().await)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_receiver_that_is_down_for_an_hour_gets_everything_under_the_same_ids() {
    let mut bell = Bell::open().await;
    let receiver = Receiver::open().await;
    let (endpoint, secret) = bell.endpoint(&receiver).await;
    receiver.always(Manner::Answer(500));
    for tenant in ["a", "b", "c"] {
        bell.onboard(tenant).await;
    }
    for _ in 0..60 {
        bell.ring_after(TimeDelta::minutes(1)).await;
    }
    let failed = receiver.heard();
    receiver.always(Manner::Answer(200));
    for _ in 0..5 {
        bell.ring_after(TimeDelta::hours(1)).await;
    }
    let arrived = receiver.heard().split_off(failed.len());
    let mut ids: Vec<_> = arrived.iter().map(Heard::id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), arrived.len()), (6, 6), "each once");
    assert!(failed.iter().all(|message| ids.contains(&message.id())));
    for message in &arrived {
        assert!(message.is_signed_with(&secret));
        let first = failed.iter().find(|earlier| earlier.id() == message.id()).unwrap();
        assert_eq!(first.body, message.body);
        assert!(first.header("webhook-timestamp") < message.header("webhook-timestamp"));
    }
    let deliveries = bell.deliveries(&endpoint).await;
    assert!(deliveries.iter().all(|delivery| delivery["state"] == "delivered"), "{deliveries:?}");
}

#[tokio::test]
async fn it_is_tried_for_three_days_and_then_no_more() {
    let mut bell = Bell::open().await;
    let receiver = Receiver::open().await;
    let (endpoint, _) = bell.endpoint_for(&receiver, &["onboarding.live"]).await;
    receiver.always(Manner::Answer(500));
    bell.onboard("acme").await;
    bell.ring().await;
    let began = bell.house.clock.now();
    while bell.deliveries(&endpoint).await[0]["state"] == "pending" {
        let due = bell.deliveries(&endpoint).await[0]["retry_at"].clone();
        let due: chrono::DateTime<chrono::Utc> = serde_json::from_value(due).unwrap();
        let wait = due - bell.house.clock.now();
        assert_eq!(bell.ring_after(wait - TimeDelta::milliseconds(1)).await, 0, "not early");
        assert_eq!(bell.ring_after(TimeDelta::milliseconds(1)).await, 1);
    }
    let took = bell.house.clock.now() - began;
    assert!(took >= TimeDelta::hours(72) && took < TimeDelta::hours(96), "{took}");
    assert_eq!(receiver.heard().len(), DELAYS.len() + 1);
    assert_eq!(bell.deliveries(&endpoint).await[0]["state"], "failed");
    assert_eq!(bell.ring_after(TimeDelta::days(2)).await, 0);
}

#[tokio::test]
async fn a_receiver_s_wish_to_be_left_alone_is_heard() {
    let mut bell = Bell::open().await;
    let receiver = Receiver::open().await;
    bell.endpoint_for(&receiver, &["onboarding.live"]).await;
    receiver.then(Manner::AnswerWith(429, "retry-after", "600".to_owned()));
    bell.onboard("acme").await;
    assert_eq!(bell.ring().await, 1);
    bell.onboard("bravo").await;
    assert_eq!(bell.ring_after(TimeDelta::seconds(590)).await, 0, "others wait, too");
    assert_eq!(bell.ring_after(TimeDelta::seconds(10)).await, 2);
    // A date, and one that is out of all reason.
    receiver.then(Manner::AnswerWith(
        503,
        "retry-after",
        "Mon, 02 Mar 2026 10:00:00 GMT".to_owned(),
    ));
    bell.onboard("charlie").await;
    assert_eq!(bell.ring().await, 1);
    bell.house.advance(TimeDelta::minutes(49));
    assert_eq!(bell.ring().await, 0);
    assert_eq!(bell.ring_after(TimeDelta::minutes(2)).await, 1);
    receiver.then(Manner::AnswerWith(503, "retry-after", "999999999999".to_owned()));
    bell.onboard("delta").await;
    assert_eq!(bell.ring().await, 1);
    assert_eq!(bell.ring_after(TimeDelta::hours(23)).await, 0);
    assert_eq!(bell.ring_after(TimeDelta::hours(2)).await, 1, "a day is the most");
}

#[tokio::test]
async fn hanging_redirecting_and_flooding_receivers_are_survived() {
    let mut bell = Bell::open().await;
    let (receiver, elsewhere) = (Receiver::open().await, Receiver::open().await);
    let (endpoint, _) = bell.endpoint_for(&receiver, &["onboarding.live"]).await;
    receiver.then(Manner::Hang(Duration::from_secs(5)));
    receiver.then(Manner::AnswerWith(302, "location", elsewhere.url()));
    receiver.then(Manner::Flood(500));
    receiver.then(Manner::Flood(200));
    bell.onboard("acme").await;
    for _ in 0..4 {
        bell.ring().await;
        bell.house.advance(TimeDelta::hours(3));
    }
    assert_eq!(bell.ring().await, 0);
    let log = bell.log(&endpoint, &receiver.heard()[0].id()).await;
    let outcomes: Vec<_> = log.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["timed_out", "redirected", "refused", "delivered"]);
    assert_eq!(log[0]["status"], Value::Null);
    assert!(log[2]["response"].as_str().unwrap().len() <= 1000);
    assert!(elsewhere.heard().is_empty(), "nobody followed");
}

#[tokio::test]
async fn an_unreachable_receiver_is_tried_again() {
    let mut bell = Bell::open().await;
    let receiver = Receiver::open().await;
    let (endpoint, _) = bell.endpoint_for(&receiver, &["onboarding.live"]).await;
    let body = json!({ "url": "http://127.0.0.1:1/", "events": ["onboarding.live"] });
    assert_eq!(bell.ask("PUT", &endpoint, &body).await.0, StatusCode::OK);
    bell.onboard("acme").await;
    bell.ring().await;
    let body = json!({ "url": receiver.url() });
    assert_eq!(bell.ask("PUT", &endpoint, &body).await.0, StatusCode::OK);
    bell.ring_after(TimeDelta::seconds(7)).await;
    assert_eq!(receiver.kinds(), ["onboarding.live"]);
    let log = bell.log(&endpoint, &receiver.heard()[0].id()).await;
    assert_eq!(log[0]["outcome"], "unreachable");
}

#[tokio::test]
async fn whoever_dies_in_the_middle_loses_nothing() {
    let mut bell = Bell::open().await;
    let receiver = Receiver::open().await;
    let (endpoint, secret) = bell.endpoint(&receiver).await;
    bell.onboard("acme").await;
    // Dies while the receiver is thinking: the request has arrived, its end was not kept.
    receiver.then(Manner::Hang(Duration::from_mins(1)));
    let arrived = async {
        while receiver.heard().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        told = bell.deliverer.tick() => panic!("it is in the middle: {told:?}"),
        () = arrived => {}
    }
    bell.restart();
    assert_eq!(bell.ring().await, 0, "the lease still stands");
    bell.ring_after(TimeDelta::minutes(1)).await;
    let heard = receiver.heard();
    assert_eq!(receiver.kinds(), ["onboarding.started", "onboarding.started", "onboarding.live"]);
    assert_eq!(heard[0].id(), heard[1].id(), "the receiver can tell that it has it already");
    assert!(heard.iter().all(|message| message.is_signed_with(&secret)));
    let deliveries = bell.deliveries(&endpoint).await;
    assert!(deliveries.iter().all(|delivery| delivery["state"] == "delivered"));
    let started = deliveries.last().unwrap();
    assert_eq!(started["attempts"], 2, "counted when it began");
}

#[tokio::test]
async fn several_processes_tell_everything_once_and_in_order() {
    let mut bell = Bell::open().await;
    let receiver = Receiver::open().await;
    bell.endpoint(&receiver).await;
    for n in 0..20 {
        bell.onboard(&format!("tenant-{n}")).await;
    }
    let mut others: Vec<_> =
        (0..3).map(|_| super::another_deliverer(&bell.house, &bell.state)).collect();
    let ticks = others.iter_mut().map(gangway::webhooks::Deliverer::tick);
    let all = futures_util::future::join_all(ticks).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    bell.ring().await;
    let heard = receiver.heard();
    assert_eq!(heard.len(), 40);
    for onboarding in heard.iter().filter(|one| one.kind() == "onboarding.live") {
        let id = &onboarding.json()["data"]["id"];
        let of_it = heard.iter().filter(|one| &one.json()["data"]["id"] == id);
        let kinds: Vec<_> = of_it.map(Heard::kind).collect();
        assert_eq!(kinds, ["onboarding.started", "onboarding.live"]);
    }
}

#[tokio::test]
async fn whoever_lost_its_lease_changes_nothing_any_more() {
    let mut bell = Bell::open().await;
    let receiver = Receiver::open().await;
    let (endpoint, _) = bell.endpoint_for(&receiver, &["onboarding.live"]).await;
    bell.onboard("acme").await;
    let store = bell.house.store.clone();
    store.spread(10, &|_| "{}".to_owned()).await.unwrap();
    let lease = Duration::from_secs(30);
    let slow = store.take_deliveries(1, &HashMap::new(), lease).await.unwrap().remove(0);
    assert!(store.take_deliveries(1, &HashMap::new(), lease).await.unwrap().is_empty());
    bell.house.advance(TimeDelta::seconds(30));
    let other = store.take_deliveries(1, &HashMap::new(), lease).await.unwrap().remove(0);
    assert_eq!((other.message, other.number), (slow.message, 2));
    let failed = AttemptLine {
        delivery: slow,
        at: bell.house.clock.now(),
        took: Duration::from_secs(30),
        outcome: "timed_out",
        status: None,
        response: None,
        verdict: Verdict::Failed,
        held_for: None,
    };
    let give_up_after = TimeDelta::days(5);
    store.keep_attempts(std::slice::from_ref(&failed), give_up_after).await.unwrap();
    let shown = bell.deliveries(&endpoint).await.remove(0);
    assert_eq!((&shown["state"], &shown["retry_at"]), (&json!("pending"), &Value::Null));
    assert!(store.take_deliveries(1, &HashMap::new(), lease).await.unwrap().is_empty());
    let arrived = AttemptLine { delivery: other, verdict: Verdict::Delivered, ..failed.clone() };
    store.keep_attempts(&[arrived], give_up_after).await.unwrap();
    store.keep_attempts(&[failed], give_up_after).await.unwrap();
    let shown = bell.deliveries(&endpoint).await.remove(0);
    assert_eq!(shown["state"], "delivered", "and stays so");
    let log = bell.log(&endpoint, shown["id"].as_str().unwrap()).await;
    assert_eq!(log.len(), 2, "both were made");
}
