//! Every step, at every point where a process can die, under every fault that the next one then meets.
//! Judged by what Cyclr holds: one account, one active cycle, the right values.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::future::join_all;
use gangway::onboarding::{Status, StepKind};
use gangway::sandbox::{Fault, FaultKind};
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::crashes::{act, assert_one_of_each, ledger_blueprint, ledger_world};
use crate::house::{House, LEASE};

/// Where the first process stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// The request has left us; Cyclr has not acted on it and never will.
    BeforeTheCall,
    /// Cyclr has acted; the answer never reaches us.
    AfterTheCall,
    /// The answer was read; nothing of it was kept.
    AfterTheReply,
    /// The result is kept; the next call has just left us.
    AfterTheCommit,
    /// The process does not die: it is frozen with its call under way and wakes up when another one
    /// has long finished. Only then does Cyclr act on the call.
    FrozenPastTheLease,
}

const POINTS: [Point; 5] = [
    Point::BeforeTheCall,
    Point::AfterTheCall,
    Point::AfterTheReply,
    Point::AfterTheCommit,
    Point::FrozenPastTheLease,
];

/// What the next process meets, at its first call and at its first repetition of the act.
fn upstream_faults() -> Vec<FaultKind> {
    let refuse = |status, retry_after: Option<&str>| FaultKind::Refuse {
        status,
        message: "not now".to_owned(),
        retry_after: retry_after.map(str::to_owned),
    };
    vec![
        refuse(429, None),
        refuse(429, Some("7")),
        refuse(503, None),
        refuse(500, None),
        FaultKind::DropBefore,
        FaultKind::LoseAnswer,
        FaultKind::Html { status: 200 },
        FaultKind::Truncated,
        FaultKind::Huge,
        FaultKind::Drip,
        FaultKind::CommitLate { seconds: 2.0 },
        FaultKind::CommitLate { seconds: 30.0 },
        FaultKind::TokenRevoked,
    ]
}

/// One step at every point, the faults side by side.
async fn try_all(step: StepKind) {
    let Some(act) = act(step) else { panic!("{} changes nothing at Cyclr", step.name()) };
    for point in POINTS {
        join_all(upstream_faults().into_iter().map(|fault| {
            let what = format!("{} {point:?} {fault:?}", step.name());
            Box::pin(die_and_meet(act, point, fault, what))
        }))
        .await;
    }
}

#[tokio::test]
async fn creating_the_account_dies_everywhere_and_meets_everything() {
    try_all(StepKind::CreateAccount).await;
}

#[tokio::test]
async fn installing_dies_everywhere_and_meets_everything() {
    try_all(StepKind::Install).await;
}

#[tokio::test]
async fn connecting_dies_everywhere_and_meets_everything() {
    try_all(StepKind::Connect).await;
}

#[tokio::test]
async fn mapping_dies_everywhere_and_meets_everything() {
    try_all(StepKind::Map).await;
}

#[tokio::test]
async fn activating_dies_everywhere_and_meets_everything() {
    try_all(StepKind::Activate).await;
}

#[test]
fn no_step_is_left_out() {
    let tried = [
        StepKind::CreateAccount,
        StepKind::Install,
        StepKind::Connect,
        StepKind::Map,
        StepKind::Activate,
    ];
    let acting = StepKind::ALL.into_iter().filter(|step| act(*step).is_some());
    assert_eq!(acting.collect::<Vec<_>>(), tried);
}

async fn die_and_meet(
    act: (&'static str, &'static str),
    point: Point,
    fault: FaultKind,
    what: String,
) {
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(ledger_blueprint()).await;
    let (engine, worker) = house.patient_process();
    house.engine = engine;
    let hold = match point {
        Point::BeforeTheCall | Point::FrozenPastTheLease => FaultKind::HoldBefore,
        Point::AfterTheCall | Point::AfterTheReply | Point::AfterTheCommit => FaultKind::HoldAfter,
    };
    house.sandbox.inject(strike(Some(act.0), act.1, hold));
    let id = house.start("acme", &key).await;
    let mut first = JoinSet::new();
    let mut worker = worker;
    first.spawn(async move { drop(worker.tick().await) });
    house.sandbox.wait_until_held().await;
    match point {
        Point::BeforeTheCall | Point::AfterTheCall | Point::FrozenPastTheLease => {}
        Point::AfterTheReply => stop_before_the_commit(&house, &mut first).await,
        Point::AfterTheCommit => {
            // Whatever call comes next is held; after the last commit there is none.
            house.sandbox.clear_faults();
            house.sandbox.inject(strike(None, "/v1.0/*", FaultKind::HoldBefore));
            tokio::select! {
                _ = first.join_next() => {}
                () = house.sandbox.wait_until_held() => {}
            }
        }
    }
    if point != Point::FrozenPastTheLease {
        first.shutdown().await;
        house.sandbox.clear_faults();
    }
    house.restart();
    house.sandbox.inject(strike(None, "/v1.0/*", fault.clone()));
    house.sandbox.inject(strike(Some(act.0), act.1, fault.clone()));
    house.advance(LEASE + TimeDelta::seconds(1));
    let done = house.settle_in_time(id).await;
    assert_eq!(done.status, Status::Live, "{what}");
    house.sandbox.clear_faults();
    while first.join_next().await.is_some() {}
    let done = house.read(id).await;
    assert_eq!(done.status, Status::Live, "{what}: it stays live");
    // A call that was stuck on its way for longer than anybody waits for it may switch on once more
    // what is on; it changes nothing.
    let was_late =
        point == Point::FrozenPastTheLease || matches!(fault, FaultKind::CommitLate { .. });
    let late_switch = was_late && act.1.ends_with("/activate");
    if late_switch {
        assert_eq!(house.cycles().len(), 1, "{what}");
        assert_eq!(house.cycles()[0]["Status"], "Active", "{what}");
    } else {
        assert_one_of_each(&house, &what);
    }
    let recorded = done.facts.slots[0].cycle.map(|cycle| cycle.to_string());
    assert_eq!(house.cycles()[0]["Id"].as_str(), recorded.as_deref(), "{what}");
}

fn strike(method: Option<&str>, path: &str, kind: FaultKind) -> Fault {
    Fault { method: method.map(str::to_owned), ..Fault::once("", path, kind) }
}

/// Lets the answer through and stops the process while its result waits to be written.
async fn stop_before_the_commit(house: &House, first: &mut JoinSet<()>) {
    let pool = house.pool().await;
    let mut lock = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM onboarding FOR UPDATE").execute(&mut *lock).await.unwrap();
    house.sandbox.clear_faults();
    let writer = until_someone_waits(&pool).await;
    first.shutdown().await;
    sqlx::query("SELECT pg_terminate_backend($1)").bind(writer).execute(&pool).await.unwrap();
    lock.rollback().await.unwrap();
}

/// The session that waits for a lock in this database.
async fn until_someone_waits(pool: &PgPool) -> i32 {
    let begun = Instant::now();
    let waiting = "SELECT pid FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    loop {
        if let Some(pid) = sqlx::query_scalar(waiting).fetch_optional(pool).await.unwrap() {
            return pid;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody writes");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
