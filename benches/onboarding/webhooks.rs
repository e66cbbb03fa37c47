//! Deliveries to receivers that answer at once, held against the same POSTs without a queue, a
//! signature or a log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use futures_util::stream::{self, StreamExt as _};
use gangway::api;
use gangway::clock::Clock;
use gangway::ids::EndpointId;
use gangway::secret::MasterKey;
use gangway::store::{EndpointOrder, EndpointText};
use gangway::web::{AppState, LinkKeys};
use gangway::webhooks::{Deliverer, Endpoints, Once, Settings};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Bench;

/// Onboardings that the messages tell of; those of one are sent one after the other.
const ONBOARDINGS: usize = 500;
const ROUNDS: usize = 3;

/// Hears everything and says nothing; counts.
struct Receiver {
    url: String,
    heard: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

impl Receiver {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let heard = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&heard);
        let take = move |_: Bytes| async move {
            counted.fetch_add(1, Ordering::Relaxed);
            StatusCode::NO_CONTENT
        };
        let router = Router::new().route("/hook", post(take));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, heard, _serving: serving }
    }

    async fn wait_for(&self, count: usize) {
        while self.heard.load(Ordering::Relaxed) < count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

pub(crate) async fn report(bench: &Bench, count: usize) {
    let receiver = Receiver::open().await;
    let settings = Settings { insecure: true, ..Settings::default() };
    let at_once = usize::from(settings.at_once);
    let master = MasterKey::from_text(&"bench".repeat(8)).unwrap();
    let endpoints = Endpoints::new(bench.store.clone(), &master, settings);
    let (engine, _worker) = bench.engine();
    let links = LinkKeys::new(&master);
    let state = AppState::new(engine.clone(), links, endpoints.clone(), bench.base.clone());
    for _ in 0..ONBOARDINGS {
        bench.start(&engine).await;
    }
    bench.meter.run("DELETE FROM outbox").await;
    create(&endpoints, &receiver).await;

    println!("\n{count} webhooks to one endpoint, {at_once} at once\n");
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        bare.push(bare_posts(&receiver.url, count, at_once).await);
        receiver.heard.store(0, Ordering::Relaxed);
        let per_onboarding = count.div_ceil(ONBOARDINGS);
        let fill = format!(
            "INSERT INTO outbox (onboarding_id, version, kind, at)
             SELECT onboarding_id, {round} * 100000 + v, 'onboarding.running', now()
             FROM generate_series(1, {per_onboarding}) v, onboarding"
        );
        let began = Instant::now();
        let stop = CancellationToken::new();
        let words = api::webhook_words(&state);
        let store = bench.store.clone();
        let clock = Clock::system();
        let deliverer = Deliverer::new(store, clock, endpoints.clone(), words).unwrap();
        bench.meter.run(&fill).await;
        let grace = Duration::from_secs(5);
        let working = JoinSet::from_iter([deliverer.run(engine.changes(), stop.clone(), grace)]);
        let sent = per_onboarding * ONBOARDINGS;
        receiver.wait_for(sent).await;
        ours.push(rate(sent, began));
        stop.cancel();
        working.join_all().await;
    }
    let median = |rates: &mut Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let (bare, ours) = (median(&mut bare), median(&mut ours));
    println!("  bare POSTs  {bare:>6.0}/s\n  webhooks    {ours:>6.0}/s   ratio {:.2}", ours / bare);
}

async fn create(endpoints: &Endpoints, receiver: &Receiver) {
    let id = EndpointId(Uuid::now_v7());
    let (secret, _) = endpoints.make_secret(id);
    let (url, description, events) = (receiver.url.clone(), String::new(), Vec::new());
    let text = EndpointText { url, description, events };
    let order = EndpointOrder::Create { id, text, secret };
    endpoints.order(&order, &Once(None), |_| (201, String::new())).await.unwrap();
}

/// Bodies as long as an onboarding's.
async fn bare_posts(url: &str, count: usize, at_once: usize) -> f64 {
    let client = reqwest::Client::builder().no_proxy().http1_only().build().unwrap();
    let body = "x".repeat(900);
    let began = Instant::now();
    let posts = stream::iter(0..count).map(|_| {
        let request = client.post(url).body(body.clone());
        async move { assert!(request.send().await.unwrap().status().is_success()) }
    });
    posts.buffer_unordered(at_once).collect::<Vec<()>>().await;
    rate(count, began)
}

fn rate(count: usize, began: Instant) -> f64 {
    count as f64 / began.elapsed().as_secs_f64()
}
