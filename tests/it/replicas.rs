//! Three processes race for the same rows: none is lost, and nothing is made twice.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::future::join_all;
use gangway::ids::BlueprintKey;
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::house::{House, unattended};

const PATIENCE: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_take_each_tenant_once() {
    let mut house = House::open().await;
    let key = house.publish(unattended()).await;
    let starts: Vec<_> = (0..1000).map(|n| (format!("tenant-{n}"), key.clone())).collect();
    race(&mut house, &starts).await;
    judge(&house, 1000, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_take_a_tenants_onboardings_one_at_a_time() {
    let mut house = House::open().await;
    let mut keys = Vec::new();
    for number in 0..4 {
        let mut blueprint = unattended();
        blueprint["key"] = format!("heartbeat-{number}").into();
        keys.push(house.publish(blueprint).await);
    }
    let starts: Vec<_> =
        (0..400).map(|n| (format!("tenant-{}", n % 100), keys[n / 100].clone())).collect();
    race(&mut house, &starts).await;
    judge(&house, 100, 4);
}

#[tokio::test]
async fn the_first_two_starts_of_a_tenant_may_come_at_once() {
    let mut house = House::open().await;
    let mut other = unattended();
    other["key"] = "other".into();
    let keys = [house.publish(unattended()).await, house.publish(other).await];
    house.retire_worker();
    for number in 0..50 {
        let tenant = format!("tenant-{number}");
        // It unwraps: each start must be kept.
        join_all(keys.iter().map(|key| house.start(&tenant, key))).await;
    }
}

/// The process that starts them has no worker, so that every row is anybody's.
async fn race(house: &mut House, starts: &[(String, BlueprintKey)]) {
    house.retire_worker();
    let stop = CancellationToken::new();
    let mut working = JoinSet::new();
    for _ in 0..3 {
        let (_, worker) = house.another_process(Duration::from_millis(20));
        working.spawn(worker.run(stop.clone(), PATIENCE));
    }
    for some in starts.chunks(50) {
        join_all(some.iter().map(|(tenant, key)| house.start(tenant, key))).await;
    }
    until_live(house, starts.len()).await;
    stop.cancel();
    working.join_all().await;
}

async fn until_live(house: &House, wanted: usize) {
    let pool = house.pool().await;
    let begun = Instant::now();
    loop {
        let [live, running] = ["live", "running"].map(|status| count(&pool, status));
        let (live, running) = (live.await, running.await);
        if live == wanted {
            return;
        }
        // On a busy machine a call may be given up; its retry is for a later time.
        if running == 0 {
            house.advance(TimeDelta::seconds(40));
        }
        assert!(begun.elapsed() < PATIENCE, "{live} of {wanted} are live");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn count(pool: &PgPool, status: &str) -> usize {
    let counted = sqlx::query_scalar("SELECT count(*) FROM onboarding WHERE status = $1");
    let counted: i64 = counted.bind(status).fetch_one(pool).await.unwrap();
    usize::try_from(counted).unwrap()
}

/// As many accounts as tenants, and in each as many active cycles as onboardings, installed once.
fn judge(house: &House, tenants: usize, each: usize) {
    let accounts = house.accounts();
    assert_eq!(accounts.len(), tenants);
    for account in &accounts {
        let cycles = account["cycles"].as_array().unwrap();
        assert_eq!(cycles.len(), each, "{account:#}");
        for cycle in cycles {
            assert_eq!((&cycle["Status"], &cycle["activations"]), (&"Active".into(), &1.into()));
        }
    }
    let calls = house.sandbox.calls();
    let performed = |method: &str, ending: &str| {
        let calls = calls.iter().filter(|call| call.method == method && call.performed);
        calls.filter(|call| call.path.ends_with(ending)).count()
    };
    assert_eq!(performed("POST", "/v1.0/accounts"), tenants);
    assert_eq!(performed("POST", "/install"), tenants * each);
    assert_eq!(performed("PUT", "/activate"), tenants * each);
}
