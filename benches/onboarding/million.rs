//! A million onboardings in the table: what an idle service costs, what a claim and a list take.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::Bench;
use crate::measure::{self, percentile};
use crate::requests::Doors;

/// A database of its own, so that the other figures are not about a full table.
const IDLE: Duration = Duration::from_secs(10);
const TIMES: usize = 200;

/// What lists are narrowed to: what there is much of, what is rare, and both together.
const FILTERS: [&str; 12] = [
    "",
    "status=waiting",
    "status=live",
    "status=stuck",
    "status=running",
    "step=connect",
    "step=map",
    "step=install",
    "blueprint=bench",
    "blueprint=rare",
    "tenant_id=tenant-500000",
    "status=stuck&step=connect&blueprint=bench",
];

pub(crate) async fn report(bench: &Bench, count: i64) {
    println!("\n  {count} onboardings in the table, nearly all waiting for a person");
    bench.meter.fill(count).await;
    idle(bench).await;
    claims(bench).await;
    lists(bench, count).await;
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

async fn lists(bench: &Bench, count: i64) {
    let (engine, _worker) = bench.engine();
    let doors = Doors::open(bench, engine).await;
    println!("  GET /v1/onboardings, first page and a page in the middle   (bar: p99 50 ms each)");
    let middle = Uuid::parse_str(&measure::made_id(count / 2)).unwrap();
    let cursor = URL_SAFE_NO_PAD.encode(middle.as_bytes());
    for filter in FILTERS {
        let first = page(&doors, filter).await;
        let deep = page(&doors, &format!("{filter}&cursor={cursor}")).await;
        println!(
            "    {filter:<44} p50 {:>6.1} ms  p99 {:>6.1} ms   deep p50 {:>6.1} ms  p99 {:>6.1} ms",
            percentile(&first, 0.5),
            percentile(&first, 0.99),
            percentile(&deep, 0.5),
            percentile(&deep, 0.99)
        );
    }
}

/// Milliseconds of each of many looks at one page. Stops early where one look takes a second.
async fn page(doors: &Doors, query: &str) -> Vec<f64> {
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let uri = format!("/v1/onboardings?{}", query.trim_start_matches('&'));
        let request = Request::get(uri).header("authorization", format!("Bearer {}", doors.key));
        let began = Instant::now();
        let answer =
            doors.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        if took.last() > Some(&1000.0) && took.len() >= 5 {
            break;
        }
    }
    took
}
