//! Requests at a fixed rate through the real doors, while everything that they start is driven.

use std::time::{Duration, Instant};

use axum::Router;
use gangway::app::App;
use gangway::engine::Engine;
use gangway::secret::{ExposeSecret as _, MasterKey};
use gangway::web::{AppState, LinkKeys};
use gangway::webhooks::{Endpoints, Settings};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;
use uuid::Uuid;

use crate::Bench;
use crate::measure::percentile;

const PER_SECOND: u32 = 500;
const SECONDS: u32 = 10;

/// The doors as they are served, and a key that opens them.
pub(crate) struct Doors {
    pub(crate) router: Router,
    pub(crate) key: String,
    pub(crate) links: LinkKeys,
}

impl Doors {
    pub(crate) async fn open(bench: &Bench, engine: Engine) -> Self {
        let (_, key) = bench.store.create_api_key("bench").await.unwrap();
        let master = MasterKey::from_text(&"bench".repeat(8)).unwrap();
        let endpoints = Endpoints::new(bench.store.clone(), &master, Settings::default());
        let links = LinkKeys::new(&master);
        let state = AppState::new(engine, links.clone(), endpoints, bench.base.clone());
        Self { router: App::router(&state), key: key.expose_secret().to_owned(), links }
    }
}

pub(crate) async fn report(bench: &Bench) {
    let commit = bench.meter.one_commit(200).await;
    let (engine, working) = bench.serve();
    let doors = Doors::open(bench, engine).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: Url =
        format!("http://{}/v1/onboardings", listener.local_addr().unwrap()).parse().unwrap();
    let router = doors.router.clone();
    let serving = JoinSet::from_iter([async move { axum::serve(listener, router).await }]);
    let took = offer(&address, &doors.key).await;
    drop(serving);
    working.end().await;
    let (p50, p99) = (percentile(&took, 0.50), percentile(&took, 0.99));
    println!(
        "\n  POST /v1/onboardings at {PER_SECOND}/s, {} in all; counted from when each was due",
        took.len()
    );
    println!("  p50 {p50:.1} ms, p99 {p99:.1} ms; a commit takes {commit:.2} ms");
    println!("  p99 beyond the commit          {:>6.1} ms   (bar: 25)", p99 - commit);
}

/// Sends each request when it is due, whatever became of the earlier ones.
async fn offer(address: &Url, key: &str) -> Vec<f64> {
    let client = reqwest::Client::builder().no_proxy().http1_only().build().unwrap();
    // So that the connections stand before the clock runs.
    let mut first = JoinSet::new();
    for _ in 0..32 {
        first.spawn(send(client.clone(), address.clone(), key.to_owned()));
    }
    first.join_all().await;
    let mut requests = JoinSet::new();
    let began = Instant::now();
    for n in 0..PER_SECOND * SECONDS {
        let due = began + Duration::from_secs(1) / PER_SECOND * n;
        tokio::time::sleep_until(due.into()).await;
        let (client, address, key) = (client.clone(), address.clone(), key.to_owned());
        requests.spawn(async move {
            send(client, address, key).await;
            due.elapsed().as_secs_f64() * 1000.0
        });
    }
    requests.join_all().await
}

async fn send(client: reqwest::Client, address: Url, key: String) {
    let tenant = Uuid::new_v4().to_string();
    let body = json!({ "tenant_id": tenant, "blueprint": "bench", "name": "Acme" });
    let request = client.post(address).bearer_auth(key).header("Idempotency-Key", tenant);
    let answer = request.json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    answer.bytes().await.unwrap();
}
