//! A lost sign-in, or one that is to be made again: the same onboarding, the same ids, another link.

use gangway::onboarding::{Command, RequirementCode, Status, StepKind};
use gangway::sandbox::Fault;
use serde_json::{Value, json};

use super::cycle_of;
use crate::house::House;

async fn give_up_at_cyclr(house: &House, connector: impl std::fmt::Display) {
    let path = format!("/v1.0/account/connectors/{connector}/deauthenticate");
    house.by_hand("PUT", &path, "acme", &json!({})).await;
}

fn status(house: &House) -> Value {
    house.cycles()[0]["Status"].clone()
}

#[tokio::test]
async fn a_lost_sign_in_reopens_the_same_onboarding_and_what_stopped_is_started_again() {
    let mut house = House::open().await;
    let id = house.live_attended("acme").await;
    let before = house.read(id).await;
    let crm = house.connector(id, "Harbour CRM").await;
    give_up_at_cyclr(&house, crm).await;
    assert_eq!(status(&house), "Paused", "Cyclr stops what uses it");

    let open = house.look(id).await;
    assert_eq!((open.step(), open.status.name()), (StepKind::Connect, "waiting"));
    let wanted = open.requirements();
    assert_eq!(wanted.len(), 1);
    assert_eq!(wanted[0].code, RequirementCode::ReauthorizationRequired);
    assert_eq!(wanted[0].object, crm.to_string());
    assert_eq!(open.link.generation, before.link.generation + 1, "there is a new link");
    assert!(open.link.expires_at >= open.status.deadline().unwrap(), "as long as they have time");
    assert_eq!(open.abandonment().unwrap().name(), "opened_not_started");
    let kinds: Vec<String> =
        sqlx::query_scalar("SELECT kind FROM outbox ORDER BY version DESC LIMIT 2")
            .fetch_all(&house.pool().await)
            .await
            .unwrap();
    assert!(kinds.contains(&"connection.failed".to_owned()), "{kinds:?}");
    assert!(kinds.contains(&"onboarding.waiting".to_owned()), "{kinds:?}");

    house.sign_in(id, crm, "allow").await;
    house.order(id, Command::LookNow).await;
    let after = house.settle_in_time(id).await;
    assert_eq!(after.status, Status::Live);
    let who = |o: &gangway::onboarding::Onboarding| {
        (o.id, o.reference.clone(), cycle_of(o), o.facts.account.clone())
    };
    assert_eq!(who(&after), who(&before), "every id is what it was");
    assert_eq!(status(&house), "Active", "it is started again");
    assert_eq!(house.cycles().len(), 1);
}

#[tokio::test]
async fn a_sign_in_is_made_again_by_order_and_nothing_but_that_connection_is_asked_for() {
    let mut house = House::open().await;
    let id = house.live_attended("acme").await;
    let crm = house.connector(id, "Harbour CRM").await;
    house.sandbox.forget_calls();
    let order = |connector| Command::Reauthorize {
        connector,
        reason: "They have another account now.".to_owned(),
        link_expires_at: house.clock.now() + chrono::TimeDelta::days(7),
    };
    let order = order(Some(crm));
    let open = house.order(id, order.clone()).await;
    assert_eq!((open.step(), open.status.name()), (StepKind::Connect, "waiting"));
    assert_eq!(open.requirements().len(), 1);
    let changed: Vec<_> =
        house.heard().into_iter().filter(|call| !call.starts_with("GET ")).collect();
    assert_eq!(changed, ["PUT /v1.0/account/connectors/…/deauthenticate"]);
    let refused = house.engine.order(id, order, "key:support").await;
    assert!(refused.is_err(), "it is asked for already");

    house.sign_in(id, crm, "allow").await;
    house.order(id, Command::LookNow).await;
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_eq!(status(&house), "Active");
}

#[tokio::test]
async fn a_call_that_gives_up_a_sign_in_may_fail_and_is_made_again() {
    for kind in super::offboard::faults() {
        let what = format!("{kind:?}");
        let mut house = House::open().await;
        let id = house.live_attended("acme").await;
        house.sandbox.inject(Fault::once("PUT", "/v1.0/account/connectors/*/deauthenticate", kind));
        let order = Command::Reauthorize {
            connector: None,
            reason: "All anew.".to_owned(),
            link_expires_at: house.clock.now() + chrono::TimeDelta::days(7),
        };
        house.engine.order(id, order, "key:support").await.unwrap();
        let open = house.settle_in_time(id).await;
        assert_eq!((open.step(), open.status.name()), (StepKind::Connect, "waiting"), "{what}");
        assert_eq!(open.requirements().len(), 2, "{what}");
        house.connect_everything(id).await;
        assert_eq!(house.settle_in_time(id).await.status, Status::Live, "{what}");
        assert_eq!(house.cycles()[0]["Status"], "Active", "{what}");
    }
}

#[tokio::test]
async fn what_runs_a_single_time_is_not_run_again_after_a_new_sign_in() {
    let mut house = House::open().await;
    let mut blueprint = crate::house::attended();
    blueprint["templates"][0]["schedule"] = json!({ "run_once": true });
    let key = house.publish(blueprint).await;
    let id = house.start("acme", &key).await;
    house.settle().await;
    house.connect_everything(id).await;
    house.answer_everything(id).await;
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_eq!(house.cycles()[0]["activations"], 1);

    let crm = house.connector(id, "Harbour CRM").await;
    give_up_at_cyclr(&house, crm).await;
    assert_eq!(house.look(id).await.step(), StepKind::Connect);
    house.sign_in(id, crm, "allow").await;
    house.order(id, Command::LookNow).await;
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_eq!(house.cycles()[0]["activations"], 1, "never twice");
}
