//! What may be ordered of an onboarding, and what its timeline tells of it.

use axum::body::Body;
use axum::http::StatusCode;
use std::time::Duration;

use chrono::TimeDelta;
use gangway::ids::{AccountId, CycleId, OnboardingId};
use gangway::onboarding::{Account, Candidate, Gain, Origin, Outcome};
use gangway::store::{Change, Kept};
use gangway::web::LinkGrant;
use serde_json::{Value, json};
use uuid::Uuid;

use super::door::{Answer, Door, dawn_plus, signup};

fn token(body: &Value) -> &str {
    let url = body["link"]["url"].as_str().unwrap();
    url.strip_prefix("https://onboard.example.com/l/").unwrap()
}

#[tokio::test]
async fn another_link_ends_the_one_before() {
    let door = Door::open().await;
    let first = door.start(&signup("acme"), None).await;
    let path = format!("/v1/onboardings/{}/link", first.id());
    door.clock.advance(TimeDelta::days(1));
    let second = door.post(&path, &json!({ "action": "rotate" })).await;
    let bare = door.request("POST", &path).body(Body::empty()).unwrap();
    let third = door.send(bare).await;
    assert_eq!((second.status, third.status), (StatusCode::OK, StatusCode::OK));
    let id = OnboardingId(first.id().parse().unwrap());
    let links = [&first, &second, &third].map(Answer::json);
    for (place, body) in (1..).zip(&links) {
        let grant = LinkGrant { onboarding: id, generation: place, only: None };
        assert_eq!(door.state.links.read_link(token(body)), Some(grant));
    }
    let kept = door.state.store().find(id).await.unwrap().unwrap();
    assert_eq!(kept.link.generation, 3);
    assert_eq!(kept.link.expires_at, dawn_plus(8));
    door.clock.advance(TimeDelta::days(7));
    let over = door.get(&format!("/v1/onboardings/{}", first.id())).await.json();
    assert_eq!(over["link"], json!({ "url": null, "expires_at": "2026-03-10T09:00:00Z" }));
    for body in [json!({ "action": "extend" }), json!({ "action": 1 }), json!({ "generation": 9 })]
    {
        assert_eq!(door.post(&path, &body).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn the_state_decides_what_may_be_ordered() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    let order = async |verb: &str, body: Value| {
        door.post(&format!("/v1/onboardings/{id}/{verb}"), &body).await
    };
    let refused = order("retry", json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.pointers("conflict").is_empty());
    for reason in [json!(""), json!(" "), json!("x".repeat(501)), json!("\u{1b}"), json!(1)] {
        let refused = order("cancel", json!({ "reason": reason })).await;
        assert_eq!(refused.pointers("invalid"), ["/reason"], "{reason}");
    }
    let cancelled = order("cancel", json!({ "reason": "They signed up twice." })).await;
    assert_eq!((cancelled.status, &cancelled.json()["blocker"]), (StatusCode::OK, &json!("none")));
    for (verb, body) in
        [("cancel", json!({ "reason": "again" })), ("retry", json!({})), ("link", json!({}))]
    {
        assert_eq!(order(verb, body).await.status, StatusCode::CONFLICT, "{verb}");
    }
}

#[tokio::test]
async fn the_timeline_tells_who_did_what() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    door.post(&format!("/v1/onboardings/{id}/link"), &json!({})).await;
    door.post(&format!("/v1/onboardings/{id}/cancel"), &json!({ "reason": "Enough." })).await;
    let events = door.get(&format!("/v1/onboardings/{id}/events")).await.json();
    let line = |version: i64, kind: &str, status: &str, detail: Value| {
        json!({
            "version": version, "at": "2026-03-02T09:00:00Z", "actor": "key:signup", "kind": kind,
            "status": status, "step": "create_account", "detail": detail, "calls": null,
        })
    };
    let expected = [
        line(1, "started", "running", json!({})),
        line(2, "link_rotated", "running", json!({ "generation": 2 })),
        line(3, "cancelled", "cancelled", json!({ "reason": "Enough." })),
    ];
    assert_eq!(events, json!({ "data": expected, "next_cursor": null }));
    let mut pages = Vec::new();
    let mut cursor = String::new();
    while pages.len() < 9 {
        let page = door.get(&format!("/v1/onboardings/{id}/events?limit=2{cursor}")).await.json();
        pages.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(pages, expected, "by pages");
}

/// As a worker would: what these steps have found is kept.
pub(super) async fn work(door: &Door, outcomes: Vec<Outcome>) {
    const LEASE: Duration = Duration::from_mins(1);
    door.clock.advance(TimeDelta::minutes(2));
    let mut leased = door.state.store().claim(1, LEASE).await.unwrap().remove(0);
    for outcome in outcomes {
        let at = door.clock.now();
        let transition = leased.onboarding().apply(outcome, &leased.blueprint().limits, at);
        let change = Change::of(leased, transition, Vec::new(), at);
        match door.state.store().commit_all(vec![change], LEASE).await.unwrap().remove(0) {
            Kept::GoOn(next) => leased = *next,
            Kept::Rests { .. } => return,
            Kept::Refused => panic!("refused"),
        }
    }
}

/// The account is there, and two cycles in it could be ours.
pub(super) fn two_candidates() -> Vec<Outcome> {
    let candidate = |n: u128| Candidate {
        cycle: CycleId(Uuid::from_u128(n)),
        name: format!("Contacts {n}"),
        status: "Paused".to_owned(),
        created_at: (n == 1).then(|| dawn_plus(0)),
    };
    let account = Account { id: AccountId::parse("acme").unwrap(), origin: Origin::Made };
    vec![
        Outcome::Done(Gain::Account(account)),
        Outcome::Ambiguous(vec![candidate(1), candidate(2)]),
    ]
}

#[tokio::test]
async fn candidates_are_shown_and_one_of_them_is_adopted() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    work(&door, two_candidates()).await;
    let path = format!("/v1/onboardings/{id}");
    let shown = door.get(&path).await.json();
    assert_eq!((&shown["status"], &shown["blocker"]), (&json!("stuck"), &json!("support")));
    assert_eq!(shown["problem"]["code"], "ambiguous_install");
    assert_eq!(
        shown["problem"]["candidates"],
        json!([
            { "cycle_id": Uuid::from_u128(1), "name": "Contacts 1", "status": "Paused",
              "created_at": "2026-03-02T09:00:00Z" },
            { "cycle_id": Uuid::from_u128(2), "name": "Contacts 2", "status": "Paused",
              "created_at": null },
        ])
    );
    let adopt = async |cycle: u128, reason: &str| {
        let body = json!({ "cycle_id": Uuid::from_u128(cycle), "reason": reason });
        door.post(&format!("{path}/adopt"), &body).await
    };
    assert_eq!(adopt(1, " ").await.pointers("invalid"), ["/reason"]);
    assert_eq!(adopt(3, "a guess").await.status, StatusCode::CONFLICT);
    let adopted = adopt(2, "It has our mark.").await;
    assert_eq!(adopted.status, StatusCode::OK, "{}", adopted.text);
    assert_eq!(adopted.json()["status"], "running");
    assert_eq!(adopt(2, "again").await.status, StatusCode::CONFLICT, "it was decided");
    let events = door.get(&format!("{path}/events")).await.json();
    let last = events["data"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["kind"], &last["actor"]), (&json!("candidate_chosen"), &json!("key:signup")));
    assert_eq!(last["detail"]["reason"], "It has our mark.");
}
