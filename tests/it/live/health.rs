//! Proof of life: nothing counts as well before something has shown it, and trouble is told.

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::onboarding::{Health, ProblemCode, Status, StuckBecause};
use gangway::sandbox::{Fault, FaultKind};
use serde_json::json;

use super::{cycle_of, problem, told};
use crate::house::House;

async fn messages(house: &House) -> Vec<String> {
    sqlx::query_scalar("SELECT kind FROM outbox ORDER BY at, version")
        .fetch_all(&house.pool().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn it_is_unproven_until_something_has_run_and_then_healthy() {
    let mut house = House::open().await;
    let id = house.live_unattended().await;
    let live = house.read(id).await;
    assert_eq!(live.health(), Some(Health::Unproven));
    assert!(live.facts.life.is_none(), "nothing more is kept of what nobody has looked at");
    house.sandbox.forget_calls();

    house.advance(TimeDelta::minutes(9));
    house.settle().await;
    assert_eq!(house.heard(), Vec::<String>::new(), "it is not looked at before its time");
    house.advance(TimeDelta::minutes(2));
    house.settle().await;
    let seen = house.read(id).await;
    assert_eq!(seen.health(), Some(Health::Healthy), "the sandbox runs a cycle as it is started");
    assert_eq!(
        house.heard(),
        ["GET /v1.0/cycles/…"],
        "one call, for one cycle without a connector to ask"
    );
    assert!(messages(&house).await.contains(&"onboarding.healthy".to_owned()));
    assert_eq!((seen.status, seen.since), (live.status, live.since), "it is live as before");

    house.sandbox.forget_calls();
    for _ in 0..3 {
        house.look(id).await;
    }
    assert_eq!(house.heard().len(), 3, "a look a day: {:?}", house.heard());
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM stray_call")
        .fetch_one(&house.pool().await)
        .await
        .unwrap();
    assert_eq!(kept, 0, "what went well is written nowhere");
    let told = messages(&house).await;
    assert_eq!(told.iter().filter(|kind| *kind == "onboarding.healthy").count(), 1, "told once");
}

#[tokio::test]
async fn what_cyclr_tells_of_is_looked_at_and_listed_until_it_runs_again() {
    let mut house = House::open().await;
    let id = house.live_unattended().await;
    let cycle = cycle_of(&house.read(id).await);
    house.advance(TimeDelta::minutes(11));
    house.settle().await;

    house.let_run(cycle, &["fail"]).await;
    assert_eq!(house.tell_error(cycle, "one").await, StatusCode::NO_CONTENT);
    house.settle().await;
    let ill = house.read(id).await;
    assert_eq!((ill.health(), &ill.status), (Some(Health::Unhealthy), &Status::Live));
    assert_eq!(problem(&ill), Some(ProblemCode::RunsFailing));
    assert_eq!(ill.stuck_because(house.clock.now()), Some(StuckBecause::Unhealthy));
    assert_eq!(ill.since, house.clock.now(), "since when it is not well");
    assert!(ill.explain(house.clock.now()).contains("has not been well since"));
    assert_eq!(ill.requirements().len(), 1);
    let detail = ill.problem().and_then(|problem| problem.detail.clone()).unwrap();
    assert!(detail.contains("Failed to call the method"), "Cyclr's words: {detail}");
    assert!(messages(&house).await.contains(&"onboarding.unhealthy".to_owned()));

    house.let_run(cycle, &["succeed"]).await;
    let well = house.look(id).await;
    assert_eq!((well.health(), problem(&well)), (Some(Health::Healthy), None));
    assert_eq!(well.stuck_because(house.clock.now()), None);

    let kept: Vec<String> = sqlx::query_scalar("SELECT detail::text FROM journal")
        .fetch_all(&house.pool().await)
        .await
        .unwrap();
    let kept = kept.join("\n") + &well.facts.life.map(|life| format!("{life:?}")).unwrap();
    assert!(!kept.contains("canary"), "what third parties sent is kept nowhere");
}

#[tokio::test]
async fn a_hint_that_cyclr_does_not_confirm_changes_nothing() {
    let mut house = House::open().await;
    let id = house.live_unattended().await;
    let cycle = cycle_of(&house.read(id).await);
    house.advance(TimeDelta::minutes(11));
    house.settle().await;
    house.sandbox.forget_calls();

    assert_eq!(house.tell_error(cycle, "made up").await, StatusCode::NO_CONTENT);
    house.settle().await;
    assert_eq!(house.read(id).await.health(), Some(Health::Healthy));
    assert_eq!(
        house.heard().len(),
        3,
        "the account by hand, the cycle, its incidents: {:?}",
        house.heard()
    );

    // The same again, others soon after, a warning, another's cycle, nonsense: no further look.
    let account = house.by_hand("GET", "/v1.0/accounts/acme", "acme", &json!({})).await;
    let address = account["TransactionErrorWebhookUrl"].as_str().unwrap();
    let path = address.strip_prefix("https://go.example.com").unwrap();
    let mut warning = told(cycle, "three");
    warning["IncidentLevel"] = json!("Warning");
    house.sandbox.forget_calls();
    let foreign = gangway::ids::CycleId(uuid::Uuid::from_u128(7));
    for body in
        [told(cycle, "made up"), told(cycle, "two"), warning, told(foreign, "x"), json!([1])]
    {
        assert_eq!(house.post_to_hook(path, &body).await, StatusCode::NO_CONTENT, "{body}");
        house.settle().await;
    }
    assert_eq!(house.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn nobody_can_guess_where_cyclr_tells_of_errors() {
    let mut house = House::open().await;
    let id = house.live_unattended().await;
    let body = told(cycle_of(&house.read(id).await), "one");
    let account = house.by_hand("GET", "/v1.0/accounts/acme", "acme", &json!({})).await;
    let address = account["TransactionErrorWebhookUrl"].as_str().unwrap();
    let path = address.strip_prefix("https://go.example.com").unwrap().to_owned();
    let (place, tag) = path.rsplit_once('/').unwrap();
    let bent = format!("{place}/{}{}", if tag.starts_with('A') { 'B' } else { 'A' }, &tag[1..]);
    let others = path.replace("/acme/", "/bravo/");
    for wrong in [bent, others, format!("{place}/"), format!("{place}/x"), format!("{path}x")] {
        assert_eq!(house.post_to_hook(&wrong, &body).await, StatusCode::NOT_FOUND, "{wrong}");
    }
    assert!(tag.len() >= 22, "128 bits: {tag}");
}

#[tokio::test]
async fn a_look_that_fails_makes_nothing_stuck_and_is_made_again() {
    let mut house = House::open().await;
    let id = house.live_unattended().await;
    for kind in [
        FaultKind::Refuse { status: 500, message: "no".to_owned(), retry_after: None },
        FaultKind::Refuse {
            status: 429,
            message: "no".to_owned(),
            retry_after: Some("90".to_owned()),
        },
        FaultKind::LoseAnswer,
        FaultKind::Html { status: 200 },
    ] {
        let what = format!("{kind:?}");
        house.sandbox.inject(Fault::once("GET", "/v1.0/cycles/*", kind));
        let later = house.look(id).await;
        assert_eq!((later.status, later.tries), (Status::Live, 0), "{what}");
        house.advance(TimeDelta::hours(1));
        house.settle().await;
        let seen = house.read(id).await;
        assert_eq!(seen.health(), Some(Health::Healthy), "{what}");
        assert!(seen.next_look_at_live() > house.clock.now() + TimeDelta::hours(20), "{what}");
    }
}
