//! Many onboardings under way at once: what does one of them keep in memory?

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use gangway::ids::OnboardingId;
use uuid::Uuid;

use crate::{Bench, CALLS_AT_ONCE, measure};

/// Longer than it takes to start them all, so that all are under way at once.
const ONE_CALL: Duration = Duration::from_secs(5);

/// As in production: few connections, and whoever has none waits for one.
pub(crate) async fn report(bench: &Bench, count: usize) {
    let slow = bench.with_stand_in(Duration::from_millis(50), CALLS_AT_ONCE);
    println!("\n  {count} in flight, {CALLS_AT_ONCE} calls at once");
    drive(&slow, count).await;
    println!("  (bar: 200 MiB)");
}

/// Each on a connection of its own.
pub(crate) async fn sockets(bench: &Bench, count: usize) {
    let slow = bench.with_stand_in(ONE_CALL, count);
    println!("\n  {count} in flight, each waits {} s for each of its calls", ONE_CALL.as_secs());
    drive(&slow, count).await;
}

async fn drive(bench: &Bench, count: usize) {
    let (engine, working) = bench.serve();
    let before = measure::memory();
    let after = OnboardingId(Uuid::now_v7());
    let starts = stream::iter(0..count).map(|_| bench.start(&engine));
    let started: Vec<_> = starts.buffer_unordered(64).collect().await;
    let under_way = bench.meter.not_live(after).await;
    bench.meter.wait_for_live(after, started.len()).await;
    working.end().await;
    println!("  under way when the last was started: {under_way}");
    println!("  memory: {before:.0} MiB before, at most {:.0} MiB", measure::most_memory());
}
