//! Puts the house together: opens the database, builds the rooms, starts and stops them in order.

use std::time::Duration;

use axum::Router;
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Config;
use crate::engine::{Engine, Worker};
use crate::secret::MasterKey;
use crate::store::Store;
use crate::web::{AppState, LinkKeys};
use crate::webhooks::{self, Deliverer, Endpoints, Resealed};
use crate::{api, console, cyclr, engine, hooks, hosted, identity, web};

/// How long requests and calls that are under way get when the program is told to stop. Whoever stops it has
/// to wait longer.
pub const GRACE: Duration = Duration::from_secs(20);
/// What of it the worker has: a look at the table may be under way when the order comes.
const WORKERS_GRACE: Duration = Duration::from_secs(18);
/// How long a request waits for a database connection before it is told to come back.
const ACQUIRE: Duration = Duration::from_secs(5);

/// Gangway, ready to be served.
pub struct App {
    pub state: AppState,
    worker: Worker,
    deliverer: Deliverer,
    drain: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database cannot be reached; check DATABASE_URL")]
    Database(#[source] sqlx::Error),
    #[error("the database could not be brought to this version's shape")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the settings for Cyclr will not do")]
    Cyclr(#[from] cyclr::SetupError),
    #[error("webhooks cannot be sent")]
    Webhooks(#[source] reqwest::Error),
    #[error("the provider of identities cannot be asked")]
    Identity(#[source] reqwest::Error),
}

/// Connects with the limits that all of Gangway's sessions keep.
pub async fn connect(options: PgConnectOptions, connections: u32) -> Result<Store, Error> {
    let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE);
    Store::open(pool, session(options), Clock::system()).await.map_err(Error::Database)
}

/// How each of our sessions is set up. A pooler that does not pass it on needs it at the role or at the
/// database; `docs/scale.md` says how.
pub const SESSION: [(&str, &str); 8] = [
    // No statement of ours takes long; one that does must not hold locks for ever.
    // Both are shorter than what the store waits, so that nobody has gone away by then.
    ("statement_timeout", "6s"),
    ("lock_timeout", "4s"),
    ("idle_in_transaction_session_timeout", "15s"),
    // Our statements are few, and each reaches its rows by key, however many rows there are: they
    // are planned once per session and never for a scan, whatever the tables' size was just then.
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

pub fn session(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("gangway").options(SESSION)
}

/// Brings whatever is sealed in the database under the newest key.
pub async fn reseal(store: Store, master: &MasterKey) -> Result<Resealed, crate::store::Error> {
    Endpoints::new(store, master, webhooks::Settings::default()).reseal().await
}

/// Tells a database that was put back to an older state, before anybody works on it. Says how far it went
/// back, and how many onboardings look at Cyclr before they make anything.
pub async fn after_restore(
    store: Store,
    back_to: Option<DateTime<Utc>>,
) -> Result<(DateTime<Utc>, u64), crate::store::Error> {
    engine::after_restore(&store, Clock::system().now(), back_to).await
}

/// For the console, what the tenant's people see.
pub fn customers_page(state: &AppState) -> console::CustomersPage {
    let preview = hosted::Preview::new(state.clone());
    console::CustomersPage::new(move |onboarding, query| {
        let preview = preview.clone();
        async move { preview.show(onboarding, query.as_deref()).await }
    })
}

impl App {
    /// Builds the rooms on a database that has the newest shape.
    pub fn new(config: &Config, store: Store, clock: Clock) -> Result<Self, Error> {
        let cyclr = cyclr::Client::new(config.cyclr.clone(), clock.clone())?;
        let endpoints = Endpoints::new(store.clone(), &config.master_key, config.webhooks.clone());
        let (engine, worker) =
            Engine::new(store.clone(), cyclr, clock.clone(), config.engine.clone());
        let worker = worker.keeping(config.keep);
        let links = LinkKeys::new(&config.master_key);
        let identity = config.identity.clone();
        let identity = identity.map(|settings| identity::Provider::new(settings, clock.clone()));
        let state = AppState::new(engine, links, endpoints.clone(), config.public_url.clone())
            .limited_to(config.rates.clone())
            .proven_by(identity.transpose().map_err(Error::Identity)?);
        let deliverer = Deliverer::new(store, clock, endpoints, api::webhook_words(&state))
            .map_err(Error::Webhooks)?;
        Ok(Self { state, worker, deliverer, drain: config.drain })
    }

    /// All doors.
    pub fn router(state: &AppState) -> Router {
        let doors = api::router(state.clone()).merge(hosted::router(state.clone()));
        let doors = doors.merge(hooks::router(state.clone()));
        let doors = doors.merge(console::router(state.clone(), customers_page(state)));
        web::shared_layers(doors, web::ProblemPage::at(state.public_url()))
    }

    /// The worker, for whoever drives it by hand.
    pub fn into_worker(self) -> Worker {
        self.worker
    }

    /// Serves and works until `stop`. From then on this process is not ready, takes up nothing new,
    /// and answers for a while yet; what is under way, HTTP and calls alike, is finished or given
    /// back. All of that ends within one grace.
    pub async fn run(self, listener: TcpListener, stop: CancellationToken) {
        let Self { state, worker, deliverer, drain } = self;
        let changes = state.engine.changes();
        let (watch, watched) = (state.watch().clone(), state.engine.clone());
        let router = Self::router(&state);
        let (told, over) = (stop.clone(), CancellationToken::new());
        let serving = web::serve(listener, router, web::ServerLimits::default(), over.clone());
        let draining = async move {
            told.cancelled().await;
            state.engine.begin_stop();
            tokio::time::sleep(drain).await;
            over.cancel();
        };
        let work = async {
            let telling = Box::pin(deliverer.run(changes, stop.clone(), WORKERS_GRACE));
            let watching = watch.run(&watched, &stop);
            let working = worker.run(stop.clone(), WORKERS_GRACE);
            tokio::join!(working, telling, watching, Box::pin(serving), draining);
        };
        let enough = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = work => {}
            // A client that keeps its connection open does not keep us here.
            () = enough => tracing::warn!("stopped although some requests were not answered yet"),
        }
    }
}

/// Cancelled by the first Ctrl-C or SIGTERM; the second one ends the program on the spot.
pub fn stop_signal() -> std::io::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    let mut signals = JoinSet::new();
    signals.spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if told.is_cancelled() {
                std::process::exit(130);
            }
            told.cancel();
        }
    });
    signals.detach_all();
    Ok(stop)
}
