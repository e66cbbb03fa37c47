//! How fast onboardings go from signup to live, held against limits measured in the same run:
//! the bare HTTP calls without any durability, and one commit per step.
//!
//! `cargo bench --bench onboarding [-- SCENARIO] [-- N]`: `rate` (the one that runs by itself, with 2,000
//! onboardings), `profile`, `in-flight`, `in-flight-sockets`, `million`, `requests`, `pages`, `neighbours`, `webhooks`, or `all` of them. Cyclr's stand-in runs in a process of
//! its own, so that what the service spends is seen apart from it. Postgres is a private, durable one
//! in the target folder; `BENCH_DATABASE_URL` names another.
#![expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a benchmark, not the service"
)]

mod bare;
mod in_flight;
mod measure;
mod million;
mod neighbours;
mod pages;
mod requests;
mod stand_in;
mod stepwise;
mod webhooks;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::stream::{self, StreamExt as _};
use gangway::clock::Clock;
use gangway::embedded::{Durability, Embedded, Settings as EmbeddedSettings};
use gangway::engine::{self, Engine, StartRequest};
use gangway::ids::{OnboardingId, TenantId};
use gangway::onboarding::{Blueprint, Onboarding, Profile, ReturnUrls, Status};
use gangway::secret::{MasterKey, Secret};
use gangway::store::{Published, Store};
use gangway::{app, cyclr};
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use measure::{Meter, percentile};

/// The service's own, see the binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often each variant is measured.
const ROUNDS: usize = 7;

/// Calls to Cyclr under way at once, in every variant alike.
const CALLS_AT_ONCE: usize = 128;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(place) = words.iter().position(|word| word == "--stand-in") {
        return stand_in::run(words[place + 1].parse().unwrap());
    }
    let count = words.iter().find_map(|word| word.parse().ok());
    let scenarios = [
        "profile",
        "in-flight",
        "in-flight-sockets",
        "requests",
        "pages",
        "neighbours",
        "webhooks",
        "million",
    ];
    // Those of memory need a process of their own, so `all` leaves out one of them.
    let alone = |name: &str| name.starts_with("in-flight-");
    let named =
        |name: &str| words.iter().any(|word| word == name || (word == "all" && !alone(name)));
    let chosen: Vec<_> = scenarios.into_iter().filter(|name| named(name)).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        drop(rustls::crypto::ring::default_provider().install_default());
        let (options, _private) = database().await;
        // First, because the most memory that a process ever had is read off.
        for scenario in &chosen {
            run(scenario, fresh(&options).await, count).await;
        }
        if chosen.is_empty() || named("rate") {
            let bench = Bench::open(fresh(&options).await, Duration::ZERO).await;
            report(&bench, count.unwrap_or(2000)).await;
        }
    });
}

async fn run(scenario: &str, options: PgConnectOptions, count: Option<usize>) {
    let bench = Bench::open(options, Duration::ZERO).await;
    match scenario {
        "million" => {
            let count = count.and_then(|count| i64::try_from(count).ok());
            million::report(&bench, count.unwrap_or(1_000_000)).await;
        }
        "profile" => {
            for _ in 0..count.unwrap_or(10) {
                Runs(vec![bench.gangway(2000).await]).print("Gangway");
            }
        }
        "in-flight" => in_flight::report(&bench, count.unwrap_or(10_000)).await,
        "in-flight-sockets" => in_flight::sockets(&bench, count.unwrap_or(10_000)).await,
        "requests" => requests::report(&bench).await,
        "pages" => pages::report(&bench).await,
        "webhooks" => Box::pin(webhooks::report(&bench, count.unwrap_or(20_000))).await,
        "neighbours" => Box::pin(neighbours::report(&bench, count.unwrap_or(1000))).await,
        other => panic!("there is no scenario {other}"),
    }
}

async fn report(bench: &Bench, count: usize) {
    println!("\n{count} onboardings, {} calls to Cyclr each, instant Cyclr\n", bare::CALLS);

    // Once over everything, so that connections, caches and pages are warm.
    bench.bare(count / 4).await;
    bench.gangway(count / 4).await;

    // By turns, because a machine shared with others is now fast, now slow; the median of each counts.
    let (mut bare, mut each, mut gangway) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(bench.bare(count).await);
        each.push(bench.one_commit_per_step(count).await);
        gangway.push(bench.gangway(count).await);
    }
    let (bare, each, gangway) = (Runs(bare), Runs(each), Runs(gangway));
    for (name, runs) in
        [("bare HTTP calls", &bare), ("one commit per step", &each), ("Gangway", &gangway)]
    {
        runs.print(name);
    }
    let (bare, each, gangway) = (bare.median(), each.median(), gangway.median());
    println!("\n  Gangway / bare HTTP calls      {:>6.2}   (bar: 0.6)", gangway.rate / bare.rate);
    println!("  Gangway / one commit per step  {:>6.2}   (bar: 2)", gangway.rate / each.rate);

    alone(bench).await;
    // Slow calls are cheap to wait for: as many at once as there are onboardings. What the bare
    // calls take is the burst that this machine can do.
    let slow = bench.with_stand_in(Duration::from_millis(50), count);
    let bare = slow.bare(count).await;
    let run = slow.gangway(count).await;
    println!(
        "\n  50 ms per call: {:.2} s; bare calls {:.2} s; ratio {:.2}   (bar: 1.5)\n",
        run.seconds,
        bare.seconds,
        run.seconds / bare.seconds
    );
}

/// One at a time: what durability adds to the bare sequence of calls.
async fn alone(bench: &Bench) {
    let (mut commits, mut bare, mut gangway) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        commits.push(bench.meter.one_commit(100).await);
        bare.extend(bench.bare_alone(100).await);
        gangway.extend(bench.gangway_alone(100).await);
    }
    let commit = percentile(&commits, 0.5);
    let (p50, p99) = (percentile(&gangway, 0.50), percentile(&gangway, 0.99));
    let bare = percentile(&bare, 0.50);
    println!("\n  one at a time: p50 {p50:.1} ms, p99 {p99:.1} ms; bare calls p50 {bare:.1} ms");
    println!("  a commit takes {commit:.2} ms");
    println!("  added latency / one commit     {:>6.1}   (bar: 6)", (p50 - bare) / commit);
    println!("  p99 / p50                      {:>6.2}   (bar: 3)", p99 / p50);
}

/// A database with nothing in it, for each scenario: what earlier runs have left would change the figures.
async fn fresh(options: &PgConnectOptions) -> PgConnectOptions {
    let admin = Meter::open(options.clone()).await;
    admin.run("DROP DATABASE IF EXISTS gangway_bench WITH (FORCE)").await;
    admin.run("CREATE DATABASE gangway_bench").await;
    options.clone().database("gangway_bench")
}

async fn database() -> (PgConnectOptions, Option<Embedded>) {
    if let Ok(url) = std::env::var("BENCH_DATABASE_URL") {
        return (url.parse().unwrap(), None);
    }
    let data_dir = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench-postgres").into();
    let settings = EmbeddedSettings { data_dir, durability: Durability::Durable };
    let private = Embedded::start(settings).await.unwrap();
    (private.connect_options(), Some(private))
}

/// One variant's figures.
struct Run {
    rate: f64,
    seconds: f64,
    latencies: Vec<f64>,
    cpu_ms: f64,
    wal_bytes: f64,
}

/// One variant's figures, several times.
struct Runs(Vec<Run>);

impl Runs {
    fn median(&self) -> &Run {
        let mut runs: Vec<_> = self.0.iter().collect();
        runs.sort_by(|one, other| one.rate.total_cmp(&other.rate));
        runs[runs.len() / 2]
    }

    fn print(&self, name: &str) {
        let rates = self.0.iter().map(|run| run.rate);
        let run = self.median();
        println!(
            "  {name:<20} {:>5.0}/s ({:>4.0} to {:>4.0})  p50 {:>4.0} ms  p99 {:>4.0} ms  CPU {:>4.2} ms  WAL {:>4.0} B",
            run.rate,
            rates.clone().fold(f64::INFINITY, f64::min),
            rates.fold(0.0, f64::max),
            percentile(&run.latencies, 0.50),
            percentile(&run.latencies, 0.99),
            run.cpu_ms,
            run.wal_bytes,
        );
    }
}

/// A worker under way.
struct Working {
    working: JoinSet<()>,
    stop: CancellationToken,
}

impl Working {
    async fn end(self) {
        self.stop.cancel();
        self.working.join_all().await;
    }
}

struct Bench {
    store: Store,
    meter: Meter,
    base: Url,
    blueprint: Published,
    _stand_in: stand_in::Process,
    calls_at_once: usize,
}

impl Bench {
    async fn open(options: PgConnectOptions, delay: Duration) -> Self {
        let connections = std::env::var("BENCH_CONNECTIONS").ok();
        let connections = connections.map_or(16, |count| count.parse().unwrap());
        let store = app::connect(options.clone(), connections).await.unwrap();
        store.migrate().await.unwrap();
        let document: Blueprint = serde_json::from_str(stand_in::BLUEPRINT).unwrap();
        let blueprint = store.publish(document).await.unwrap();
        let stand_in = stand_in::Process::start(delay);
        let base = stand_in.address();
        let meter = Meter::open(options).await;
        let calls_at_once = CALLS_AT_ONCE;
        Self { store, meter, base, blueprint, _stand_in: stand_in, calls_at_once }
    }

    /// The same database, another stand-in.
    fn with_stand_in(&self, delay: Duration, calls_at_once: usize) -> Self {
        let stand_in = stand_in::Process::start(delay);
        Self {
            store: self.store.clone(),
            meter: self.meter.clone(),
            base: stand_in.address(),
            blueprint: self.blueprint.clone(),
            _stand_in: stand_in,
            calls_at_once,
        }
    }

    fn request(&self) -> StartRequest {
        let tenant = Uuid::new_v4().to_string();
        StartRequest {
            profile: Profile {
                name: "Acme".to_owned(),
                timezone: None,
                locale: None,
                contact: None,
                named_account: None,
                data: serde_json::Map::new(),
                return_urls: ReturnUrls::default(),
                tags: Vec::new(),
                metadata: serde_json::Map::new(),
                pages_url: None,
                retention_days: None,
                erased: None,
            },
            tenant: TenantId::parse(tenant).unwrap(),
            blueprint_id: self.blueprint.id.clone(),
            blueprint: Arc::clone(&self.blueprint.blueprint),
            idempotency: None,
            actor: "bench".to_owned(),
        }
    }

    fn engine(&self) -> (Engine, engine::Worker) {
        let cyclr = cyclr::Client::new(
            cyclr::Settings {
                api_base: self.base.clone(),
                service_domain: self.base.clone(),
                client_id: "bench".to_owned(),
                client_secret: Secret::from("bench"),
                other_client_secret: None,
                call_deadline: Duration::from_secs(20),
                connect_deadline: Duration::from_secs(5),
                body_limit: 1024 * 1024,
                calls_at_once: self.calls_at_once,
                pressure: cyclr::PressureSettings::default(),
                plain_http: false,
            },
            Clock::system(),
        )
        .unwrap();
        let settings = engine::Settings {
            deployment: "bench".to_owned(),
            account_prefix: String::new(),
            public_url: self.base.clone(),
            lease: Duration::from_mins(1),
            commit_margin: Duration::from_secs(2),
            quiet_period: Duration::from_secs(35),
            at_once: 10_000,
            poll: Duration::from_secs(1),
            most_claims: 5,
            link_life: TimeDelta::days(7),
            usual_look: TimeDelta::hours(24),
            looks_per_second: 20,
            error_hook: engine::ErrorHook::new(
                self.base.clone(),
                MasterKey::from_text(&"bench".repeat(8)).unwrap().derive("cyclr errors"),
            ),
        };
        Engine::new(self.store.clone(), cyclr, Clock::system(), settings)
    }

    /// Measures the work; what each onboarding took is asked for afterwards, with the clock stopped.
    async fn measured<T>(
        &self,
        count: usize,
        work: impl Future<Output = T>,
        latencies: impl AsyncFnOnce(T) -> Vec<f64>,
    ) -> Run {
        let (wal, cpu, began) = (self.meter.wal().await, measure::cpu(), Instant::now());
        let done = work.await;
        let seconds = began.elapsed().as_secs_f64();
        let cpu_ms = measure::cpu().saturating_sub(cpu).as_secs_f64() * 1000.0;
        Run {
            rate: count as f64 / seconds,
            seconds,
            latencies: latencies(done).await,
            cpu_ms: cpu_ms / count as f64,
            wal_bytes: (self.meter.wal().await - wal) / count as f64,
        }
    }

    /// The calls alone: the limit of whatever could be built on them.
    async fn bare(&self, count: usize) -> Run {
        let caller = bare::Caller::new(&self.base);
        let one = |_| async {
            let began = Instant::now();
            caller.onboard(&Uuid::new_v4().to_string()).await;
            began.elapsed().as_secs_f64() * 1000.0
        };
        let work = stream::iter(0..count).map(one).buffer_unordered(self.calls_at_once).collect();
        self.measured(count, work, async |took| took).await
    }

    /// The engine with its worker, as a process has them.
    fn serve(&self) -> (Engine, Working) {
        let (engine, worker) = self.engine();
        let stop = CancellationToken::new();
        let working = JoinSet::from_iter([worker.run(stop.clone(), Duration::from_secs(5))]);
        (engine, Working { working, stop })
    }

    /// All of it: start, drive, commit, until every one is live. Latencies by the rows themselves.
    async fn gangway(&self, count: usize) -> Run {
        let (engine, working) = self.serve();
        let after = OnboardingId(Uuid::now_v7());
        let work = async {
            let starts = stream::iter(0..count).map(|_| self.start(&engine));
            let started: Vec<_> = starts.buffer_unordered(64).collect().await;
            self.meter.wait_for_live(after, started.len()).await;
        };
        let run = self.measured(count, work, async |()| self.meter.latencies(after).await).await;
        working.end().await;
        run
    }

    /// One after the other, from the start's call to its live row.
    async fn gangway_alone(&self, count: usize) -> Vec<f64> {
        let (engine, working) = self.serve();
        let mut took = Vec::with_capacity(count);
        for _ in 0..count {
            let began = Instant::now();
            let id = self.start(&engine).await;
            let done = |onboarding: &Onboarding| onboarding.status == Status::Live;
            engine.wait_until(id, Duration::from_mins(1), done).await.unwrap();
            took.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        working.end().await;
        took
    }

    async fn bare_alone(&self, count: usize) -> Vec<f64> {
        let caller = bare::Caller::new(&self.base);
        let mut took = Vec::with_capacity(count);
        for _ in 0..count {
            let began = Instant::now();
            caller.onboard(&Uuid::new_v4().to_string()).await;
            took.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        took
    }

    async fn start(&self, engine: &Engine) -> OnboardingId {
        self.start_as(engine, self.request()).await
    }

    async fn start_as(&self, engine: &Engine, request: StartRequest) -> OnboardingId {
        engine
            .start(request, Arc::new(|_, _| (201, String::new())))
            .await
            .unwrap()
            .shows
            .unwrap()
            .onboarding
    }
}
