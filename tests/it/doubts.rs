//! What is not known stays not known until somebody has looked: whatever people order meanwhile.

use chrono::TimeDelta;
use gangway::engine::SignInMode;
use gangway::onboarding::{Abandonment, Command, ProblemCode, Status};
use gangway::sandbox::{Fault, FaultKind};

use crate::crashes::{assert_one_of_each, ledger_blueprint, ledger_world};
use crate::house::{House, LEASE};

fn strike(method: &str, path: &str, times: u32, kind: FaultKind) -> Fault {
    Fault { times, ..Fault::once(method, path, kind) }
}

#[tokio::test]
async fn a_single_run_whose_answer_was_lost_is_not_started_again_by_a_retry() {
    let mut house = House::open_with(ledger_world()).await;
    let mut blueprint = ledger_blueprint();
    blueprint["templates"][0]["schedule"] = serde_json::json!({ "run_once": true });
    let key = house.publish(blueprint).await;
    house.sandbox.inject(strike("PUT", "/v1.0/cycles/*/activate", 1, FaultKind::LoseAnswer));
    let id = house.start("acme", &key).await;
    house.settle().await;
    assert!(matches!(house.read(id).await.status, Status::Retrying { .. }));

    house.engine.order(id, Command::Retry { reason: None }, "key:backend").await.unwrap();
    let done = house.settle_in_time(id).await;
    assert_eq!(done.status, Status::Live, "its run was seen");
    assert_eq!(house.cycles()[0]["activations"], 1);
}

#[tokio::test]
async fn a_throttled_single_run_is_simply_tried_again() {
    let mut house = House::open_with(ledger_world()).await;
    let mut blueprint = ledger_blueprint();
    blueprint["templates"][0]["schedule"] = serde_json::json!({ "run_once": true });
    let key = house.publish(blueprint).await;
    let busy =
        FaultKind::Refuse { status: 429, message: "slow down".to_owned(), retry_after: None };
    house.sandbox.inject(strike("PUT", "/v1.0/cycles/*/activate", 2, busy));
    let id = house.start("acme", &key).await;
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_eq!(house.cycles()[0]["activations"], 1);
}

#[tokio::test]
async fn an_install_whose_workers_all_died_is_looked_for_after_the_retry() {
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(ledger_blueprint()).await;
    house.sandbox.inject(strike("POST", "/v1.0/templates/*/install", 1, FaultKind::HoldAfter));
    let id = house.start("acme", &key).await;
    {
        let reached = house.sandbox.wait_until_held();
        let working = house.worker.tick();
        tokio::select! {
            _ = working => panic!("it went through without being held"),
            () = reached => {}
        }
    }
    house.restart();
    house.sandbox.clear_faults();
    // Five more workers die before they give any result.
    for _ in 0..5 {
        house.advance(LEASE + TimeDelta::seconds(1));
        assert_eq!(house.store.claim(1, LEASE.to_std().unwrap()).await.unwrap().len(), 1);
    }
    house.advance(LEASE + TimeDelta::seconds(1));
    house.settle().await;
    assert_eq!(house.read(id).await.status.problem().unwrap().code, ProblemCode::Poison);

    house.engine.order(id, Command::Retry { reason: None }, "key:support").await.unwrap();
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_one_of_each(&house, "parked and retried");
}

#[tokio::test]
async fn while_cyclr_is_away_a_waiting_person_is_looked_after_in_the_attempts_own_rhythm() {
    let mut house = House::open().await;
    let key = house.publish(crate::house::attended()).await;
    let id = house.start("acme", &key).await;
    house.settle().await;
    let crm = house.connector(id, "Harbour CRM").await;
    house.engine.open_attempt(id, crm, "browser", SignInMode::Redirect).await.unwrap();
    house.sandbox.forget_calls();
    let away = FaultKind::Refuse { status: 500, message: "away".to_owned(), retry_after: None };
    house.sandbox.inject(strike("GET", "/v1.0/account/connectors/*", u32::MAX, away));
    for _ in 0..(40 * 60) {
        house.advance(TimeDelta::seconds(1));
        house.settle().await;
    }
    // How often it is found out whether Cyclr is back goes by the machine's clock, and is none of these.
    let heard = house.heard();
    let looks = heard.iter().filter(|call| call.contains("/account/connectors/")).count();
    assert!((20..60).contains(&looks), "{looks} looks: {heard:?}");
    // Nobody could say how it ended, so it is looked once more until Cyclr does.
    assert!(!house.read(id).await.facts.connection(crm).unwrap().attempt.unwrap().over);
    house.sandbox.clear_faults();
    // All calls may be held back for a while yet.
    for _ in 0..120 {
        house.advance(TimeDelta::minutes(1));
        house.settle().await;
        if house.read(id).await.facts.connection(crm).unwrap().attempt.unwrap().over {
            break;
        }
    }
    let waiting = house.read(id).await;
    assert!(matches!(waiting.status, Status::Waiting { look_at: None, .. }), "{waiting:?}");
    assert_eq!(waiting.abandonment(), Some(Abandonment::LeftAtProvider));
}

#[tokio::test]
async fn a_single_run_that_begins_late_is_not_begun_again() {
    for seconds in [2.0, 15.0, 30.0] {
        let mut house = House::open_with(ledger_world()).await;
        let mut blueprint = ledger_blueprint();
        blueprint["templates"][0]["schedule"] = serde_json::json!({ "run_once": true });
        let key = house.publish(blueprint).await;
        let late = FaultKind::CommitLate { seconds };
        house.sandbox.inject(strike("PUT", "/v1.0/cycles/*/activate", 1, late));
        let id = house.start("acme", &key).await;
        // A step a second: it must not be looked for too early either.
        for _ in 0..40 {
            house.settle().await;
            house.advance(TimeDelta::seconds(1));
        }
        let done = house.settle_in_time(id).await;
        assert_eq!(done.status, Status::Live, "{seconds}: its run was seen");
        assert_eq!(house.cycles()[0]["activations"], 1, "{seconds}");
    }
}

#[tokio::test]
async fn a_single_run_that_is_vouched_for_is_read_once_more() {
    let mut house = House::open_with(ledger_world()).await;
    let mut blueprint = ledger_blueprint();
    blueprint["templates"][0]["schedule"] = serde_json::json!({ "run_once": true });
    let key = house.publish(blueprint).await;
    // Longer on its way than anybody would think.
    let late = FaultKind::CommitLate { seconds: 600.0 };
    house.sandbox.inject(strike("PUT", "/v1.0/cycles/*/activate", 1, late));
    let id = house.start("acme", &key).await;
    let stuck = house.settle_in_time(id).await;
    assert_eq!(stuck.status.problem().unwrap().code, ProblemCode::ActivationUnclear);
    house.advance(TimeDelta::minutes(10));
    house.sandbox.wait_until_none_late().await;
    house.engine.order(id, Command::Retry { reason: None }, "key:support").await.unwrap();
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_eq!(house.cycles()[0]["activations"], 1, "what had begun meanwhile was seen");
}

#[tokio::test]
async fn an_account_that_comes_late_is_waited_for_and_asked_for_once() {
    for seconds in [2.0, 30.0] {
        let mut house = House::open_with(ledger_world()).await;
        let key = house.publish(ledger_blueprint()).await;
        let late = FaultKind::CommitLate { seconds };
        house.sandbox.inject(strike("POST", "/v1.0/accounts", 1, late));
        let id = house.start("acme", &key).await;
        for _ in 0..40 {
            house.settle().await;
            house.advance(TimeDelta::seconds(1));
        }
        assert_eq!(house.settle_in_time(id).await.status, Status::Live, "{seconds}");
        assert_one_of_each(&house, "late account");
        let asked = house.heard().iter().filter(|call| *call == "POST /v1.0/accounts").count();
        assert_eq!(asked, 1, "{seconds}: a second one might have made a second account");
    }
}

#[tokio::test]
async fn whatever_cyclr_answers_for_an_account_that_is_there_it_is_looked_at() {
    // Ours from before, of which the database knows nothing any more.
    for (status, words) in [(400, "ID already in use"), (409, "exists"), (400, "")] {
        let mut house = House::open_with(ledger_world()).await;
        let key = house.publish(ledger_blueprint()).await;
        let mark = serde_json::json!({
            "Id": "acme", "Name": "acme", "AuditInfo": "gangway:house:acme",
        });
        house.by_hand("POST", "/v1.0/accounts", "", &mark).await;
        let refused = FaultKind::Refuse { status, message: words.to_owned(), retry_after: None };
        house.sandbox.inject(strike("POST", "/v1.0/accounts", 9, refused));
        let id = house.start("acme", &key).await;
        assert_eq!(house.settle_in_time(id).await.status, Status::Live, "{status} {words}");
        assert_one_of_each(&house, words);
    }
}
