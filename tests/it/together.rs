//! Two steps under one commit: which are kept together, which never, and what a death in between leaves.

use chrono::TimeDelta;
use gangway::ids::OnboardingId;
use gangway::onboarding::{Command, Status};
use gangway::sandbox::{Fault, FaultKind};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::crashes::{assert_one_of_each, ledger_blueprint, ledger_world};
use crate::house::{House, LEASE, unattended};

/// The journal's lines, those of one transaction in one group.
async fn kept_together(house: &House, id: OnboardingId) -> Vec<Vec<(i64, String)>> {
    let lines: Vec<(i64, String, String)> = sqlx::query_as(
        "SELECT version, kind, xmin::text FROM journal WHERE onboarding_id = $1 ORDER BY version",
    )
    .bind(id.0)
    .fetch_all(&house.pool().await)
    .await
    .unwrap();
    let groups = lines.chunk_by(|a, b| a.2 == b.2);
    groups.map(|group| group.iter().map(|(n, kind, _)| (*n, kind.clone())).collect()).collect()
}

fn line(version: i64, kind: &str) -> (i64, String) {
    (version, kind.to_owned())
}

#[tokio::test]
async fn the_account_and_its_cycle_are_kept_together_and_so_are_mapping_and_activation() {
    let mut house = House::open().await;
    let key = house.publish(unattended()).await;
    let id = house.start("acme", &key).await;
    house.settle().await;
    assert_eq!(
        kept_together(&house, id).await,
        [
            vec![line(1, "started")],
            vec![line(2, "account_ready"), line(3, "installed")],
            vec![line(4, "mapped"), line(5, "activated")],
        ]
    );
    let journal = house.store.list_journal(id).await.unwrap();
    let places: Vec<_> = journal.iter().map(|l| (l.status.as_str(), l.step.as_str())).collect();
    assert_eq!(
        places,
        [
            ("running", "create_account"),
            ("running", "install"),
            ("running", "map"),
            ("running", "activate"),
            ("live", "live"),
        ],
        "each line says where the onboarding stood then"
    );
    assert_eq!(house.read(id).await.version, 5);
}

#[tokio::test]
async fn a_single_run_is_ordered_only_when_all_before_it_is_kept() {
    let mut house = House::open().await;
    let mut blueprint: Value = unattended();
    blueprint["templates"][0]["schedule"] = json!({ "run_once": true });
    let key = house.publish(blueprint).await;
    let id = house.start("acme", &key).await;
    house.settle().await;
    assert_eq!(house.read(id).await.status, Status::Live);
    let groups = kept_together(&house, id).await;
    assert_eq!(groups[2..], [vec![line(4, "mapped")], vec![line(5, "activated")]]);
}

/// A house whose worker is held at a call.
struct Held {
    house: House,
    id: OnboardingId,
    working: JoinSet<()>,
}

impl Held {
    async fn at((method, path): (&str, &str), kind: FaultKind) -> Self {
        let mut house = House::open_with(ledger_world()).await;
        let key = house.publish(ledger_blueprint()).await;
        let (engine, mut worker) = house.patient_process();
        house.engine = engine;
        house.sandbox.inject(Fault::once(method, path, kind));
        let id = house.start("acme", &key).await;
        let working = JoinSet::from_iter([async move { drop(worker.tick().await) }]);
        house.sandbox.wait_until_held().await;
        Self { house, id, working }
    }

    /// The process is gone, and its lease too.
    async fn die(&mut self) {
        self.working.shutdown().await;
        self.house.sandbox.clear_faults();
        self.house.restart();
        self.house.advance(LEASE + TimeDelta::seconds(1));
    }

    fn count(&self, call: &str) -> usize {
        self.house.heard().iter().filter(|heard| *heard == call).count()
    }
}

const INSTALL: (&str, &str) = ("POST", "/v1.0/templates/*/install");
const ACTIVATE: (&str, &str) = ("PUT", "/v1.0/cycles/*/activate");

#[tokio::test]
async fn who_finds_the_account_made_does_not_install_before_the_quiet_is_over() {
    let mut held = Held::at(INSTALL, FaultKind::HoldAfter).await;
    held.die().await;
    let row = held.house.read(held.id).await;
    assert!(row.facts.account.is_none(), "nothing was kept of either step");
    held.house.settle().await;
    let waits = held.house.read(held.id).await;
    assert!(matches!(waits.status, Status::Retrying { .. }), "{:?}", waits.status);
    assert_eq!(held.count("POST /v1.0/templates/…/install"), 1);

    let done = held.house.settle_in_time(held.id).await;
    assert_eq!(done.status, Status::Live);
    assert_one_of_each(&held.house, "adopted");
    assert_eq!(held.count("POST /v1.0/templates/…/install"), 1, "adopted, not made again");
}

#[tokio::test]
async fn who_makes_the_account_anew_installs_at_once() {
    let mut held = Held::at(("POST", "/v1.0/accounts"), FaultKind::HoldBefore).await;
    held.die().await;
    held.house.settle().await;
    assert_eq!(held.house.read(held.id).await.status, Status::Live);
}

#[tokio::test]
async fn who_takes_over_a_mapping_looks_before_it_activates() {
    let mut held = Held::at(ACTIVATE, FaultKind::HoldAfter).await;
    held.die().await;
    assert!(!held.house.read(held.id).await.facts.slots[0].mapped.stands());
    let done = held.house.settle_in_time(held.id).await;
    assert_eq!(done.status, Status::Live);
    assert_one_of_each(&held.house, "active already");
    assert_eq!(held.count("PUT /v1.0/cycles/…/activate"), 1, "it was seen to be active");
    assert_eq!(held.count("PUT /v1.0/steps/…/parameters/…"), 1, "nor was anything mapped again");
}

#[tokio::test]
async fn of_a_refused_change_the_calls_of_both_steps_are_kept() {
    let mut held = Held::at(INSTALL, FaultKind::HoldBefore).await;
    let cancel = Command::Cancel { reason: "they left".to_owned() };
    held.house.engine.order(held.id, cancel, "key:support").await.unwrap();
    held.house.sandbox.clear_faults();
    held.working.join_next().await.unwrap().unwrap();
    let calls = held.house.store.list_calls(held.id).await.unwrap();
    let calls: Vec<_> = calls.iter().filter(|call| call.method == "POST").collect();
    let paths: Vec<_> = calls.iter().map(|call| call.path.as_str()).collect();
    assert!(paths.iter().any(|path| path.ends_with("/accounts")), "{paths:?}");
    assert!(paths.iter().any(|path| path.ends_with("/install")), "{paths:?}");
    assert_eq!(held.house.cycles().len(), 0, "and the cycle is gone");
}
