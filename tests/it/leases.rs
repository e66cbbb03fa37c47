//! Who may write: one worker at a time, never a late one, and people always.

use std::time::Duration;

use chrono::TimeDelta;
use gangway::onboarding::{Command, Outcome, Problem, ProblemCode, Status};
use gangway::store::{Change, Kept, Leased};

use crate::house::{House, LEASE, unattended};

const FOR_A_MINUTE: Duration = Duration::from_mins(1);

fn change(house: &House, leased: Leased) -> Change {
    let outcome = Outcome::Stuck(Problem::new(ProblemCode::InternalFault));
    let now = house.clock.now();
    let transition = leased.onboarding().apply(outcome, &leased.blueprint().limits, now);
    Change::of(leased, transition, Vec::new(), now)
}

/// A house with one onboarding that no worker has.
async fn one_due() -> (House, gangway::ids::OnboardingId) {
    let mut house = House::open().await;
    let key = house.publish(unattended()).await;
    let id = house.start("acme", &key).await;
    // The start's own lease went to a worker that died with it.
    house.restart();
    house.advance(LEASE + TimeDelta::seconds(1));
    (house, id)
}

#[tokio::test]
async fn a_lease_is_exclusive_until_it_ends_and_takeovers_are_counted() {
    let (house, id) = one_due().await;
    let first = house.store.claim(10, FOR_A_MINUTE).await.unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].onboarding().id, id);
    assert!(first[0].is_takeover(), "the start's worker never gave a result");
    assert!(house.store.claim(10, FOR_A_MINUTE).await.unwrap().is_empty());

    house.advance(LEASE + TimeDelta::seconds(1));
    let second = house.store.claim(10, FOR_A_MINUTE).await.unwrap();
    assert_eq!(second[0].claims(), 3);
}

#[tokio::test]
async fn a_late_worker_cannot_write() {
    let (house, id) = one_due().await;
    let late = house.store.claim(1, FOR_A_MINUTE).await.unwrap().remove(0);
    house.advance(LEASE + TimeDelta::seconds(1));
    let present = house.store.claim(1, FOR_A_MINUTE).await.unwrap().remove(0);

    let late = change(&house, late);
    let fates = house.store.commit_all(vec![late], FOR_A_MINUTE).await.unwrap();
    assert!(matches!(fates[..], [Kept::Refused]));
    assert_eq!(house.read(id).await.status, Status::Running, "nothing was written");

    let present = change(&house, present);
    let fates = house.store.commit_all(vec![present], FOR_A_MINUTE).await.unwrap();
    assert!(matches!(fates[..], [Kept::Rests { .. }]));
    assert!(matches!(house.read(id).await.status, Status::Stuck { .. }));
}

#[tokio::test]
async fn a_person_wins_over_a_worker() {
    let (house, id) = one_due().await;
    let leased = house.store.claim(1, FOR_A_MINUTE).await.unwrap().remove(0);
    let cancel = Command::Cancel { reason: "asked to".to_owned() };
    house.engine.order(id, cancel, "key:support").await.unwrap();

    let late = change(&house, leased);
    let fates = house.store.commit_all(vec![late], FOR_A_MINUTE).await.unwrap();
    assert!(matches!(fates[..], [Kept::Refused]));
    assert_eq!(house.read(id).await.status, Status::Cancelled);
}

#[tokio::test]
async fn in_one_statement_each_row_learns_its_own_fate() {
    let house = House::open().await;
    let key = house.publish(unattended()).await;
    for tenant in ["a", "b", "c"] {
        house.start(tenant, &key).await;
    }
    house.advance(LEASE + TimeDelta::seconds(1));
    let mut leased = house.store.claim(10, FOR_A_MINUTE).await.unwrap();
    assert_eq!(leased.len(), 3);
    leased.sort_by_key(|leased| leased.onboarding().id);
    let cancelled = leased[1].onboarding().id;
    let cancel = Command::Cancel { reason: "asked to".to_owned() };
    house.engine.order(cancelled, cancel, "key:support").await.unwrap();

    let mut changes = Vec::new();
    for leased in leased {
        changes.push(change(&house, leased));
    }
    let fates = house.store.commit_all(changes, FOR_A_MINUTE).await.unwrap();
    assert!(matches!(fates[..], [Kept::Rests { .. }, Kept::Refused, Kept::Rests { .. }]));
}

#[tokio::test]
async fn of_one_tenant_one_onboarding_is_taken_at_a_time() {
    let house = House::open().await;
    let first = house.publish(unattended()).await;
    let mut other = unattended();
    other["key"] = "other".into();
    let second = house.publish(other).await;
    house.start("acme", &first).await;
    house.start("acme", &second).await;
    house.start("bravo", &first).await;
    house.advance(LEASE + TimeDelta::seconds(1));
    let taken = house.store.claim(10, FOR_A_MINUTE).await.unwrap();
    let tenants: Vec<_> = taken.iter().map(|l| l.onboarding().tenant.to_string()).collect();
    assert_eq!(taken.len(), 2, "{tenants:?}");
    assert!(house.store.claim(10, FOR_A_MINUTE).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_onboarding_whose_workers_keep_dying_is_parked() {
    let (mut house, id) = one_due().await;
    for _ in 0..5 {
        assert_eq!(house.store.claim(1, FOR_A_MINUTE).await.unwrap().len(), 1);
        house.advance(LEASE + TimeDelta::seconds(1));
    }
    house.settle().await;
    let parked = house.read(id).await;
    assert_eq!(parked.status.problem().unwrap().code, ProblemCode::Poison);
    assert_eq!(house.heard(), [""; 0], "it is parked without being tried again");
}

#[tokio::test]
async fn two_results_of_one_row_in_one_statement_are_told_apart_by_their_lease() {
    let (house, id) = one_due().await;
    let late = house.store.claim(1, FOR_A_MINUTE).await.unwrap().remove(0);
    house.advance(LEASE + TimeDelta::seconds(1));
    let present = house.store.claim(1, FOR_A_MINUTE).await.unwrap().remove(0);
    let changes = vec![change(&house, late), change(&house, present)];
    let fates = house.store.commit_all(changes, FOR_A_MINUTE).await.unwrap();
    assert!(matches!(fates[..], [Kept::Refused, Kept::Rests { .. }]));
    assert!(matches!(house.read(id).await.status, Status::Stuck { .. }));
}

#[tokio::test]
async fn a_rotated_link_leaves_the_worker_alone() {
    let (house, id) = one_due().await;
    let leased = house.store.claim(1, FOR_A_MINUTE).await.unwrap().remove(0);
    let rotate = Command::RotateLink { expires_at: house.clock.now() };
    house.engine.order(id, rotate, "key:backend").await.unwrap();

    let result = change(&house, leased);
    let fates = house.store.commit_all(vec![result], FOR_A_MINUTE).await.unwrap();
    assert!(matches!(fates[..], [Kept::Rests { .. }]));
    let now = house.read(id).await;
    assert!(matches!(now.status, Status::Stuck { .. }));
    assert_eq!(now.link.generation, 2, "and the link stays rotated");
    let versions: Vec<_> =
        house.store.list_journal(id).await.unwrap().iter().map(|line| line.version).collect();
    assert_eq!(versions, [1, 2, 3]);
}

#[tokio::test]
async fn after_an_order_nobody_works_until_the_old_lease_is_over() {
    let mut house = House::open().await;
    let key = house.publish(unattended()).await;
    let id = house.start("acme", &key).await;
    house.restart();
    house.advance(LEASE + TimeDelta::seconds(1));
    // A worker takes it, fails to reach Cyclr, plans a retry, is due again and begins.
    let leased = house.store.claim(1, FOR_A_MINUTE).await.unwrap().remove(0);
    let retry = Outcome::Retry {
        after: TimeDelta::zero(),
        problem: Problem::new(ProblemCode::CyclrUnreachable),
        doubt: false,
    };
    let now = house.clock.now();
    let transition = leased.onboarding().apply(retry, &leased.blueprint().limits, now);
    let put_off = Change::of(leased, transition, Vec::new(), now);
    house.store.commit_all(vec![put_off], FOR_A_MINUTE).await.unwrap();
    assert_eq!(house.store.claim(1, FOR_A_MINUTE).await.unwrap().len(), 1);

    house.engine.order(id, Command::Retry { reason: None }, "key:support").await.unwrap();
    assert!(
        house.store.claim(1, FOR_A_MINUTE).await.unwrap().is_empty(),
        "the worker may be in the middle of a call"
    );
    house.advance(LEASE + TimeDelta::seconds(1));
    let next = house.store.claim(1, FOR_A_MINUTE).await.unwrap();
    assert!(next[0].is_takeover(), "and whoever comes next has to look");
}
