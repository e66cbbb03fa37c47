//! Histories that the real engine made, exported through the API and played again on a sandbox.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use gangway::app::App;
use gangway::ids::OnboardingId;
use gangway::onboarding::{Command, Listed, QuestionKey, Status};
use gangway::replay::{History, Verdict, replay};
use gangway::sandbox::{Fault, FaultKind};
use gangway::secret::ExposeSecret as _;
use gangway::web::AppState;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::database::TestDb;
use crate::hosted::link_keys;
use crate::house::{House, attended, unattended};
use crate::live::cycle_of;

/// What happens to one onboarding in a house, and how it has to stand then.
type Story = (&'static str, for<'a> fn(&'a mut House) -> BoxFuture<'a, OnboardingId>, &'static str);

#[rustfmt::skip]
const STORIES: &[Story] = &[
    ("straight to live", |house| Box::pin(house.live_unattended()), "live"),
    ("tries that failed", |house| Box::pin(tries_that_failed(house)), "live"),
    ("answers that were lost", |house| Box::pin(answers_lost(house)), "live"),
    ("a rejected call", |house| Box::pin(rejected(house)), "stuck"),
    ("rejected, mended, retried", |house| Box::pin(retried(house)), "live"),
    ("connections and answers", |house| Box::pin(house.live_attended("acme")), "live"),
    ("somebody has to sign in", |house| Box::pin(waiting(house)), "waiting"),
    ("a sign-in that was denied", |house| Box::pin(denied(house)), "waiting"),
    ("a lost sign-in, made again", |house| Box::pin(signed_in_again(house)), "live"),
    ("runs that fail", |house| Box::pin(unhealthy(house)), "live"),
    ("a stopped cycle, started again", |house| Box::pin(stopped(house)), "live"),
    ("runs that fail, and succeed again", |house| Box::pin(well_again(house)), "live"),
    ("tries that are used up", |house| Box::pin(used_up(house)), "stuck"),
    ("an answer that is put right", |house| Box::pin(put_right(house)), "live"),
    ("a connection that is passed over", |house| Box::pin(passed_over(house)), "waiting"),
    ("another template beside the first", |house| Box::pin(upgraded(house)), "live"),
    ("taken away", |house| Box::pin(offboarded(house)), "cancelled"),
    ("given up", |house| Box::pin(cancelled(house)), "cancelled"),
];

fn refuse(status: u16) -> FaultKind {
    FaultKind::Refuse { status, message: "not now".to_owned(), retry_after: None }
}

async fn tries_that_failed(house: &mut House) -> OnboardingId {
    for path in ["/v1.0/accounts", "/v1.0/templates/*/install"] {
        house.sandbox.inject(Fault { times: 2, ..Fault::once("POST", path, refuse(503)) });
    }
    house.live_unattended().await
}

async fn answers_lost(house: &mut House) -> OnboardingId {
    for (method, path) in [
        ("POST", "/v1.0/accounts"),
        ("POST", "/v1.0/templates/*/install"),
        ("PUT", "/v1.0/cycles/*/activate"),
    ] {
        house.sandbox.inject(Fault::once(method, path, FaultKind::LoseAnswer));
    }
    house.live_unattended().await
}

async fn rejected(house: &mut House) -> OnboardingId {
    house.sandbox.inject(Fault::once("PUT", "/v1.0/cycles/*/activate", refuse(400)));
    let key = house.publish(unattended()).await;
    let id = house.start("acme", &key).await;
    house.settle_in_time(id).await;
    id
}

async fn retried(house: &mut House) -> OnboardingId {
    let id = rejected(house).await;
    house.advance(TimeDelta::hours(3));
    house.order(id, Command::Note { text: "It was mended.".to_owned() }).await;
    house.order(id, Command::Retry { reason: None }).await;
    id
}

async fn waiting(house: &mut House) -> OnboardingId {
    let key = house.publish(attended()).await;
    let id = house.start("acme", &key).await;
    house.settle().await;
    house.order(id, Command::Opened).await;
    id
}

/// The time of the sign-in ends, and nobody came through.
async fn denied(house: &mut House) -> OnboardingId {
    let id = waiting(house).await;
    let crm = house.connector(id, "Harbour CRM").await;
    house.sign_in(id, crm, "deny").await;
    for _ in 0..70 {
        house.advance(TimeDelta::seconds(60));
        house.settle().await;
    }
    id
}

async fn signed_in_again(house: &mut House) -> OnboardingId {
    let id = house.live_attended("acme").await;
    let crm = house.connector(id, "Harbour CRM").await;
    let path = format!("/v1.0/account/connectors/{crm}/deauthenticate");
    house.by_hand("PUT", &path, "acme", &json!({})).await;
    house.look(id).await;
    house.sign_in(id, crm, "allow").await;
    house.order(id, Command::LookNow).await;
    house.settle_in_time(id).await;
    id
}

async fn unhealthy(house: &mut House) -> OnboardingId {
    let id = house.live_unattended().await;
    house.look(id).await;
    house.let_run(cycle_of(&house.read(id).await), &["fail"]).await;
    house.check(id).await;
    id
}

async fn stopped(house: &mut House) -> OnboardingId {
    let id = house.live_unattended().await;
    house.look(id).await;
    let path = format!("/v1.0/cycles/{}/deactivate", cycle_of(&house.read(id).await));
    house.by_hand("PUT", &path, "acme", &json!({})).await;
    let ill = house.look(id).await;
    let difference = &ill.facts.life.as_ref().unwrap().differences[0];
    let settling = Command::SettleDrift {
        code: difference.code,
        object: difference.object.clone(),
        choice: gangway::onboarding::DriftChoice::Reapply,
        reason: "Nobody meant it.".to_owned(),
    };
    house.order(id, settling).await;
    house.settle_in_time(id).await;
    id
}

async fn well_again(house: &mut House) -> OnboardingId {
    let id = unhealthy(house).await;
    house.let_run(cycle_of(&house.read(id).await), &["succeed"]).await;
    house.look(id).await;
    id
}

async fn used_up(house: &mut House) -> OnboardingId {
    let fault = Fault::once("PUT", "/v1.0/cycles/*/activate", refuse(503));
    house.sandbox.inject(Fault { times: 1_000, ..fault });
    let key = house.publish(unattended()).await;
    let id = house.start("acme", &key).await;
    // Before its lease ends, or another one would take it over.
    house.settle().await;
    for _ in 0..200 {
        house.advance(TimeDelta::minutes(15));
        house.settle().await;
    }
    id
}

async fn put_right(house: &mut House) -> OnboardingId {
    house.sandbox.inject(Fault::once("PUT", "/v1.0/cycles/*/activate", refuse(400)));
    let id = waiting(house).await;
    house.connect_everything(id).await;
    house.answer_everything(id).await;
    let onboarding = house.read(id).await;
    let mut given = onboarding.facts.answers.clone();
    given.insert(QuestionKey("sender".to_owned()), "eve@acme.example".to_owned());
    let answers = onboarding.check_answers(&given, &Listed::new()).unwrap();
    house.order(id, Command::Correct(answers)).await;
    id
}

async fn passed_over(house: &mut House) -> OnboardingId {
    let id = waiting(house).await;
    let mail = house.connector(id, "Parcel Mail").await;
    let reason = "They do not use it.".to_owned();
    house.order(id, Command::Skip { connector: Some(mail), reason }).await;
    id
}

async fn upgraded(house: &mut House) -> OnboardingId {
    let id = house.live_unattended().await;
    let mut next = attended();
    next["key"] = json!("heartbeat");
    let first = unattended()["templates"][0].clone();
    next["templates"].as_array_mut().unwrap().insert(0, first);
    let key = house.publish(next).await;
    let upgrade = house.engine.prepare_upgrade((key, 2), "Newer.".to_owned()).await.unwrap();
    house.order(id, Command::Upgrade(upgrade)).await;
    house.settle_in_time(id).await;
    house.connect_everything(id).await;
    house.answer_everything(id).await;
    house.settle_in_time(id).await;
    id
}

async fn offboarded(house: &mut House) -> OnboardingId {
    let id = house.live_attended("acme").await;
    let reason = "They have left.".to_owned();
    house.order(id, Command::Offboard { reason }).await;
    house.settle_in_time(id).await;
    id
}

async fn cancelled(house: &mut House) -> OnboardingId {
    let id = waiting(house).await;
    house.order(id, Command::Cancel { reason: "They do not want it.".to_owned() }).await;
    id
}

async fn export(house: &House, id: OnboardingId, key: &str) -> (StatusCode, String) {
    let url = "https://go.example.com/".parse().unwrap();
    let state = AppState::new(house.engine.clone(), link_keys("k"), house.endpoints(), url);
    let asking = Request::get(format!("/v1/onboardings/{id}/export"))
        .header("authorization", format!("Bearer {key}"));
    let answer = App::router(&state).oneshot(asking.body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn exported(house: &House, id: OnboardingId) -> String {
    let (_, key) = house.store.create_api_key("support").await.unwrap();
    let (status, text) = export(house, id, key.expose_secret()).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    text
}

async fn played(text: &str) -> Verdict {
    let database = TestDb::fresh().await;
    let history = History::parse(text).unwrap();
    Box::pin(replay(&history, database.options())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_happens_again_and_comes_to_the_same() {
    let mut wrong = Vec::new();
    for (name, story, status) in STORIES {
        let mut house = House::open().await;
        let id = story(&mut house).await;
        assert_eq!(house.read(id).await.status.name(), *status, "{name}");
        let text = exported(&house, id).await;
        assert!(!text.contains("canary"), "{name}: a credential stands in it");
        let verdict = played(&text).await;
        if !matches!(verdict, Verdict::Same { .. }) {
            wrong.push(format!("{name}:\n  {}", verdict.tell().join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_document_that_tells_of_something_else_is_told_from_what_happens() {
    let mut house = House::open().await;
    let id = house.live_unattended().await;
    let text = exported(&house, id).await;
    let honest: Value = serde_json::from_str(&text).unwrap();
    let last = honest["timeline"].as_array().unwrap().len() - 1;

    let mut altered = honest.clone();
    assert_eq!(altered["timeline"][last]["event"]["kind"], "activated");
    altered["timeline"][last]["event"] = json!({ "kind": "unmapped", "template": 0 });
    let verdict = played(&altered.to_string()).await;
    let Verdict::Different(difference) = &verdict else { panic!("{:?}", verdict.tell()) };
    assert_eq!((difference.first, verdict.exit_code()), (Some(last), 1));
    let (theirs, ours) = &difference.events[0];
    assert_eq!(theirs.as_ref().unwrap().kind, "unmapped");
    assert_eq!(ours.as_ref().unwrap().kind, "activated");
    assert!(verdict.tell().join("\n").contains("recorded  unmapped, then live at live"));

    // What is said of the end is compared as well.
    let mut altered = honest.clone();
    altered["onboarding"]["status"] = json!("stuck");
    altered["onboarding"]["problem"] = json!({ "code": "cyclr_rejected" });
    let verdict = played(&altered.to_string()).await;
    let Verdict::Different(difference) = verdict else { panic!("{:?}", verdict.tell()) };
    assert_eq!((difference.first, difference.replayed.status.as_str()), (None, "live"));

    // A failed call that is not there any more, and the problem that came of it.
    let mut altered = honest;
    altered["timeline"][last]["event"] =
        json!({ "kind": "became_stuck", "problem": "activation_refused", "detail": "no" });
    let verdict = played(&altered.to_string()).await;
    assert_eq!(verdict.exit_code(), 2, "{:?}", verdict.tell());
    assert!(verdict.tell()[0].starts_with("cannot be played again: what led to"));
}

#[tokio::test]
async fn what_the_document_does_not_tell_is_said() {
    let mut house = House::open().await;
    let id = house.live_unattended().await;
    let honest: Value = serde_json::from_str(&exported(&house, id).await).unwrap();
    let chosen = json!({
        "kind": "candidate_chosen", "template": 0, "cycle": uuid::Uuid::nil(), "reason": "Ours.",
    });
    let ill = json!({
        "kind": "health_changed", "health": "unhealthy", "problem": "mapping_changed", "detail": "x",
    });
    let last = honest["timeline"].as_array().unwrap().len() - 1;
    for (event, words) in [(chosen, "which of several cycles"), (ill, "led to mapping_changed")] {
        let mut altered = honest.clone();
        altered["timeline"][last]["event"] = event;
        let verdict = played(&altered.to_string()).await;
        let Verdict::CannotBePlayed(why) = &verdict else { panic!("{:?}", verdict.tell()) };
        assert!(why[0].contains(words), "{why:?}");
    }
    for (text, words) in [
        (json!({ "format": "gangway-history/2" }).to_string(), "of the form `gangway-history/2`"),
        ("{}".to_owned(), "none that `gangway export` has written"),
    ] {
        assert!(History::parse(&text).unwrap_err().to_string().contains(words));
    }
}

#[tokio::test]
async fn the_document_holds_the_story_and_nothing_that_opens_a_door() {
    let mut house = House::open().await;
    let id = house.live_attended("acme").await;
    let document: Value = serde_json::from_str(&exported(&house, id).await).unwrap();
    assert_eq!(document["format"], "gangway-history/1");
    assert_eq!(document["onboarding"]["id"], id.to_string());
    assert_eq!(document["onboarding"]["link"]["url"], Value::Null);
    assert_eq!(document["onboarding"]["contact"], Value::Null, "no rule reads it");
    assert_eq!(document["tenant"]["name"], "acme");
    assert_eq!(document["answers"]["pipeline"], "Partners");
    assert_eq!(document["blueprints"][0]["document"]["key"], "newsletter");
    let timeline = document["timeline"].as_array().unwrap();
    assert_eq!(timeline.len(), house.store.list_journal(id).await.unwrap().len());
    let calls = timeline.iter().flat_map(|line| line["calls"].as_array().unwrap());
    let paths: Vec<_> = calls.map(|call| call["path"].as_str().unwrap()).collect();
    assert!(paths.contains(&"/v1.0/accounts"), "{paths:?}");
    assert_eq!(house.read(id).await.status, Status::Live, "it was only read");

    let (status, text) = export(&house, id, "gwk_wrong").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{text}");
    let nobody = OnboardingId(uuid::Uuid::nil());
    let (_, key) = house.store.create_api_key("support").await.unwrap();
    assert_eq!(export(&house, nobody, key.expose_secret()).await.0, StatusCode::NOT_FOUND);
}
