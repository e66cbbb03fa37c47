//! Everything of an onboarding is taken away at Cyclr, whatever dies or fails in between, and nothing of
//! anybody else's.

use chrono::TimeDelta;
use gangway::ids::OnboardingId;
use gangway::onboarding::{Command, Onboarding, Status, StepKind};
use gangway::sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::house::{House, LEASE, attended, unattended};

pub(super) fn faults() -> Vec<FaultKind> {
    let refuse = |status, retry_after: Option<&str>| FaultKind::Refuse {
        status,
        message: "not now".to_owned(),
        retry_after: retry_after.map(str::to_owned),
    };
    vec![
        refuse(429, Some("7")),
        refuse(503, None),
        FaultKind::DropBefore,
        FaultKind::LoseAnswer,
        FaultKind::Html { status: 200 },
        FaultKind::CommitLate { seconds: 2.0 },
        FaultKind::TokenRevoked,
    ]
}

/// Every call of an offboarding that changes something.
const ACTS: [(&str, &str); 4] = [
    ("PUT", "/v1.0/cycles/*/deactivate"),
    ("DELETE", "/v1.0/cycles/*"),
    ("PUT", "/v1.0/account/connectors/*/deauthenticate"),
    ("DELETE", "/v1.0/accounts/*"),
];

fn offboard() -> Command {
    Command::Offboard { reason: "They have left.".to_owned() }
}

fn assert_gone(house: &House, after: &Onboarding, what: &str) {
    assert_eq!((&after.status, after.step()), (&Status::Cancelled, StepKind::Offboard), "{what}");
    assert!(after.facts.offboarding.unwrap().done_at.is_some(), "{what}");
    assert!(house.accounts().is_empty(), "{what}: {:#?}", house.accounts());
    assert!(after.link.expires_at <= house.clock.now(), "{what}: nobody gets in any more");
}

#[tokio::test]
async fn cycles_sign_ins_and_account_go_in_this_order_and_it_is_told() {
    let mut house = House::open().await;
    let id = house.live_attended("acme").await;
    house.sandbox.forget_calls();
    house.engine.order(id, offboard(), "key:support").await.unwrap();
    let after = house.settle_in_time(id).await;
    assert_gone(&house, &after, "offboard");
    let changing: Vec<_> =
        house.heard().into_iter().filter(|call| !call.starts_with("GET ")).collect();
    assert_eq!(
        changing,
        [
            "PUT /v1.0/cycles/…/deactivate",
            "DELETE /v1.0/cycles/…",
            "PUT /v1.0/account/connectors/…/deauthenticate",
            "PUT /v1.0/account/connectors/…/deauthenticate",
            "DELETE /v1.0/accounts/acme",
        ]
    );
    let told: Vec<String> =
        sqlx::query_scalar("SELECT kind FROM outbox ORDER BY version DESC LIMIT 3")
            .fetch_all(&house.pool().await)
            .await
            .unwrap();
    assert!(told.contains(&"onboarding.offboarded".to_owned()), "{told:?}");
    for order in [offboard(), Command::Retry { reason: None }, Command::Check { reason: None }] {
        assert!(house.engine.order(id, order, "key:support").await.is_err());
    }
    // The tenant can begin anew.
    let key = house.publish(attended()).await;
    let again = house.start("acme", &key).await;
    assert_ne!(again, id);
    house.settle().await;
    assert_eq!(house.read(again).await.step(), StepKind::Connect);
}

#[tokio::test]
async fn every_call_may_fail_in_every_way() {
    for (method, path) in ACTS {
        for kind in faults() {
            let what = format!("{method} {path} {kind:?}");
            let mut house = House::open().await;
            let id = house.live_attended("acme").await;
            house.sandbox.inject(Fault::once(method, path, kind));
            house.engine.order(id, offboard(), "key:support").await.unwrap();
            let after = house.settle_in_time(id).await;
            assert_gone(&house, &after, &what);
        }
    }
}

#[tokio::test]
async fn the_process_dies_before_and_after_every_call() {
    for (method, path) in ACTS {
        for kind in [FaultKind::HoldBefore, FaultKind::HoldAfter] {
            let what = format!("{method} {path} {kind:?}");
            let mut house = House::open().await;
            let id = house.live_attended("acme").await;
            house.sandbox.inject(Fault::once(method, path, kind));
            house.engine.order(id, offboard(), "key:support").await.unwrap();
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
            house.advance(LEASE + TimeDelta::seconds(1));
            let after = house.settle_in_time(id).await;
            assert_gone(&house, &after, &what);
        }
    }
}

/// From wherever it stands, also while a worker is in the middle of making something.
#[tokio::test]
async fn it_can_be_ordered_at_every_step() {
    for (method, path) in [
        ("POST", "/v1.0/accounts"),
        ("POST", "/v1.0/templates/*/install"),
        ("GET", "/v1.0/cycles/*/steps"),
        ("PUT", "/v1.0/cycles/*/activate"),
    ] {
        let what = format!("{method} {path}");
        let mut house = House::open().await;
        let key = house.publish(unattended()).await;
        house.sandbox.inject(Fault::once(method, path, FaultKind::HoldAfter));
        let id = house.start("acme", &key).await;
        let reached = house.sandbox.wait_until_held();
        {
            let working = house.worker.tick();
            tokio::pin!(working);
            tokio::select! {
                _ = &mut working => panic!("{what}: not held"),
                () = reached => {}
            }
            house.engine.order(id, offboard(), "key:support").await.unwrap();
            house.sandbox.clear_faults();
            working.await.unwrap();
        }
        house.advance(LEASE + TimeDelta::seconds(1));
        let after = house.settle_in_time(id).await;
        assert_gone(&house, &after, &what);
    }
}

#[tokio::test]
async fn what_another_onboarding_of_the_tenant_uses_stays() {
    let mut house = House::open().await;
    let id = house.live_attended("acme").await;
    let mut other = attended();
    other["key"] = json!("second");
    let key = house.publish(other).await;
    let second = house.start("acme", &key).await;
    house.settle().await;
    house.answer_everything(second).await;
    assert_eq!(house.settle_in_time(second).await.status, Status::Live);
    assert_eq!(house.cycles().len(), 2);

    house.engine.order(id, offboard(), "key:support").await.unwrap();
    house.settle_in_time(id).await;
    assert_eq!(house.read(id).await.status, Status::Cancelled);
    let left = house.cycles();
    assert_eq!(left.len(), 1, "the other's cycle");
    assert_eq!(left[0]["Status"], "Active", "and its sign-ins");
    let second = house.check(second).await;
    assert_eq!((second.status.clone(), super::problem(&second)), (Status::Live, None));

    house.engine.order(second.id, offboard(), "key:support").await.unwrap();
    let after = house.settle_in_time(second.id).await;
    assert_gone(&house, &after, "the last one takes the account along");
}

#[tokio::test]
async fn an_account_that_somebody_else_made_is_never_deleted() {
    let mut house = House::open().await;
    house.make_account("theirs", "Acme").await;
    let key = house.publish(unattended()).await;
    let id = house.start_in("acme", &key, Some("theirs")).await;
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    house.engine.order(id, offboard(), "key:support").await.unwrap();
    assert_eq!(house.settle_in_time(id).await.status, Status::Cancelled);
    assert_eq!(house.accounts().len(), 1);
    assert_eq!(house.cycles(), Vec::<Value>::new());
    is_never_touched(&house, id).await;
}

/// In an account of the integrator's, what was connected before Gangway asked for it serves somebody else.
#[tokio::test]
async fn sign_ins_that_were_there_before_stay_in_an_account_that_somebody_else_made() {
    let mut house = House::open().await;
    house.make_account("theirs", "Acme").await;
    let key = house.publish(attended()).await;
    let first = house.start_in("acme", &key, Some("theirs")).await;
    house.settle().await;
    house.connect_everything(first).await;
    house.order(first, Command::Cancel { reason: "Not now.".to_owned() }).await;
    let id = house.start_in("acme", &key, Some("theirs")).await;
    house.settle().await;
    house.answer_everything(id).await;
    let live = house.settle_in_time(id).await;
    assert_eq!(live.status, Status::Live);
    assert!(live.facts.connections.iter().all(|known| known.found_connected));
    house.sandbox.forget_calls();
    house.engine.order(id, offboard(), "key:support").await.unwrap();
    assert_eq!(house.settle_in_time(id).await.status, Status::Cancelled);
    let heard = house.heard();
    assert!(!heard.iter().any(|call| call.ends_with("/deauthenticate")), "{heard:?}");
    assert!(heard.iter().any(|call| call.starts_with("DELETE /v1.0/cycles/")), "{heard:?}");
}

async fn is_never_touched(house: &House, id: OnboardingId) {
    let facts = house.read(id).await.facts;
    assert_eq!(facts.account.unwrap().origin, gangway::onboarding::Origin::Named);
    let deleted = house.heard().into_iter().any(|call| call.starts_with("DELETE /v1.0/accounts"));
    assert!(!deleted);
}
