//! A million onboardings in the table: what an idle service costs, what a claim and a list take.

use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use tower::ServiceExt as _;

use crate::Bench;
use crate::measure::{self, percentile};
use crate::requests::Doors;

/// A database of its own, so that the other figures are not about a full table.
const IDLE: Duration = Duration::from_secs(10);
const TIMES: usize = 200;

/// What lists are narrowed to: what there is much of, what is rare, and both together.
const FILTERS: [&str; 26] = [
    "",
    "status=waiting",
    "status=live",
    "status=stuck",
    "status=running",
    "step=connect",
    "step=map",
    "step=install",
    "blocker=end_user",
    "blocker=cyclr",
    "problem=cyclr_unreachable",
    "problem=template_missing",
    "template=6c0b8b6e-5f0e-4a7c-9a55-0d0b7a3f1c11",
    "blueprint=bench",
    "blueprint=rare",
    "tenant_id=tenant-500000",
    "stuck=true",
    "stuck=false",
    "older_than=30m",
    "older_than=30d",
    "connector=crm",
    "tag=eu",
    "status=stuck&step=connect&blueprint=bench",
    "order=oldest&status=waiting",
    "order=longest_in_step&stuck=true",
    "order=deadline",
];

/// What people type: each kind once, and beginnings that many share.
const SEARCHES: [&str; 7] = [
    "q=gw-0050-0000",
    "q=018bedb2-cd00-7000-8000-00000007a120",
    "q=tenant-500000",
    "q=tenant-5",
    "q=acme",
    "q=nobody@example.com",
    "q=500000",
];

/// What places alone decide about; the others are counted by a look at each that may match.
const COUNTED: [&str; 8] = [
    "",
    "status=waiting",
    "step=connect",
    "blocker=end_user",
    "problem=cyclr_unreachable",
    "blueprint=rare",
    "template=6c0b8b6e-5f0e-4a7c-9a55-0d0b7a3f1c11",
    "stuck=true",
];

pub(crate) async fn report(bench: &Bench, count: i64) {
    println!("\n  {count} onboardings in the table, nearly all waiting for a person");
    bench.meter.fill(count).await;
    idle(bench).await;
    claims(bench).await;
    lists(bench).await;
    looks(bench).await;
}

async fn idle(bench: &Bench) {
    let (engine, working) = bench.serve();
    bench.start(&engine).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (statements, rows, cpu) =
        (bench.meter.statements().await, bench.meter.rows_read().await, measure::cpu());
    tokio::time::sleep(IDLE).await;
    let seconds = IDLE.as_secs_f64();
    let cpu = measure::cpu().saturating_sub(cpu).as_secs_f64() / seconds * 100.0;
    let statements = (bench.meter.statements().await - statements) / seconds;
    let rows = (bench.meter.rows_read().await - rows) / seconds;
    working.end().await;
    println!("  idle: {:.0} MiB   (bar: 60), {cpu:.1} % of a core", measure::memory());
    println!("  idle: {statements:.1} statements and {rows:.0} rows looked at in a second");
}

async fn claims(bench: &Bench) {
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        assert!(bench.store.claim(64, Duration::from_mins(1)).await.unwrap().is_empty());
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    println!(
        "  a claim that finds nothing: p50 {:.2} ms, p99 {:.2} ms",
        percentile(&took, 0.5),
        percentile(&took, 0.99)
    );
}

/// All of them live, each with a next look: what it costs to find none that is due, and some.
async fn looks(bench: &Bench) {
    bench
        .meter
        .run(
            "UPDATE onboarding
             SET status = 'live', step = 'live', problem_code = NULL, problem_detail = NULL,
                 deadline = NULL, wake_at = NULL,
                 due_at = now() + interval '1 hour' + random() * interval '1 day'",
        )
        .await;
    bench.meter.run("VACUUM ANALYZE onboarding").await;
    println!("  the same number live, each to be looked at some time tomorrow");
    looks_taken("taking looks when none is due", bench, 0).await;
    bench
        .meter
        .run(
            "UPDATE onboarding SET due_at = now()
             WHERE onboarding_id IN (SELECT onboarding_id FROM onboarding LIMIT 2000)",
        )
        .await;
    looks_taken("taking ten looks of 2,000 that are due", bench, 10).await;
    let began = Instant::now();
    assert!(!bench.store.plan_looks(Duration::from_hours(24)).await.unwrap());
    println!(
        "  seeing that all have a next look: {:.2} ms",
        began.elapsed().as_secs_f64() * 1000.0
    );
}

async fn looks_taken(what: &str, bench: &Bench, expected: usize) {
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        let taken = bench.store.claim_looks(10, Duration::from_mins(1)).await.unwrap();
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        assert_eq!(taken.len(), expected);
    }
    let (p50, p99) = (percentile(&took, 0.5), percentile(&took, 0.99));
    println!("  {what}: p50 {p50:.2} ms, p99 {p99:.2} ms");
}

async fn lists(bench: &Bench) {
    let (engine, _worker) = bench.engine();
    let doors = Doors::open(bench, engine).await;
    println!("  GET /v1/onboardings, first page and the hundredth   (bar: p99 50 ms each)");
    for filter in FILTERS.into_iter().chain(SEARCHES) {
        let first = page(&doors, &format!("/v1/onboardings?{filter}")).await;
        let path = format!("/v1/onboardings?{filter}{}", deep(&doors, filter).await);
        let deep = page(&doors, &path).await;
        println!(
            "    {filter:<44} p50 {:>6.1} ms  p99 {:>6.1} ms   deep p50 {:>6.1} ms  p99 {:>6.1} ms",
            percentile(&first, 0.5),
            percentile(&first, 0.99),
            percentile(&deep, 0.5),
            percentile(&deep, 0.99)
        );
    }
    println!("  GET /v1/onboardings/counts   (bar: p99 50 ms each)");
    for filter in COUNTED {
        let took = page(&doors, &format!("/v1/onboardings/counts?{filter}")).await;
        println!(
            "    {filter:<44} p50 {:>6.1} ms  p99 {:>6.1} ms",
            percentile(&took, 0.5),
            percentile(&took, 0.99)
        );
    }
}

/// Where the hundredth page of a list begins, or the last one if there are fewer.
async fn deep(doors: &Doors, filter: &str) -> String {
    let mut cursor = String::new();
    for _ in 0..99 {
        let text = ask(doors, &format!("/v1/onboardings?{filter}{cursor}")).await;
        let page: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    cursor
}

async fn ask(doors: &Doors, path: &str) -> Bytes {
    let request = Request::get(path).header("authorization", format!("Bearer {}", doors.key));
    let answer = doors.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap()
}

/// Milliseconds of each of many looks at one page. Stops early where one look takes a second.
async fn page(doors: &Doors, path: &str) -> Vec<f64> {
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        ask(doors, path).await;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        if took.last() > Some(&1000.0) && took.len() >= 5 {
            break;
        }
    }
    took
}
