//! What doubted installs and late workers leave behind, and who sees to it. Judged by what Cyclr holds.

use chrono::TimeDelta;
use gangway::engine::{Engine, Worker};
use gangway::ids::{CycleId, OnboardingId};
use gangway::onboarding::{Command, ProblemCode, Status};
use gangway::sandbox::{Fault, FaultKind};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::crashes::{TEMPLATE, assert_one_of_each, ledger_blueprint, ledger_world};
use crate::house::{House, LEASE, QUIET};

const INSTALL: (&str, &str) = ("POST", "/v1.0/templates/*/install");

fn strike((method, path): (&str, &str), kind: FaultKind) -> Fault {
    Fault::once(method, path, kind)
}

/// A house in which a worker is stopped in the middle of installing, and one that goes on living.
struct Frozen {
    house: House,
    id: OnboardingId,
    working: JoinSet<()>,
    _engine: Engine,
}

impl Frozen {
    async fn at(kind: FaultKind) -> Self {
        let mut house = House::open_with(ledger_world()).await;
        let key = house.publish(ledger_blueprint()).await;
        let (engine, worker) = house.patient_process();
        house.engine = engine.clone();
        house.sandbox.inject(strike(INSTALL, kind));
        let id = house.start("acme", &key).await;
        let mut working = JoinSet::new();
        let mut worker: Worker = worker;
        working.spawn(async move {
            worker.tick().await.unwrap();
        });
        house.sandbox.wait_until_held().await;
        house.restart();
        house.advance(LEASE + TimeDelta::seconds(1));
        Self { house, id, working, _engine: engine }
    }

    async fn thaw(&mut self) {
        self.house.sandbox.clear_faults();
        self.working.join_next().await.unwrap().unwrap();
    }

    async fn kinds(&self) -> Vec<&'static str> {
        let lines = self.house.store.list_journal(self.id).await.unwrap();
        lines.iter().map(|line| line.event.kind()).collect()
    }
}

fn deleted(house: &House) -> Vec<Value> {
    let accounts = house.accounts();
    let cycles = accounts[0]["cycles"].as_array().unwrap().iter();
    cycles.filter(|cycle| cycle["Status"] == "DeleteScheduled").cloned().collect()
}

fn count(house: &House, call: &str) -> usize {
    house.heard().iter().filter(|heard| *heard == call).count()
}

#[tokio::test]
async fn a_worker_frozen_past_its_lease_retires_what_it_made() {
    let mut frozen = Frozen::at(FaultKind::HoldBefore).await;
    let done = frozen.house.settle_in_time(frozen.id).await;
    assert_eq!(done.status, Status::Live, "the other worker waited, looked and installed");
    frozen.thaw().await;

    assert_one_of_each(&frozen.house, "frozen before the call");
    assert_eq!(deleted(&frozen.house).len(), 1, "its own cycle is in the recycle bin");
    let kinds = frozen.kinds().await;
    assert_eq!(kinds[kinds.len() - 2..], ["cycle_disowned", "cycle_retired"]);
}

#[tokio::test]
async fn what_a_late_worker_disowned_is_not_adopted_even_if_it_could_not_be_deleted() {
    let mut frozen = Frozen::at(FaultKind::HoldBefore).await;
    frozen.house.settle().await;
    assert!(matches!(frozen.house.read(frozen.id).await.status, Status::Retrying { .. }));
    // The late worker's call comes through while the other one waits for quiet; its delete does not.
    frozen.house.sandbox.clear_faults();
    frozen.house.sandbox.inject(strike(("DELETE", "/v1.0/cycles/*"), FaultKind::DropBefore));
    frozen.working.join_next().await.unwrap().unwrap();
    let slot = &frozen.house.read(frozen.id).await.facts.slots[0];
    let disowned = slot.disowned[0];

    let done = frozen.house.settle_in_time(frozen.id).await;
    assert_eq!(done.status, Status::Live);
    assert_ne!(done.facts.slots[0].cycle, Some(disowned));
    assert_one_of_each(&frozen.house, "disowned");
    let bin = deleted(&frozen.house);
    assert_eq!(bin[0]["Id"], json!(disowned), "the look before mapping saw to it");
}

#[tokio::test]
async fn a_late_worker_leaves_a_cycle_that_was_adopted() {
    let mut frozen = Frozen::at(FaultKind::HoldAfter).await;
    let done = frozen.house.settle_in_time(frozen.id).await;
    assert_eq!(done.status, Status::Live, "the other worker adopted it");
    frozen.thaw().await;
    assert_one_of_each(&frozen.house, "adopted");
    assert_eq!(count(&frozen.house, "DELETE /v1.0/cycles/…"), 0);
    assert_eq!(count(&frozen.house, "POST /v1.0/templates/…/install"), 1);
}

#[tokio::test]
async fn cancelled_in_the_middle_of_an_install_nothing_is_left_at_cyclr() {
    let mut frozen = Frozen::at(FaultKind::HoldBefore).await;
    let cancel = Command::Cancel { reason: "they left".to_owned() };
    frozen.house.engine.order(frozen.id, cancel, "key:support").await.unwrap();
    frozen.thaw().await;
    assert_eq!(frozen.house.cycles().len(), 0);
    assert_eq!(frozen.house.read(frozen.id).await.status, Status::Cancelled);
    assert!(frozen.kinds().await.contains(&"cycle_retired"));
}

/// A house whose install was performed and not answered.
async fn doubted() -> (House, OnboardingId) {
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(ledger_blueprint()).await;
    house.sandbox.inject(strike(INSTALL, FaultKind::LoseAnswer));
    let id = house.start("acme", &key).await;
    house.settle().await;
    (house, id)
}

async fn install_by_hand(house: &House) -> CycleId {
    let path = format!("/v1.0/templates/{TEMPLATE}/install");
    let cycle = house.by_hand("POST", &path, "acme", &json!({})).await;
    serde_json::from_value(cycle["Id"].clone()).unwrap()
}

#[tokio::test]
async fn of_several_candidates_staff_choose_and_the_others_stay_as_they_are() {
    let (mut house, id) = doubted().await;
    let other = install_by_hand(&house).await;
    let stuck = house.settle_in_time(id).await;
    assert_eq!(stuck.status.problem().unwrap().code, ProblemCode::AmbiguousInstall);
    let offered: Vec<_> = stuck.candidates().iter().map(|one| one.cycle).collect();
    assert_eq!(offered.len(), 2);
    let ours = *offered.iter().find(|cycle| **cycle != other).unwrap();

    let choose = |cycle| Command::ChooseCandidate { cycle, reason: "its date".to_owned() };
    let stranger = CycleId(uuid::Uuid::from_u128(1));
    assert!(house.engine.order(id, choose(stranger), "key:support").await.is_err());
    house.engine.order(id, choose(ours), "key:support").await.unwrap();
    let done = house.settle_in_time(id).await;
    assert_eq!((&done.status, done.facts.slots[0].cycle), (&Status::Live, Some(ours)));
    let cycles = house.cycles();
    let status = |id: CycleId| {
        let cycle = cycles.iter().find(|cycle| cycle["Id"] == json!(id));
        cycle.unwrap()["Status"].clone()
    };
    assert_eq!((status(ours), status(other)), (json!("Active"), json!("Paused")));
    let refused = house.engine.order(id, choose(other), "key:support").await;
    assert!(refused.is_err(), "once is enough");
}

#[tokio::test]
async fn a_chosen_candidate_that_is_gone_leads_to_another_look() {
    let (mut house, id) = doubted().await;
    let other = install_by_hand(&house).await;
    house.settle_in_time(id).await;
    let path = format!("/v1.0/cycles/{other}");
    house.by_hand("DELETE", &path, "acme", &json!({})).await;
    let choose = Command::ChooseCandidate { cycle: other, reason: "a mistake".to_owned() };
    house.engine.order(id, choose, "key:support").await.unwrap();
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_one_of_each(&house, "the one that is left");
}

#[tokio::test]
async fn what_comes_later_than_the_look_is_retired_before_anything_is_activated() {
    for (step, pattern) in
        [("mapping", ("PUT", "/v1.0/steps/*")), ("activation", ("PUT", "/v1.0/cycles/*/activate"))]
    {
        let (mut house, id) = doubted().await;
        // Put off for longer than a moment at this step, and meanwhile another cycle turns up.
        let later = FaultKind::Refuse {
            status: 429,
            message: "later".to_owned(),
            retry_after: Some("90".to_owned()),
        };
        house.sandbox.inject(strike(pattern, later));
        house.advance(QUIET);
        house.settle().await;
        assert!(matches!(house.read(id).await.status, Status::Retrying { .. }), "{step}");
        let late = install_by_hand(&house).await;
        let done = house.settle_in_time(id).await;
        assert_eq!(done.status, Status::Live, "{step}");
        assert_one_of_each(&house, step);
        assert_eq!(deleted(&house)[0]["Id"], json!(late), "{step}");
    }
}

#[tokio::test]
async fn without_a_doubt_nobody_looks_and_nothing_of_others_is_touched() {
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(ledger_blueprint()).await;
    let later = FaultKind::Refuse {
        status: 429,
        message: "later".to_owned(),
        retry_after: Some("90".to_owned()),
    };
    house.sandbox.inject(strike(("PUT", "/v1.0/steps/*"), later));
    let id = house.start("acme", &key).await;
    house.settle().await;
    let theirs = install_by_hand(&house).await;
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_eq!(house.cycles().len(), 2);
    assert!(house.cycles().iter().any(|cycle| cycle["Id"] == json!(theirs)));
    assert_eq!(count(&house, "GET /v1.0/cycles"), 0);
    assert_eq!(count(&house, "DELETE /v1.0/cycles/…"), 0);
}
