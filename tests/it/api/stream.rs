//! The timeline while it happens: nothing missed, nothing twice, and an end for whoever may not listen.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::StatusCode;
use futures_util::StreamExt as _;
use gangway::onboarding::Command;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::door::{Door, signup};

/// What an answer says as it comes.
struct Heard {
    body: BodyDataStream,
    text: String,
}

impl Heard {
    /// The next event: id, kind and data. `None` at the end.
    async fn event(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some((block, rest)) = self.text.clone().split_once("\n\n") {
                rest.clone_into(&mut self.text);
                let field = |name: &str| {
                    block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
                };
                let Some(data) = field("data: ") else { continue };
                let data = serde_json::from_str(&data).unwrap();
                return Some((field("id: ").unwrap(), field("event: ").unwrap(), data));
            }
            let next = tokio::time::timeout(Duration::from_secs(20), self.body.next());
            let chunk = next.await.expect("something is said");
            self.text.push_str(std::str::from_utf8(&chunk?.unwrap()).unwrap());
        }
    }
}

async fn listen(door: &Door, id: &str, last: Option<&str>) -> (StatusCode, Heard) {
    let mut request = door.request("GET", &format!("/v1/onboardings/{id}/events/stream"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let request = request.body(Body::empty()).unwrap();
    let answer = door.router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    if status == StatusCode::OK {
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    (status, Heard { body: answer.into_body().into_data_stream(), text: String::new() })
}

/// Tells of changes, as a running process does.
fn watch(door: &Door) -> (JoinSet<()>, CancellationToken) {
    let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
    let (state, told) = (door.state.clone(), stop.clone());
    tasks.spawn(async move { state.watch().run(&state.engine, &told).await });
    (tasks, stop)
}

#[tokio::test]
async fn events_are_told_as_they_happen_and_whoever_comes_back_misses_none() {
    let door = Door::open().await;
    let (_tasks, _stop) = watch(&door);
    let id = door.start(&signup("acme"), None).await.id();
    let (_, mut heard) = listen(&door, &id, None).await;
    let (version, kind, data) = heard.event().await.unwrap();
    assert_eq!((&*version, &*kind), ("1", "started"));
    assert_eq!(data["kind"], "started");
    door.post(&format!("/v1/onboardings/{id}/link"), &json!({})).await;
    let (version, kind, _) = heard.event().await.unwrap();
    assert_eq!((&*version, &*kind), ("2", "link_rotated"));
    let (_, mut later) = listen(&door, &id, Some("1")).await;
    assert_eq!(later.event().await.unwrap().0, "2", "what was heard is not told again");
    door.post(&format!("/v1/onboardings/{id}/cancel"), &json!({ "reason": "x" })).await;
    for listener in [&mut heard, &mut later] {
        assert_eq!(listener.event().await.unwrap().1, "cancelled");
    }
}

#[tokio::test]
async fn what_another_process_changes_is_told_too() {
    let door = Door::open().await;
    let (_tasks, _stop) = watch(&door);
    let id = door.start(&signup("acme"), None).await.id();
    let (_, mut heard) = listen(&door, &id, Some("1")).await;
    let other = door.beside();
    let command = Command::Cancel { reason: "elsewhere".to_owned() };
    other.order(gangway::ids::OnboardingId(id.parse().unwrap()), command, "test").await.unwrap();
    let (_, kind, data) = heard.event().await.unwrap();
    assert_eq!((&*kind, &data["actor"]), ("cancelled", &json!("test")));
}

#[tokio::test]
async fn what_is_not_there_or_not_theirs_is_not_listened_to() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    let absent = "01920000-0000-7000-8000-000000000000";
    assert_eq!(listen(&door, absent, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(listen(&door, "x", None).await.0, StatusCode::NOT_FOUND);
    for last in ["-1", "x", ""] {
        let refused = listen(&door, &id, Some(last)).await.0;
        assert_eq!(refused, StatusCode::UNPROCESSABLE_ENTITY, "{last}");
    }
    sqlx::query("UPDATE api_key SET blueprints = '{other}', scopes = '{read}'")
        .execute(&door.pool)
        .await
        .unwrap();
    assert_eq!(listen(&door, &id, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_revoked_key_hears_no_more() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    let (_, mut heard) = listen(&door, &id, None).await;
    assert_eq!(heard.event().await.unwrap().1, "started");
    door.state.store().revoke_api_keys("signup").await.unwrap();
    let (_tasks, _stop) = watch(&door);
    assert_eq!(heard.event().await, None, "the answer ends");
}
