//! Where nobody outside of Cyclr knows its answer, the sandbox gives each that there might be, and
//! Gangway has to bring a tenant aboard under every one. The judge is the sandbox's world.

use std::panic::AssertUnwindSafe;

use chrono::TimeDelta;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use gangway::engine::Credential;
use gangway::ids::OnboardingId;
use gangway::onboarding::{Command, ProblemCode, Status, StepKind};
use gangway::sandbox::{Catalogue, Fault, FaultKind, Variants};
use gangway::secret::Secret;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::crashes::{assert_one_of_each, ledger_blueprint, ledger_world};
use crate::house::{House, attended};

const ACTIVATE: (&str, &str) = ("PUT", "/v1.0/cycles/*/activate");

/// One question with one of its answers.
type Case = (&'static str, &'static str);

/// Every answer to every question. Nothing is left out: a variant that no onboarding meets costs a
/// second, one that was wrongly left out costs a surprise.
fn all() -> Vec<Case> {
    let questions = Variants::questions().iter();
    let cases = questions.flat_map(|one| one.answers.iter().map(|(word, _)| (one.name, *word)));
    cases.collect()
}

async fn house((name, word): Case, catalogue: Catalogue) -> House {
    let house = House::open_with(catalogue).await;
    let mut variants = Variants::default();
    variants.set(name, word).unwrap();
    house.sandbox.set_variants(variants);
    house
}

/// A few at a time: each has a database of its own. All that fail are told, not the first alone.
async fn each(journey: impl AsyncFn(Case)) {
    let mut failed = Vec::new();
    for some in all().chunks(8) {
        let travel = async |case: Case| {
            let travelled = AssertUnwindSafe(Box::pin(journey(case))).catch_unwind().await;
            travelled.err().map(|_| case)
        };
        failed.extend(join_all(some.iter().map(|case| travel(*case))).await.into_iter().flatten());
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// A cycle may be stopped to be mapped, which matters where an install leaves it active.
fn stoppable(mut blueprint: Value) -> Value {
    blueprint["templates"][0]["stop_to_change"] = json!(true);
    blueprint
}

fn assert_nothing_twice(house: &House, what: &str) {
    assert_eq!(house.sandbox.world()["duplicates"], json!([]), "{what}");
}

#[tokio::test]
async fn a_tenant_gets_one_of_each_under_every_answer_although_every_answer_is_lost_once() {
    each(async |case| {
        let what = format!("{case:?}");
        let mut house = house(case, ledger_world()).await;
        let key = house.publish(stoppable(ledger_blueprint())).await;
        for (method, path) in [
            ("POST", "/v1.0/accounts"),
            ("POST", "/v1.0/templates/*/install"),
            ("PUT", "/v1.0/account/connectors/*"),
            ("PUT", "/v1.0/steps/*"),
            ("PUT", "/v1.0/cycles/*/activate"),
        ] {
            house.sandbox.inject(Fault::once(method, path, FaultKind::LoseAnswer));
        }
        let id = house.start("acme", &key).await;
        let done = house.settle_in_time(id).await;
        assert_eq!(done.status, Status::Live, "{what}");
        assert_one_of_each(&house, &what);
        assert_nothing_twice(&house, &what);
    })
    .await;
}

#[tokio::test]
async fn what_came_too_late_is_deleted_under_every_answer_although_that_answer_is_lost() {
    each(async |case| {
        let what = format!("{case:?}");
        let mut house = house(case, ledger_world()).await;
        let key = house.publish(stoppable(ledger_blueprint())).await;
        // Later than the quiet period, so that a second one is installed before.
        let late = FaultKind::CommitLate { seconds: 65.0 };
        house.sandbox.inject(Fault::once("POST", "/v1.0/templates/*/install", late));
        house.sandbox.inject(Fault::once("DELETE", "/v1.0/cycles/*", FaultKind::LoseAnswer));
        // Nothing is mapped before the late one has come.
        let away = FaultKind::Refuse { status: 503, message: String::new(), retry_after: None };
        house.sandbox.inject(Fault::once("GET", "/v1.0/cycles/*/steps", away));
        let id = house.start("acme", &key).await;
        let done = house.settle_in_time(id).await;
        assert_eq!(done.status, Status::Live, "{what}");
        house.advance(TimeDelta::seconds(60));
        house.settle().await;
        if case == ("installed_status", "active") {
            // What runs is never deleted, and here the late one does: the sandbox tells it.
            let twice = house.sandbox.world()["duplicates"].clone();
            assert_eq!((&twice[0]["what"], twice.as_array().unwrap().len()), (&json!("cycle"), 1));
            return;
        }
        assert_one_of_each(&house, &what);
        assert_nothing_twice(&house, &what);
    })
    .await;
}

/// Presses the button until the connection shows, as a person would who is told "not yet".
async fn come_back(house: &mut House, id: OnboardingId) {
    for _ in 0..3 {
        // Refused while a look is under way by itself, which is as good.
        drop(house.engine.order(id, Command::LookNow, "visitor").await);
        house.settle().await;
        let crm = house.connector(id, "Harbour CRM").await;
        if !house.read(id).await.facts.connection(crm).unwrap().is_open() {
            return;
        }
        house.advance(TimeDelta::seconds(15));
    }
    panic!("the sign-in never shows");
}

#[tokio::test]
async fn a_person_comes_aboard_under_every_answer() {
    each(async |case| {
        let what = format!("{case:?}");
        let mut house = house(case, Catalogue::built_in()).await;
        let key = house.publish(stoppable(attended())).await;
        let id = house.start("acme", &key).await;
        house.settle().await;
        let crm = house.connector(id, "Harbour CRM").await;
        let back = house.sign_in(id, crm, "allow").await;
        assert!(back.starts_with("https://go.example.com/return/"), "{what}: {back}");
        come_back(&mut house, id).await;
        let mail = house.connector(id, "Parcel Mail").await;
        let secret = Credential::ApiKey(Secret::from("canary-api-key"));
        assert!(house.give_credential(id, mail, secret).await, "{what}");
        house.settle().await;
        assert_eq!(house.read(id).await.step(), StepKind::Map, "{what}");
        let asked = house.read(id).await.requirements();
        let given: Vec<_> = asked.iter().map(|one| one.object.clone()).collect();
        for object in
            given.iter().filter(|object| !["pipeline", "sender"].contains(&object.as_str()))
        {
            let answers =
                [("pipeline", "Partners"), ("sender", "ada@acme.example"), (object, "Friends")];
            house.answer(id, &answers).await;
        }
        let done = house.settle_in_time(id).await;
        assert_eq!(done.status, Status::Live, "{what}");
        let cycles = house.cycles();
        assert_eq!((cycles.len(), &cycles[0]["Status"]), (1, &json!("Active")), "{what}");
        assert_eq!(cycles[0]["steps"][0]["parameters"][0]["Value"], "Partners", "{what}");
        let fields = cycles[0]["steps"][1]["fields"].as_array().unwrap().iter();
        let values: Vec<_> = fields.map(|field| field["Value"].clone()).collect();
        assert_eq!(values, ["acme", "ada@acme.example", "via-gangway"], "{what}");
        assert_nothing_twice(&house, &what);
    })
    .await;
}

#[tokio::test]
async fn a_cycle_that_is_active_from_the_beginning_and_may_not_be_stopped_is_a_clear_problem() {
    let mut house = house(("installed_status", "active"), ledger_world()).await;
    let key = house.publish(ledger_blueprint()).await;
    let id = house.start("acme", &key).await;
    let stuck = house.settle_in_time(id).await;
    assert_eq!(stuck.status.problem().unwrap().code, ProblemCode::CycleRunning);
    assert_eq!(house.cycles().len(), 1);
}

/// Starts an onboarding; while this call of it is on its way, somebody acts at Cyclr.
async fn start_disturbed(
    house: &mut House,
    (method, path): (&str, &str),
    act: impl AsyncFn(&House, &Value),
) -> OnboardingId {
    let key = house.publish(ledger_blueprint()).await;
    let (engine, mut worker) = house.patient_process();
    house.engine = engine;
    house.sandbox.inject(Fault::once(method, path, FaultKind::HoldBefore));
    let id = house.start("acme", &key).await;
    let mut working = JoinSet::new();
    working.spawn(async move { worker.tick().await.map(drop).unwrap() });
    house.sandbox.wait_until_held().await;
    act(house, &house.sandbox.world()["accounts"][0]).await;
    house.sandbox.clear_faults();
    working.join_next().await.unwrap().unwrap();
    house.restart();
    id
}

#[tokio::test]
async fn an_account_that_vanishes_is_told_as_that_whatever_calls_in_it_answer() {
    for case in all().into_iter().filter(|(name, _)| *name == "foreign_account") {
        let mut house = house(case, ledger_world()).await;
        let id =
            start_disturbed(&mut house, ("POST", "/v1.0/templates/*/install"), async |house, _| {
                house.by_hand("DELETE", "/v1.0/accounts/acme", "", &json!({})).await;
            })
            .await;
        let stuck = house.settle_in_time(id).await;
        let code = stuck.status.problem().unwrap().code;
        assert_eq!(code, ProblemCode::AccountMissing, "{case:?}");
        let nothing = Vec::<Value>::new();
        assert_eq!(house.accounts(), nothing, "{case:?}: not made again behind everyone's back");
    }
}

#[tokio::test]
async fn a_cycle_that_somebody_else_has_activated_is_live_whatever_a_second_order_answers() {
    for case in all().into_iter().filter(|(name, _)| *name == "activate_active") {
        let mut house = house(case, ledger_world()).await;
        let id = start_disturbed(&mut house, ACTIVATE, async |house, account| {
            let path =
                format!("/v1.0/cycles/{}/activate", account["cycles"][0]["Id"].as_str().unwrap());
            house.by_hand("PUT", &path, "acme", &json!({ "Interval": 60 })).await;
        })
        .await;
        assert_eq!(house.settle_in_time(id).await.status, Status::Live, "{case:?}");
        let cycles = house.cycles();
        assert_eq!((cycles.len(), &cycles[0]["Status"]), (1, &json!("Active")), "{case:?}");
    }
}

#[tokio::test]
async fn a_connector_lost_before_the_activation_is_seen_whatever_that_answers() {
    for case in all().into_iter().filter(|(name, _)| *name == "activate_not_ready") {
        let mut house = house(case, ledger_world()).await;
        let id = start_disturbed(&mut house, ACTIVATE, async |house, account| {
            let connector = &account["connectors"][0]["Id"];
            let path = format!("/v1.0/account/connectors/{connector}/deauthenticate");
            house.by_hand("PUT", &path, "acme", &json!({})).await;
        })
        .await;
        let done = house.settle_in_time(id).await;
        assert_eq!(done.status, Status::Live, "{case:?}: {:?}", done.status);
        assert_one_of_each(&house, &format!("{case:?}"));
    }
}

#[tokio::test]
async fn a_single_run_happens_once_whatever_status_it_leaves() {
    for case in all().into_iter().filter(|(name, _)| *name == "run_once_status") {
        let mut house = house(case, ledger_world()).await;
        let mut blueprint = ledger_blueprint();
        blueprint["templates"][0]["schedule"] = json!({ "run_once": true });
        let key = house.publish(blueprint).await;
        let id = house.start("acme", &key).await;
        let done = house.settle_in_time(id).await;
        assert_eq!(done.status, Status::Live, "{case:?}");
        assert_eq!(house.cycles()[0]["runs"], 1, "{case:?}");
        assert_nothing_twice(&house, &format!("{case:?}"));
    }
}

#[tokio::test]
async fn an_account_of_somebody_else_is_left_alone_whatever_a_second_create_answers() {
    let question = Variants::questions().iter().find(|one| one.name == "second_create").unwrap();
    for (word, _) in question.answers {
        let mut house = house(("second_create", word), ledger_world()).await;
        let key = house.publish(stoppable(ledger_blueprint())).await;
        house.make_account("acme", "Somebody else").await;
        let id = house.start("acme", &key).await;
        let stuck = house.settle_in_time(id).await;
        let code = stuck.status.problem().unwrap().code;
        assert_eq!(code, ProblemCode::AccountTaken, "{word}");
        for account in house.accounts() {
            assert_eq!(account["cycles"], json!([]), "{word}: nothing was installed anywhere");
        }
    }
}

#[tokio::test]
async fn a_time_zone_that_cyclr_refuses_is_told_and_leaves_nothing_behind() {
    let mut house = house(("unknown_timezone", "refused"), ledger_world()).await;
    let key = house.publish(stoppable(ledger_blueprint())).await;
    let published = house.store.find_blueprint(&key, None).await.unwrap().unwrap();
    let mut profile = crate::house::profile("acme");
    profile.timezone = Some("Middle Earth".to_owned());
    let request = gangway::engine::StartRequest {
        tenant: gangway::ids::TenantId::parse("acme").unwrap(),
        profile,
        blueprint_id: published.id,
        blueprint: published.blueprint,
        idempotency: None,
        actor: "test".to_owned(),
    };
    let render: gangway::store::Render = std::sync::Arc::new(|_, _| (201, String::new()));
    let id = house.engine.start(request, render).await.unwrap().shows.unwrap().onboarding;
    let stuck = house.settle_in_time(id).await;
    let problem = stuck.status.problem().unwrap();
    assert_eq!(problem.code, ProblemCode::CyclrRejected);
    assert!(problem.detail.as_deref().unwrap().contains("Middle Earth"), "{problem:?}");
    assert_eq!(house.accounts(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_doubted_install_is_found_behind_other_cycles_however_lists_are_cut() {
    let lists = ["default_page_size", "largest_page", "total_pages_header"];
    for case in all().into_iter().filter(|(name, _)| lists.contains(name)) {
        let what = format!("{case:?}");
        let mut house = house(case, ledger_world()).await;
        let key = house.publish(stoppable(ledger_blueprint())).await;
        house.make_account("acme-own", "Acme").await;
        let install = format!("/v1.0/templates/{}/install", crate::crashes::TEMPLATE);
        for _ in 0..25 {
            let cycle = house.by_hand("POST", &install, "acme-own", &json!({})).await;
            let path = format!("/v1.0/cycles/{}", cycle["Id"].as_str().unwrap());
            house.by_hand("DELETE", &path, "acme-own", &json!({})).await;
        }
        let lost = Fault::once("POST", "/v1.0/templates/*/install", FaultKind::LoseAnswer);
        house.sandbox.inject(lost);
        let id = house.start_in("acme", &key, Some("acme-own")).await;
        let done = house.settle_in_time(id).await;
        assert_eq!(done.status, Status::Live, "{what}");
        assert_one_of_each(&house, &what);
    }
}
