//! A backup takes the place of the database while Cyclr has gone on. The judge is what Cyclr holds.

use chrono::TimeDelta;
use gangway::engine::{Credential, after_restore};
use gangway::ids::{BlueprintKey, OnboardingId};
use gangway::onboarding::{Command, Onboarding, ProblemCode, Status, StepKind};
use gangway::sandbox::{Catalogue, Fault, FaultKind};
use gangway::secret::Secret;
use serde_json::{Value, json};

use super::kinds;
use crate::crashes::act;
use crate::database::TestDb;
use crate::house::{House, LEASE, attended};

const TEMPLATES: [&str; 2] =
    ["11111111-2222-4333-8444-555555555555", "22222222-2222-4333-8444-555555555555"];

/// Two templates, and every step of them changes something without a person.
fn two_ledgers() -> Catalogue {
    let template = |n: usize| {
        let id = n * 10;
        json!({
            "id": TEMPLATES[n], "name": format!("Ledger {n}"), "steps": [{
                "name": "Post", "connector": n + 1, "method": { "id": id + 9, "name": "Post" },
                "parameters": [{ "id": id + 1, "name": "Book" }],
                "fields": [{ "id": id + 2, "name": "Company" }]
            }]
        })
    };
    let connector = |n: usize| {
        json!({
            "id": n + 1, "name": format!("Ledger Cloud {n}"), "version": "1.0",
            "auth_type": "OAuth2", "oauth2_type": "ClientCredentials"
        })
    };
    let world = json!({
        "connectors": [connector(0), connector(1)], "templates": [template(0), template(1)]
    });
    Catalogue::parse(&world.to_string()).unwrap()
}

fn two_templates() -> Value {
    let template = |id: &str| {
        json!({ "template_id": id, "mapping": [
            { "target": "Book", "value": { "constant": "main" } },
            { "target": "Company", "value": { "from": { "path": "tenant.name" } } }
        ]})
    };
    json!({ "key": "ledgers", "name": "Ledgers",
            "templates": [template(TEMPLATES[0]), template(TEMPLATES[1])] })
}

/// The cycles of each account that were not deleted: template, status, and how often it was activated.
fn cycles(house: &House) -> Vec<Vec<(String, String, u64)>> {
    let of = |account: &Value| -> Vec<_> {
        let cycles = account["cycles"].as_array().unwrap().iter();
        let cycles = cycles.filter(|cycle| cycle["Status"] != "DeleteScheduled").map(|cycle| {
            let text = |name: &str| cycle[name].as_str().unwrap().to_owned();
            (text("TemplateId"), text("Status"), cycle["activations"].as_u64().unwrap())
        });
        cycles.collect()
    };
    house.accounts().iter().map(of).collect()
}

/// Each template once in each account, activated once.
fn assert_one_of_each(house: &House, accounts: usize, what: &str) {
    let held = cycles(house);
    assert_eq!(held.len(), accounts, "{what}: {held:#?}");
    for mut held in held {
        held.sort();
        let expected = TEMPLATES.map(|id| (id.to_owned(), "Active".to_owned(), 1));
        assert_eq!(held, expected, "{what}");
    }
}

/// Gives the onboarding of a tenant whose process died at this call.
async fn die_at(house: &mut House, key: &BlueprintKey, fault: Fault, what: &str) -> OnboardingId {
    house.sandbox.inject(fault);
    let id = house.start("acme", key).await;
    {
        let reached = house.sandbox.wait_until_held();
        let working = house.worker.tick();
        tokio::pin!(working);
        tokio::select! {
            _ = &mut working => panic!("{what}: it went through without being held"),
            () = reached => {}
        }
    }
    house.restart();
    house.sandbox.clear_faults();
    id
}

/// From that moment on the original goes on to the end, and starts another tenant that the copy has never
/// heard of. Then the copy takes over; gives the backed-up state's database away.
async fn go_on_and_go_back(house: &mut House, key: &BlueprintKey, id: OnboardingId) -> TestDb {
    let copy = house.back_up().await;
    house.advance(LEASE + TimeDelta::seconds(1));
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    let other = house.start("bravo", key).await;
    assert_eq!(house.settle_in_time(other).await.status, Status::Live);
    house.advance(TimeDelta::hours(2));
    house.move_to(copy).await
}

async fn tell(house: &House) -> u64 {
    after_restore(&house.store, house.clock.now(), None).await.unwrap().1
}

#[tokio::test]
async fn whatever_was_forgotten_is_found_again_and_nothing_is_made_twice() {
    for step in StepKind::ALL {
        let Some((method, path)) = act(step) else { continue };
        for kind in [FaultKind::HoldBefore, FaultKind::HoldAfter] {
            let what = format!("{} {kind:?}", step.name());
            Box::pin(restore_at(Fault::once(method, path, kind), &what)).await;
        }
    }
}

async fn restore_at(fault: Fault, what: &str) {
    let mut house = House::open_with(two_ledgers()).await;
    let key = house.publish(two_templates()).await;
    let id = die_at(&mut house, &key, fault, what).await;
    let original = go_on_and_go_back(&mut house, &key, id).await;
    let before = house.read(id).await;
    assert_ne!(before.status, Status::Live, "{what}: the copy is older");
    assert_eq!(tell(&house).await, 1, "{what}");

    let done = house.settle_in_time(id).await;
    assert_eq!(done.status, Status::Live, "{what}");
    // The copy knows nothing of the other tenant: its owner starts it again.
    let other = house.start("bravo", &key).await;
    assert_eq!(house.settle_in_time(other).await.status, Status::Live, "{what}");
    assert_one_of_each(&house, 2, what);

    // Whoever was told of what is forgotten takes what comes now for newer.
    let pool = original.pool().await;
    let told: i64 =
        sqlx::query_scalar("SELECT max(version) FROM journal").fetch_one(&pool).await.unwrap();
    assert!(done.version > told, "{what}: {} {told}", done.version);
    let kinds = kinds(&house, id).await;
    assert!(kinds.contains(&"looks_first"), "{what}: {kinds:?}");
    pool.close().await;
}

#[tokio::test]
async fn without_being_told_the_copy_makes_things_twice() {
    let mut house = House::open_with(two_ledgers()).await;
    let key = house.publish(two_templates()).await;
    let fault = Fault::once("POST", "/v1.0/accounts", FaultKind::HoldBefore);
    let id = die_at(&mut house, &key, fault, "untold").await;
    let _original = go_on_and_go_back(&mut house, &key, id).await;
    house.settle_in_time(id).await;
    let other = house.start("bravo", &key).await;
    house.settle_in_time(other).await;
    let held = cycles(&house);
    assert!(held.iter().all(|held| held.len() > 2), "the other tests can tell: {held:#?}");
}

#[tokio::test]
async fn one_that_rested_at_a_passing_failure_looks_first_as_well() {
    let mut house = House::open_with(two_ledgers()).await;
    let key = house.publish(two_templates()).await;
    let busy = FaultKind::Refuse { status: 429, message: String::new(), retry_after: None };
    house.sandbox.inject(Fault::once("POST", "/v1.0/templates/*/install", busy));
    let id = house.start("acme", &key).await;
    house.settle().await;
    let resting = house.read(id).await;
    assert!(matches!(resting.status, Status::Retrying { .. }), "{:?}", resting.status);
    let _original = go_on_and_go_back(&mut house, &key, id).await;
    tell(&house).await;
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_one_of_each(&house, 2, "resting, with one that is never started again");
}

#[tokio::test]
async fn told_twice_and_restored_twice_is_no_harm() {
    let mut house = House::open_with(two_ledgers()).await;
    let key = house.publish(two_templates()).await;
    let fault = Fault::once("POST", "/v1.0/templates/*/install", FaultKind::HoldAfter);
    let id = die_at(&mut house, &key, fault, "twice").await;
    let copy = house.back_up().await;
    let again = copy.copy().await;
    house.advance(LEASE + TimeDelta::seconds(1));
    house.settle_in_time(id).await;
    for copy in [copy, again] {
        house.advance(TimeDelta::hours(1));
        drop(house.move_to(copy).await);
        assert_eq!((tell(&house).await, tell(&house).await), (1, 1));
        assert_eq!(house.settle_in_time(id).await.status, Status::Live);
        assert_one_of_each(&house, 1, "twice");
    }
}

#[tokio::test]
async fn what_somebody_else_makes_afterwards_is_not_taken_for_ours() {
    let mut house = House::open_with(two_ledgers()).await;
    let key = house.publish(two_templates()).await;
    let one = house.start("acme", &key).await;
    house.settle_in_time(one).await;
    house.advance(TimeDelta::hours(1));
    assert_eq!(tell(&house).await, 0);
    house.advance(TimeDelta::hours(1));
    // Somebody installs the template by hand in an account that is ours.
    let install = format!("/v1.0/templates/{}/install", TEMPLATES[0]);
    let made = house.by_hand("POST", &install, "acme", &json!({})).await;
    let mut other = two_templates();
    other["key"] = "ledgers-again".into();
    let other = house.publish(other).await;
    let two = house.start("acme", &other).await;
    let done = house.settle_in_time(two).await;
    assert_eq!(done.status, Status::Live);
    let theirs = made["Id"].as_str().unwrap();
    assert!(done.facts.slots.iter().all(|slot| slot.cycle.unwrap().to_string() != theirs));
}

/// Signs in, gives the key and answers, as far as the onboarding asks for it.
pub(super) async fn take_part(house: &mut House, id: OnboardingId) -> Onboarding {
    house.settle_in_time(id).await;
    for name in ["Harbour CRM", "Parcel Mail"] {
        let connector = house.connector(id, name).await;
        if !house.read(id).await.facts.connection(connector).unwrap().is_open() {
            continue;
        }
        if name == "Harbour CRM" {
            Box::pin(house.sign_in(id, connector, "allow")).await;
            Box::pin(house.engine.order(id, Command::LookNow, "visitor")).await.unwrap();
        } else {
            let key = Credential::ApiKey(Secret::from("canary-api-key"));
            assert!(Box::pin(house.give_credential(id, connector, key)).await);
        }
        house.settle().await;
    }
    let asked = house.settle_in_time(id).await;
    if asked.status != Status::Live {
        let wanted = asked.requirements().into_iter();
        let known = [("pipeline", "Partners"), ("sender", "canary@acme.example")];
        let mut answers = known.to_vec();
        // What Cyclr requires and no rule covers.
        let other: Vec<_> = wanted
            .map(|wanted| wanted.object)
            .filter(|object| known.iter().all(|(key, _)| key != object))
            .collect();
        answers.extend(other.iter().map(|object| (&**object, "Friends")));
        house.answer(id, &answers).await;
    }
    house.settle_in_time(id).await
}

#[tokio::test]
async fn people_are_asked_again_for_what_was_forgotten_and_for_nothing_else() {
    let mut house = House::open().await;
    let key = house.publish(attended()).await;
    let id = house.start("acme", &key).await;
    house.settle().await;
    let copy = house.back_up().await;
    assert_eq!(take_part(&mut house, id).await.status, Status::Live);
    house.advance(TimeDelta::hours(2));
    let _original = house.move_to(copy).await;
    assert_eq!(house.read(id).await.step(), StepKind::Connect);
    tell(&house).await;
    let asked = house.settle_in_time(id).await;
    assert_eq!(asked.step(), StepKind::Map, "Cyclr shows the connections as made");
    assert_eq!(take_part(&mut house, id).await.status, Status::Live);
    let held = house.cycles();
    assert_eq!(held.len(), 1);
    assert_eq!((&held[0]["Status"], &held[0]["activations"]), (&json!("Active"), &json!(1)));
}

#[tokio::test]
async fn what_runs_a_single_time_waits_for_somebody_to_vouch() {
    let mut house = House::open_with(two_ledgers()).await;
    let mut once = two_templates();
    once["templates"].as_array_mut().unwrap().truncate(1);
    once["templates"][0]["schedule"] = json!({ "run_once": true });
    let key = house.publish(once).await;
    let fault = Fault::once("PUT", "/v1.0/steps/*", FaultKind::HoldBefore);
    let id = die_at(&mut house, &key, fault, "once").await;
    tell(&house).await;
    let stuck = house.settle_in_time(id).await;
    let problem = stuck.status.problem().map(|problem| problem.code);
    assert_eq!(problem, Some(ProblemCode::ActivationUnclear), "it may have run");
    assert_eq!(cycles(&house)[0][0].2, 0);
    let retry = Command::Retry { reason: None };
    house.engine.order(id, retry, "key:support").await.unwrap();
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_eq!(cycles(&house)[0][0].2, 1);
}
