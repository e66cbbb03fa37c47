//! What Cyclr may do to a call, at every call that changes something.

use futures_util::future::join_all;
use gangway::onboarding::{Command, ProblemCode, Status};
use gangway::sandbox::{Fault, FaultKind};

use crate::crashes::{assert_one_of_each, ledger_blueprint, ledger_world};
use crate::house::House;

const ACTS: [(&str, &str); 5] = [
    ("POST", "/v1.0/accounts"),
    ("POST", "/v1.0/templates/*/install"),
    ("PUT", "/v1.0/account/connectors/*"),
    ("PUT", "/v1.0/steps/*"),
    ("PUT", "/v1.0/cycles/*/activate"),
];

fn passing() -> Vec<FaultKind> {
    let refuse = |status, retry_after: Option<&str>| FaultKind::Refuse {
        status,
        message: "not now".to_owned(),
        retry_after: retry_after.map(str::to_owned),
    };
    vec![
        refuse(429, None),
        refuse(429, Some("7")),
        refuse(429, Some("junk")),
        refuse(503, None),
        refuse(500, None),
        FaultKind::DropBefore,
        FaultKind::LoseAnswer,
        FaultKind::Html { status: 200 },
        FaultKind::Truncated,
        FaultKind::Huge,
        FaultKind::Drip,
        FaultKind::CommitLate { seconds: 30.0 },
        FaultKind::StallAfter { seconds: 3.0 },
        FaultKind::TokenRevoked,
    ]
}

#[tokio::test]
async fn every_passing_fault_at_every_act_ends_with_one_of_each() {
    for (method, path) in ACTS {
        // Each fault in a house of its own, all of them side by side.
        join_all(passing().into_iter().map(|kind| strike_once(method, path, kind))).await;
    }
}

async fn strike_once(method: &'static str, path: &'static str, kind: FaultKind) {
    let what = format!("{method} {path} {kind:?}");
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(ledger_blueprint()).await;
    house.sandbox.inject(Fault::once(method, path, kind));
    let id = house.start("acme", &key).await;
    let done = house.settle_in_time(id).await;
    assert_eq!(done.status, Status::Live, "{what}");
    assert_one_of_each(&house, &what);
}

#[tokio::test]
async fn a_lasting_refusal_is_stuck_with_a_reason_and_can_be_retried() {
    let cases = [
        ("POST", "/v1.0/accounts", 400, ProblemCode::CyclrRejected),
        ("POST", "/v1.0/templates/*/install", 404, ProblemCode::TemplateMissing),
        ("GET", "/v1.0/account/connectors/*", 404, ProblemCode::ConnectorMissing),
        ("PUT", "/v1.0/steps/*", 409, ProblemCode::CycleRunning),
        ("GET", "/v1.0/cycles/*/steps", 404, ProblemCode::CycleMissing),
        ("PUT", "/v1.0/cycles/*/activate", 400, ProblemCode::ActivationRefused),
        ("POST", "/v1.0/accounts", 401, ProblemCode::CyclrRefusedCredentials),
    ];
    for (method, path, status, code) in cases {
        let what = format!("{method} {path} {status}");
        let mut house = House::open_with(ledger_world()).await;
        let key = house.publish(ledger_blueprint()).await;
        let message = "because \u{1b}[31m".to_owned();
        let refusal = FaultKind::Refuse { status, message, retry_after: None };
        let refusal = Fault::once(method, path, refusal);
        house.sandbox.inject(Fault { times: 10, ..refusal });
        let id = house.start("acme", &key).await;
        let stuck = house.settle_in_time(id).await;
        let Status::Stuck { problem } = &stuck.status else { panic!("{what}: {:?}", stuck.status) };
        assert_eq!(problem.code, code, "{what}");
        assert!(!problem.detail.as_deref().unwrap_or("").contains('\u{1b}'), "{what}");

        house.sandbox.clear_faults();
        house.engine.order(id, Command::Retry { reason: None }, "key:support").await.unwrap();
        let done = house.settle_in_time(id).await;
        assert_eq!(done.status, Status::Live, "{what}");
        assert_one_of_each(&house, &what);
    }
}

#[tokio::test]
async fn a_foreign_account_is_never_adopted() {
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(ledger_blueprint()).await;
    house.make_account("acme", "Somebody else").await;
    let id = house.start("acme", &key).await;
    let stuck = house.settle_in_time(id).await;
    assert_eq!(stuck.status.problem().unwrap().code, ProblemCode::AccountTaken);
    assert_eq!(house.cycles().len(), 0, "nothing was installed in it");
}
