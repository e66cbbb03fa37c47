//! What is read before it is changed, and changed only as the blueprint lets us.

use chrono::TimeDelta;
use gangway::ids::OnboardingId;
use gangway::onboarding::{ProblemCode, Status};
use gangway::sandbox::{Fault, FaultKind};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::crashes::{assert_one_of_each, ledger_blueprint, ledger_world};
use crate::house::House;

const ACTIVATE: (&str, &str) = ("PUT", "/v1.0/cycles/*/activate");
const MAP: (&str, &str) = ("PUT", "/v1.0/steps/*");

fn refuse((method, path): (&str, &str), times: u32, status: u16, wait: Option<&str>) -> Fault {
    let retry_after = wait.map(str::to_owned);
    let kind = FaultKind::Refuse { status, message: "because".to_owned(), retry_after };
    Fault { times, ..Fault::once(method, path, kind) }
}

async fn begin(blueprint: Value, fault: Fault) -> (House, OnboardingId) {
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(blueprint).await;
    house.sandbox.inject(fault);
    let id = house.start("acme", &key).await;
    house.settle().await;
    (house, id)
}

fn with(path: &str, value: Value) -> Value {
    let mut blueprint = ledger_blueprint();
    *blueprint.pointer_mut("/templates/0").unwrap() = {
        let mut template = blueprint["templates"][0].clone();
        template[path] = value;
        template
    };
    blueprint
}

async fn activate_by_hand(house: &House) {
    let id = house.cycles()[0]["Id"].as_str().unwrap().to_owned();
    let path = format!("/v1.0/cycles/{id}/activate");
    house.by_hand("PUT", &path, "acme", &json!({ "Interval": 60 })).await;
}

#[tokio::test]
async fn a_cycle_that_somebody_activated_meanwhile_is_not_activated_again() {
    let (mut house, id) = begin(ledger_blueprint(), refuse(ACTIVATE, 1, 429, Some("90"))).await;
    activate_by_hand(&house).await;
    house.sandbox.forget_calls();
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_eq!(house.cycles()[0]["activations"], 1);
    assert_eq!(house.heard(), ["GET /v1.0/cycles/…"], "one reading was enough");
}

#[tokio::test]
async fn a_refusal_for_a_cycle_that_is_active_already_is_no_failure() {
    for status in [400, 409, 422] {
        let mut house = House::open_with(ledger_world()).await;
        let key = house.publish(ledger_blueprint()).await;
        let (engine, mut worker) = house.patient_process();
        house.engine = engine;
        let path = "/v1.0/cycles/*/prerequisites".to_owned();
        let kind = FaultKind::HoldAfter;
        house.sandbox.inject(Fault { method: None, ..Fault::once("", &path, kind) });
        let id = house.start("acme", &key).await;
        let mut working = JoinSet::new();
        working.spawn(async move { worker.tick().await.unwrap() });
        // All is mapped, and the worker is about to activate it.
        house.sandbox.wait_until_held().await;
        activate_by_hand(&house).await;
        house.sandbox.clear_faults();
        house.sandbox.inject(refuse(ACTIVATE, 9, status, None));
        working.join_next().await.unwrap().unwrap();
        assert_eq!(house.read(id).await.status, Status::Live, "{status}");
        assert_one_of_each(&house, "active already");
    }
}

#[tokio::test]
async fn a_single_run_is_read_before_it_is_begun_even_without_a_doubt() {
    let blueprint = with("schedule", json!({ "run_once": true }));
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(blueprint).await;
    let id = house.start("acme", &key).await;
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    let heard = house.heard();
    let began = heard.iter().position(|call| call.ends_with("/activate")).unwrap();
    assert_eq!(heard[began - 1], "GET /v1.0/cycles/…");
    assert_eq!(house.cycles()[0]["activations"], 1);
}

#[tokio::test]
async fn a_single_run_that_could_not_be_seen_to_begin_is_in_doubt() {
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(with("schedule", json!({ "run_once": true }))).await;
    // The reading before the run goes through, the one after it does not.
    let blind = Fault { skip: 1, ..refuse(("GET", "/v1.0/cycles/{}"), 1, 500, None) };
    house.sandbox.inject(blind);
    let id = house.start("acme", &key).await;
    house.settle().await;
    assert!(house.read(id).await.facts.slots[0].activation_doubted.stands());
    assert_eq!(house.settle_in_time(id).await.status, Status::Live, "the run itself is seen");
    assert_eq!(house.cycles()[0]["activations"], 1);
}

#[tokio::test]
async fn a_running_cycle_is_stopped_to_be_changed_only_if_the_blueprint_says_so() {
    // Without leave: a person decides.
    let (house, id) = begin(ledger_blueprint(), refuse(MAP, 99, 409, None)).await;
    let stuck = house.read(id).await;
    assert_eq!(stuck.status.problem().unwrap().code, ProblemCode::CycleRunning);
    let stop = "PUT /v1.0/cycles/…/deactivate".to_owned();
    assert!(!house.heard().contains(&stop));

    // With leave: stopped, changed, started.
    let (mut house, id) =
        begin(with("stop_to_change", json!(true)), refuse(MAP, 3, 409, None)).await;
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_eq!(house.heard().iter().filter(|call| **call == stop).count(), 1);
    assert_one_of_each(&house, "stopped and changed");

    // Never one that runs a single time: starting it again would be a second run.
    let mut once = with("stop_to_change", json!(true));
    once["templates"][0]["schedule"] = json!({ "run_once": true });
    let (house, id) = begin(once, refuse(MAP, 3, 409, None)).await;
    assert!(matches!(house.read(id).await.status, Status::Stuck { .. }));
    assert!(!house.heard().contains(&stop));
}

#[tokio::test]
async fn a_step_is_given_up_after_the_tries_and_the_hours_that_the_blueprint_gives_it() {
    let limits = |limits: Value| {
        let mut blueprint = ledger_blueprint();
        blueprint["limits"] = limits;
        blueprint
    };
    let install = ("POST", "/v1.0/templates/*/install");
    let cases = [
        (limits(json!({ "steps": { "install": { "tries": 3 } } })), 3),
        (limits(json!({ "tries": 2, "steps": { "map": { "tries": 9 } } })), 2),
    ];
    for (blueprint, tries) in cases {
        let (mut house, id) = begin(blueprint, refuse(install, u32::MAX, 429, Some("60"))).await;
        let stuck = house.settle_in_time(id).await;
        assert_eq!(stuck.status.problem().unwrap().code, ProblemCode::CyclrThrottled);
        let heard = house.heard();
        assert_eq!(heard.iter().filter(|call| call.ends_with("/install")).count(), tries);
    }
    let hours = limits(json!({ "tries": 100, "steps": { "install": { "retry_hours": 2 } } }));
    let (mut house, id) = begin(hours, refuse(install, u32::MAX, 429, Some("3600"))).await;
    house.advance(TimeDelta::minutes(119));
    house.settle().await;
    assert!(matches!(house.read(id).await.status, Status::Retrying { .. }));
    house.advance(TimeDelta::minutes(120));
    house.settle().await;
    assert!(matches!(house.read(id).await.status, Status::Stuck { .. }));
}
