//! A live onboarding goes on to a newer version of its blueprint: one active cycle of each template, before,
//! after, and never two at once.

use chrono::TimeDelta;
use gangway::ids::OnboardingId;
use gangway::onboarding::{Command, Onboarding, Status, StepKind};
use gangway::sandbox::{CRM_TO_MAIL, Fault, FaultKind, STORE_ONLY};
use serde_json::{Value, json};
use uuid::Uuid;

use super::offboard::faults;
use crate::house::{House, LEASE, attended, unattended};

/// The heartbeat with the other template beside it.
fn with_both() -> Value {
    let mut next = attended();
    next["key"] = json!("heartbeat");
    let first = unattended()["templates"][0].clone();
    next["templates"].as_array_mut().unwrap().insert(0, first);
    next
}

fn with_the_other_only() -> Value {
    let mut next = attended();
    next["key"] = json!("heartbeat");
    next
}

impl House {
    async fn upgrade(&mut self, id: OnboardingId, version: i32) -> Onboarding {
        let key = self.read(id).await.blueprint.key;
        let upgrade = self.engine.prepare_upgrade((key, version), "Newer.".to_owned());
        let upgrade = Command::Upgrade(upgrade.await.unwrap());
        self.engine.order(id, upgrade, "key:support").await.unwrap();
        self.settle_in_time(id).await
    }

    /// Signs in and answers, where that is asked.
    async fn go_on(&mut self, id: OnboardingId) -> Onboarding {
        if self.read(id).await.step() == StepKind::Connect {
            Box::pin(self.connect_everything(id)).await;
        }
        Box::pin(self.answer_everything(id)).await;
        self.settle_in_time(id).await
    }

    /// Template and status of every cycle that is there.
    fn templates(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let cycles = self.cycles();
        let mut shown: Vec<_> =
            cycles.iter().map(|c| (text(&c["TemplateId"]), text(&c["Status"]))).collect();
        shown.sort();
        shown
    }
}

fn active(templates: &[Uuid]) -> Vec<(String, String)> {
    let mut all: Vec<_> = templates.iter().map(|t| (t.to_string(), "Active".to_owned())).collect();
    all.sort();
    all
}

#[tokio::test]
async fn what_is_new_is_installed_beside_what_stays() {
    let mut house = House::open().await;
    let id = house.live_unattended().await;
    let before = house.read(id).await;
    house.publish(with_both()).await;
    let asked = house.upgrade(id, 2).await;
    assert_eq!((asked.step(), asked.status.name()), (StepKind::Connect, "waiting"));
    let old = (STORE_ONLY.to_string(), "Active".to_owned());
    assert!(house.templates().contains(&old), "it runs on: {:?}", house.templates());
    let after = house.go_on(id).await;
    assert_eq!(after.status, Status::Live);
    assert_eq!((after.blueprint.version, after.id), (2, before.id));
    assert_eq!(after.facts.slots[0].cycle, before.facts.slots[0].cycle, "the same cycle");
    assert_eq!(house.templates(), active(&[STORE_ONLY, CRM_TO_MAIL]));
    let first =
        house.cycles().into_iter().find(|c| c["TemplateId"] == STORE_ONLY.to_string()).unwrap();
    assert_eq!(first["activations"], 1, "it was not stopped for that");
}

#[tokio::test]
async fn the_old_one_runs_until_the_new_one_is_mapped_and_never_beside_it() {
    let mut house = House::open().await;
    let id = house.live_unattended().await;
    house.publish(with_the_other_only()).await;
    house.upgrade(id, 2).await;
    let statuses: Vec<_> = house.templates().into_iter().map(|(_, status)| status).collect();
    assert!(statuses.contains(&"Active".to_owned()), "{statuses:?}");
    house.sandbox.forget_calls();
    let after = house.go_on(id).await;
    assert_eq!(after.status, Status::Live);
    assert_eq!(house.templates(), active(&[CRM_TO_MAIL]));
    let switch: Vec<_> = house
        .heard()
        .into_iter()
        .filter(|call| call.contains("activate") || call.starts_with("DELETE"))
        .collect();
    assert_eq!(
        switch,
        ["PUT /v1.0/cycles/…/deactivate", "PUT /v1.0/cycles/…/activate", "DELETE /v1.0/cycles/…"]
    );
    assert!(after.facts.former.iter().all(|former| former.retired));
    assert_eq!(super::problem(&house.check(id).await), None, "nothing is missed afterwards");
}

#[tokio::test]
async fn every_call_of_it_may_fail_and_the_process_may_die_at_each() {
    for (method, path) in [
        ("POST", "/v1.0/templates/*/install"),
        ("PUT", "/v1.0/cycles/*/deactivate"),
        ("PUT", "/v1.0/cycles/*/activate"),
        ("DELETE", "/v1.0/cycles/*"),
    ] {
        let deaths = [FaultKind::HoldBefore, FaultKind::HoldAfter];
        for kind in faults().into_iter().chain(deaths) {
            let what = format!("{method} {path} {kind:?}");
            Box::pin(upgrade_under((method, path), kind, &what)).await;
        }
    }
}

async fn upgrade_under((method, path): (&str, &str), kind: FaultKind, what: &str) {
    let mut house = House::open().await;
    // Signed in by an onboarding of before, so that nobody is needed but for the answers.
    house.live_attended("acme").await;
    let key = house.publish(unattended()).await;
    let id = house.start("acme", &key).await;
    assert_eq!(house.settle_in_time(id).await.status, Status::Live, "{what}");
    house.publish(with_the_other_only()).await;
    let is_death = matches!(kind, FaultKind::HoldBefore | FaultKind::HoldAfter);
    house.sandbox.inject(Fault::once(method, path, kind));
    let key = house.read(id).await.blueprint.key;
    let upgrade = house.engine.prepare_upgrade((key, 2), "Newer.".to_owned()).await.unwrap();
    house.engine.order(id, Command::Upgrade(upgrade), "key:support").await.unwrap();
    for _ in 0..6 {
        if is_death {
            let reached = house.sandbox.wait_until_held();
            let died = {
                let working = house.worker.tick();
                tokio::pin!(working);
                tokio::select! { _ = &mut working => false, () = reached => true }
            };
            if died {
                house.restart();
                house.sandbox.clear_faults();
                house.advance(LEASE + TimeDelta::seconds(1));
            }
        }
        if matches!(house.settle_in_time(id).await.status, Status::Live) {
            break;
        }
        house.answer_some(id).await;
    }
    let after = house.settle_in_time(id).await;
    assert_eq!(after.status, Status::Live, "{what}: {:?}", after.status);
    let kept = house.templates();
    assert_eq!(
        kept,
        active(&[CRM_TO_MAIL, CRM_TO_MAIL]),
        "{what}: the other onboarding's, and ours"
    );
}

impl House {
    /// The answers that are asked for now, without driving on.
    async fn answer_some(&self, id: OnboardingId) {
        let onboarding = self.read(id).await;
        let open: Vec<_> = onboarding.facts.open_questions().map(|q| q.key.0.clone()).collect();
        let value = |key: &str| match key {
            "pipeline" => "Partners",
            "sender" => "ada@acme.example",
            _ => "Friends",
        };
        let answers: Vec<_> = open.iter().map(|key| (key.as_str(), value(key))).collect();
        if !answers.is_empty() {
            self.answer(id, &answers).await;
        }
    }
}

#[tokio::test]
async fn only_a_newer_version_of_the_same_blueprint_will_do() {
    let mut house = House::open().await;
    let id = house.live_unattended().await;
    let other = house.publish(attended()).await;
    let own = house.read(id).await.blueprint.key;
    assert!(house.engine.prepare_upgrade((own.clone(), 2), "x".to_owned()).await.is_err());
    for wrong in [(own, 1), (other, 1)] {
        let upgrade = house.engine.prepare_upgrade(wrong, "x".to_owned()).await.unwrap();
        let refused = house.engine.order(id, Command::Upgrade(upgrade), "key:support").await;
        assert!(refused.is_err());
    }
    assert_eq!(house.read(id).await.blueprint.version, 1);
}
