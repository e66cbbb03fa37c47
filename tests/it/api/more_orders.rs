//! Links that end or live longer, notes, and answers that somebody gives for the customer.

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::ids::{AccountId, CycleId};
use gangway::onboarding::{Account, Gain, Origin, Outcome, Question, QuestionKey, QuestionKind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::door::{Door, signup};
use super::orders::work;

/// Everything is there but the answers to two questions.
pub(super) fn two_questions() -> Vec<Outcome> {
    let question = |key: &str, kind, required| Question {
        key: QuestionKey(key.to_owned()),
        label: key.to_owned(),
        kind,
        help: None,
        example: None,
        default: None,
        options: Vec::new(),
        required,
        lookup: None,
    };
    let questions = vec![
        question("sender", QuestionKind::Email, true),
        question("seats/most", QuestionKind::Number, false),
    ];
    let gains = [
        Gain::Account(Account { id: AccountId::parse("acme").unwrap(), origin: Origin::Made }),
        Gain::Installed {
            slot: 0,
            cycle: CycleId(Uuid::from_u128(1)),
            origin: Origin::Made,
            connectors: Vec::new(),
            seen_paused_at: None,
        },
        Gain::Questions(vec![(0, questions)]),
    ];
    gains.map(Outcome::Done).to_vec()
}

pub(super) async fn last_event(door: &Door, id: &str) -> Value {
    let events = door.get(&format!("/v1/onboardings/{id}/events")).await.json();
    events["data"].as_array().unwrap().last().unwrap().clone()
}

#[tokio::test]
async fn a_link_ends_and_another_one_can_be_had() {
    let door = Door::open().await;
    let started = door.start(&signup("acme"), None).await.json();
    let id = started["id"].as_str().unwrap();
    let path = format!("/v1/onboardings/{id}/link");
    let revoked = door.post(&path, &json!({ "action": "revoke" })).await.json();
    assert_eq!(revoked["link"]["url"], Value::Null);
    assert_eq!(last_event(&door, id).await["kind"], "link_revoked");
    assert_eq!(door.get(&format!("/v1/onboardings/{id}")).await.json()["link"]["url"], Value::Null);
    for action in ["revoke", "extend"] {
        let hours = (action == "extend").then_some(1);
        let refused =
            door.post(&path, &json!({ "action": action, "expires_in_hours": hours })).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{action} {}", refused.text);
    }
    let rotated = door.post(&path, &json!({ "expires_in_hours": 2 })).await.json();
    assert_ne!(rotated["link"]["url"], started["link"]["url"]);
    assert_eq!(rotated["link"]["expires_at"], "2026-03-02T11:00:00Z");
}

#[tokio::test]
async fn a_link_lives_longer_under_the_same_address() {
    let door = Door::open().await;
    let started = door.start(&signup("acme"), None).await.json();
    let id = started["id"].as_str().unwrap();
    let path = format!("/v1/onboardings/{id}/link");
    let extend = async |hours: i64| {
        door.post(&path, &json!({ "action": "extend", "expires_in_hours": hours })).await
    };
    let extended = extend(10 * 24).await.json();
    assert_eq!(extended["link"]["url"], started["link"]["url"]);
    assert_eq!(extended["link"]["expires_at"], "2026-03-12T09:00:00Z");
    assert_eq!(last_event(&door, id).await["detail"]["expires_at"], "2026-03-12T09:00:00Z");
    assert_eq!(extend(1).await.status, StatusCode::CONFLICT, "not shorter");
    for hours in [0, 2161] {
        assert_eq!(extend(hours).await.pointers("invalid"), ["/expires_in_hours"]);
    }
    assert_eq!(extend(-1).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for order in
        [json!({ "action": "extend" }), json!({ "action": "revoke", "expires_in_hours": 1 })]
    {
        assert_eq!(door.post(&path, &order).await.pointers("invalid"), ["/expires_in_hours"]);
    }
    door.clock.advance(TimeDelta::days(11));
    assert_eq!(extend(24).await.status, StatusCode::CONFLICT, "what is over is not taken up again");
}

#[tokio::test]
async fn a_note_stands_in_the_timeline_and_changes_nothing() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    let path = format!("/v1/onboardings/{id}");
    let before = door.get(&path).await.json();
    let messages = door.count("outbox").await;
    for text in ["They call back on Monday.\nAsk for Ann.", &"x".repeat(2000)] {
        let noted = door.post(&format!("{path}/note"), &json!({ "text": text })).await;
        assert_eq!(noted.json(), before);
        let line = last_event(&door, &id).await;
        assert_eq!((&line["kind"], &line["detail"]["text"]), (&json!("noted"), &json!(text)));
        assert_eq!(line["actor"], "key:signup");
    }
    for text in ["", " ", "a\u{7}", &"x".repeat(2001)] {
        let refused = door.post(&format!("{path}/note"), &json!({ "text": text })).await;
        assert_eq!(refused.pointers("invalid"), ["/text"]);
    }
    assert_eq!(door.count("outbox").await, messages, "nobody is told of a note");
    door.post(&format!("{path}/cancel"), &json!({ "reason": "x" })).await;
    let noted = door.post(&format!("{path}/note"), &json!({ "text": "It was a test." })).await;
    assert_eq!(noted.status, StatusCode::OK, "in every state");
}

#[tokio::test]
async fn somebody_answers_for_the_customer() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    let path = format!("/v1/onboardings/{id}/answer");
    let early = door.post(&path, &json!({ "answers": { "sender": "a@b.co" } })).await;
    assert_eq!(early.status, StatusCode::CONFLICT, "nothing is asked yet: {}", early.text);
    // Whoever is refused sees how it stands, and which one to talk about.
    let shown = door.get(&format!("/v1/onboardings/{id}")).await.json();
    assert_eq!(early.json()["onboarding"], shown);
    assert_eq!(early.json()["reference"], shown["reference"]);
    let absent = "/v1/onboardings/01920000-0000-7000-8000-000000000000/retry";
    let unknown = door.post(absent, &json!({})).await.json();
    assert_eq!((&unknown["onboarding"], &unknown["reference"]), (&Value::Null, &Value::Null));
    work(&door, two_questions()).await;
    for (answers, pointers) in [
        (json!({}), vec!["/answers/sender"]),
        (json!({ "sender": "nobody" }), vec!["/answers/sender"]),
        (json!({ "sender": "a@b.co", "seats/most": "many" }), vec!["/answers/seats~1most"]),
        (
            json!({ "sender": "{{x}}@b.co", "other": "1" }),
            vec!["/answers/other", "/answers/sender"],
        ),
    ] {
        let refused = door.post(&path, &json!({ "answers": answers })).await;
        assert_eq!(refused.pointers("invalid"), pointers, "{answers}");
    }
    let answers = json!({ "answers": { "sender": "a@b.co", "seats/most": "3" } });
    let answered = door.post(&path, &answers).await.json();
    assert_eq!((&answered["status"], &answered["step"]), (&json!("running"), &json!("map")));
    let line = last_event(&door, &id).await;
    assert_eq!((&line["kind"], &line["actor"]), (&json!("answered"), &json!("key:signup")));
    // It can be put right until it is over.
    let answers = json!({ "answers": { "sender": "c@d.co", "seats/most": "3" } });
    assert_eq!(door.post(&path, &answers).await.status, StatusCode::OK);
    let kept: String = sqlx::query_scalar("SELECT facts #>> '{answers,sender}' FROM onboarding")
        .fetch_one(&door.pool)
        .await
        .unwrap();
    assert_eq!(kept, "c@d.co");
    door.post(&format!("/v1/onboardings/{id}/cancel"), &json!({ "reason": "x" })).await;
    assert_eq!(door.post(&path, &answers).await.status, StatusCode::CONFLICT);
}
