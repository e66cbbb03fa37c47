//! Puts the house together: opens the database, builds the rooms, starts and stops them in order.

use std::time::Duration;

use axum::Router;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Config;
use crate::engine::{Engine, Worker};
use crate::store::Store;
use crate::web::{AppState, LinkKeys};
use crate::{api, cyclr, hosted, web};

/// How long requests and calls that are under way get when the program is told to stop.
const GRACE: Duration = Duration::from_secs(20);
/// How long a request waits for a database connection before it is told to come back.
const ACQUIRE: Duration = Duration::from_secs(5);

/// Gangway, ready to be served.
pub struct App {
    pub state: AppState,
    worker: Worker,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database cannot be reached; check DATABASE_URL")]
    Database(#[source] sqlx::Error),
    #[error("the database could not be brought to this version's shape")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the settings for Cyclr will not do")]
    Cyclr(#[from] cyclr::SetupError),
    #[error("cannot serve")]
    Serve(#[from] std::io::Error),
}

/// Connects with the limits that all of Gangway's sessions keep.
pub async fn connect(options: PgConnectOptions, connections: u32) -> Result<Store, Error> {
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        // A round trip for each statement; one that finds its connection gone fails and is repeated.
        .test_before_acquire(false)
        .connect_with(session(options))
        .await
        .map_err(Error::Database)?;
    Ok(Store::new(pool, Clock::system()))
}

/// How each of our sessions is set up.
pub fn session(options: PgConnectOptions) -> PgConnectOptions {
    options
        .application_name("gangway")
        // No statement of ours takes long; one that does must not hold locks for ever.
        .options([("statement_timeout", "15s"), ("lock_timeout", "5s")])
        .options([("idle_in_transaction_session_timeout", "15s")])
        // Our statements are few, and each reaches its rows by key, however many rows there are: they
        // are planned once per session and never for a scan, whatever the tables' size was just then.
        .options([("plan_cache_mode", "force_generic_plan"), ("jit", "off")])
        .options([("enable_seqscan", "off"), ("enable_hashjoin", "off")])
        .options([("enable_mergejoin", "off")])
}

impl App {
    /// Builds the rooms on a database that has the newest shape.
    pub fn new(config: &Config, store: Store, clock: Clock) -> Result<Self, Error> {
        let cyclr = cyclr::Client::new(config.cyclr.clone(), clock.clone())?;
        let (engine, worker) = Engine::new(store, cyclr, clock, config.engine.clone());
        let links = LinkKeys::new(&config.master_key);
        let state = AppState::new(engine, links, config.public_url.clone());
        Ok(Self { state, worker })
    }

    /// All doors.
    pub fn router(state: &AppState) -> Router {
        web::shared_layers(api::router(state.clone()).merge(hosted::router(state.clone())))
    }

    /// The worker, for whoever drives it by hand.
    pub fn into_worker(self) -> Worker {
        self.worker
    }

    /// Serves and works until `stop`; then finishes what is under way, HTTP and calls alike.
    pub async fn run(self, listener: TcpListener, stop: CancellationToken) -> Result<(), Error> {
        let router = Self::router(&self.state);
        let worker = self.worker.run(stop.clone(), GRACE);
        let drain = stop.clone();
        let serving = axum::serve(listener, router)
            .with_graceful_shutdown(async move { drain.cancelled().await })
            .into_future();
        let serving = async {
            let result = tokio::select! {
                result = serving => result,
                // A client that keeps its connection open does not keep us here.
                () = async { stop.cancelled().await; tokio::time::sleep(GRACE).await } => Ok(()),
            };
            // Without doors there is nothing to work for.
            stop.cancel();
            result
        };
        let ((), served) = tokio::join!(worker, serving);
        Ok(served?)
    }
}
