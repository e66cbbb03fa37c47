//! Who learns that something is due, and how. Each way is tried with the others out of reach.

use std::time::{Duration, Instant};

use gangway::ids::OnboardingId;
use gangway::onboarding::Status;
use gangway::store::Store;
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::house::{House, unattended};

/// Nobody polls within a test.
const NEVER: Duration = Duration::from_hours(1);
const PATIENCE: Duration = Duration::from_secs(30);

async fn until_live(store: &Store, id: OnboardingId) {
    let begun = Instant::now();
    while store.find(id).await.unwrap().unwrap().status != Status::Live {
        assert!(begun.elapsed() < PATIENCE, "nobody woke up");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn until_someone_listens(pool: &PgPool) {
    let begun = Instant::now();
    let listening = "SELECT EXISTS (SELECT FROM pg_stat_activity
                     WHERE datname = current_database() AND query ILIKE 'LISTEN%')";
    while !sqlx::query_scalar::<_, bool>(listening).fetch_one(pool).await.unwrap() {
        assert!(begun.elapsed() < PATIENCE, "nobody listens");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_process_that_starts_it_drives_it_at_once() {
    let mut house = House::open().await;
    let key = house.publish(unattended()).await;
    let (engine, worker) = house.another_process(NEVER);
    let stop = CancellationToken::new();
    let working = JoinSet::from_iter([worker.run(stop.clone(), PATIENCE)]);
    house.engine = engine;
    until_someone_listens(&house.pool().await).await;
    let id = house.start("acme", &key).await;
    until_live(&house.store, id).await;
    stop.cancel();
    working.join_all().await;
}

#[tokio::test]
async fn another_process_is_told_by_notify() {
    let mut house = House::open().await;
    let key = house.publish(unattended()).await;
    let (_, worker) = house.another_process(NEVER);
    let stop = CancellationToken::new();
    let working = JoinSet::from_iter([worker.run(stop.clone(), PATIENCE)]);
    until_someone_listens(&house.pool().await).await;
    // A process without a worker starts it: nobody here will drive it.
    house.retire_worker();
    let id = house.start("acme", &key).await;
    until_live(&house.store, id).await;
    stop.cancel();
    working.join_all().await;
}

#[tokio::test]
async fn a_lost_message_costs_one_poll() {
    let house = House::open().await;
    let key = house.publish(unattended()).await;
    let id = house.start("acme", &key).await;
    // Its worker never runs; the lease ends, and nobody says a word.
    house.advance(crate::house::LEASE + chrono::TimeDelta::seconds(1));
    let (_, worker) = house.another_process(Duration::from_millis(50));
    let stop = CancellationToken::new();
    let working = JoinSet::from_iter([worker.run(stop.clone(), PATIENCE)]);
    until_live(&house.store, id).await;
    stop.cancel();
    working.join_all().await;
}
