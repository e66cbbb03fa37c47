//! Many onboardings that all wait on a slow Cyclr: what does one of them keep in memory?

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use gangway::ids::OnboardingId;
use uuid::Uuid;

use crate::{Bench, measure};

/// Longer than it takes to start them all, so that all are under way at once.
const ONE_CALL: Duration = Duration::from_secs(5);

pub(crate) async fn report(bench: &Bench, count: usize) {
    let slow = bench.with_stand_in(ONE_CALL, count);
    let (engine, working) = slow.serve();
    let before = measure::memory();
    let after = OnboardingId(Uuid::now_v7());
    let starts = stream::iter(0..count).map(|_| slow.start(&engine));
    let started: Vec<_> = starts.buffer_unordered(64).collect().await;
    let under_way = slow.meter.not_live(after).await;
    slow.meter.wait_for_live(after, started.len()).await;
    let live = slow.meter.latencies(after).await.len();
    working.end().await;
    println!("\n  {count} in flight, {} s per call", ONE_CALL.as_secs());
    println!("  under way at once {under_way}, live in the end {live}");
    println!(
        "  memory: {before:.0} MiB before, at most {:.0} MiB   (bar: 200)",
        measure::most_memory()
    );
}
