//! Others in the same house: onboardings that fail each time, and a tenant with a hundred times as many.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use gangway::ids::{BlueprintKey, OnboardingId, TenantId};
use gangway::onboarding::Blueprint;
use gangway::store::Published;
use uuid::Uuid;

use crate::measure::percentile;
use crate::{Bench, stand_in};

/// Blueprints that the big tenant gets, where the others get one.
const TIMES: usize = 100;

/// Well below what the machine can do, so that waiting comes from the neighbours and not from the load.
const APART: Duration = Duration::from_millis(4);

pub(crate) async fn report(bench: &Bench, count: usize) {
    let bench = bench.with_stand_in(Duration::from_millis(5), crate::CALLS_AT_ONCE);
    let mut blueprints = Vec::with_capacity(TIMES);
    for n in 0..TIMES {
        let mut document: Blueprint = serde_json::from_str(stand_in::BLUEPRINT).unwrap();
        document.key = BlueprintKey::parse(format!("bench-{n}")).unwrap();
        blueprints.push(bench.store.publish(document).await.unwrap());
    }
    Box::pin(run(&bench, count / 4, &[], false)).await;
    let alone = Box::pin(run(&bench, count, &[], false)).await;
    let poison = Box::pin(run(&bench, count, &[], true)).await;
    let big = Box::pin(run(&bench, count, &blueprints, false)).await;
    println!("\n  the others' p99, one each {} ms: {alone:.1} ms by themselves", APART.as_millis());
    println!(
        "  with 1 % that fail each time   {:>6.2}   (bar: 1.5)   {poison:.1} ms",
        poison / alone
    );
    println!(
        "  with one tenant at {TIMES} times   {:>6.2}   (bar: 1.5)   {big:.1} ms",
        big / alone
    );
}

/// Milliseconds to live that 99 of 100 of the others stay within.
async fn run(bench: &Bench, count: usize, big: &[Published], poison: bool) -> f64 {
    let (engine, working) = bench.serve();
    let after = OnboardingId(Uuid::now_v7());
    let giant = TenantId::parse(format!("noisy-{}", Uuid::new_v4())).unwrap();
    let noise = stream::iter(big).for_each(|published| {
        let mut request = bench.request();
        request.tenant = giant.clone();
        request.blueprint_id = published.id.clone();
        request.blueprint = published.blueprint.clone();
        let engine = &engine;
        async move {
            bench.start_as(engine, request).await;
        }
    });
    let others = async {
        let mut tick = tokio::time::interval(APART);
        for n in 0..count {
            tick.tick().await;
            bench.start(&engine).await;
            if poison && n % 100 == 0 {
                let mut request = bench.request();
                request.tenant = TenantId::parse(format!("noisy-poison-{n}-{}", after.0)).unwrap();
                bench.start_as(&engine, request).await;
            }
        }
        bench.meter.wait_for_live_but(after, count, "noisy%").await;
    };
    tokio::join!(noise, others);
    let took = bench.meter.latencies_but(after, "noisy%").await;
    working.end().await;
    percentile(&took, 0.99)
}
