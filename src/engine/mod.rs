//! Drives onboardings. The only room that changes one.
//!
//! Uses `clock`, `ids`, `secret`, `telemetry`, `onboarding`, `cyclr` and `store`.
//!
//! What always holds:
//! - A step may be run again at any moment, by any process, after any failure: so it looks before it
//!   acts wherever an earlier run may have acted.
//! - No database connection is held while Cyclr is asked: lease, call, commit.
//! - What a commit keeps is the durable intent of the next step; there is no commit that only says
//!   "about to".
//! - People win: a command needs no lease, and the worker that has the onboarding finds its result
//!   refused.
//! - Waking carries no message; the table is the message. A lost wake-up costs one poll interval.
//!
//! Decided against: compensation (an onboarding goes forward, waits, or is stuck), a trait per step
//! (the exhaustive match in `steps` is the list), a queue beside the table.

mod ahead;
mod bulk;
mod by_staff;
mod clean_up;
mod commands;
mod connecting;
mod count;
mod credential;
mod drive;
mod error_hook;
mod give_up;
mod keeping;
mod looks;
mod needs;
mod ownership;
mod preflight;
mod start;
mod steps;
mod upgrade;
mod worker;

use needs::KnownNeeds;

use std::sync::{Arc, RwLock};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use bulk::{BulkPreview, BulkRequest, MOST_IN_BULK};
pub use by_staff::StaffOrder;
pub use commands::OrderRender;
pub use connecting::{Given, SignIn, SignInMode};
pub use credential::{ConnectionDetails, Credential};
pub use error_hook::{ErrorHook, ToldError};
pub use keeping::{Erasing, Keep, after_restore};
pub use preflight::{Check, CheckStatus, Preflight};
pub use start::StartRequest;
pub use worker::Worker;

pub use crate::cyclr::PressureState;

use crate::clock::Clock;
use crate::cyclr;
use crate::ids::OnboardingId;
use crate::onboarding::InvalidTransition;
use crate::store::{self, Leased, Starter, Store};

/// Leases that may wait for this process's worker. Beyond that they are better left to anybody.
const MOST_HANDED_OFF: usize = 256;

#[derive(Debug, Clone)]
pub struct Settings {
    /// Names this deployment in the ownership mark of accounts.
    pub deployment: String,
    /// Put before every account id that is derived from a tenant id. May be empty.
    pub account_prefix: String,
    /// Where our pages are reached; the return address is made from it and from nothing else.
    pub public_url: Url,
    /// How long a worker has an onboarding before another one may take it.
    pub lease: Duration,
    /// What of a lease is kept for the commit.
    pub commit_margin: Duration,
    /// Longer than any call can still be under way at Cyclr after we stopped waiting for it.
    pub quiet_period: Duration,
    /// Onboardings driven side by side by this process.
    pub at_once: usize,
    /// How often the table is looked at when nobody says that something is due.
    pub poll: Duration,
    /// Claims without a kept change after which an onboarding is parked.
    pub most_claims: i32,
    /// How long a link stays good.
    pub link_life: TimeDelta,
    /// How often a live onboarding that is well is looked at.
    pub usual_look: TimeDelta,
    /// Looks at live onboardings that this process begins in a second; 0: none.
    pub looks_per_second: u16,
    /// Where Cyclr tells of failed runs.
    pub error_hook: ErrorHook,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such onboarding")]
    Unknown,
    /// The state does not allow it; the text says why.
    #[error(transparent)]
    Invalid(#[from] InvalidTransition),
    /// It is not where it was when somebody decided what to do with it.
    #[error("the onboarding has moved on since it was looked at")]
    MovedOn,
    #[error("Cyclr did not do what was asked")]
    Cyclr(#[from] cyclr::Error),
    #[error(transparent)]
    Start(#[from] store::StartError),
    /// It is the same request as another one, or is taken for it.
    #[error(transparent)]
    Once(store::OnceError),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<store::OnceError> for Error {
    fn from(error: store::OnceError) -> Self {
        match error {
            // What the database did not do has nothing to do with the key.
            store::OnceError::Store(error) => Self::Store(error),
            store::OnceError::KeyReused | store::OnceError::InFlight => Self::Once(error),
        }
    }
}

/// What the doors hold. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

struct Shared {
    store: Store,
    cyclr: cyclr::Client,
    clock: Clock,
    settings: Settings,
    needs: KnownNeeds,
    /// Fresh onboardings go to this process's worker without a round through the table.
    hand_off: mpsc::Sender<Leased>,
    /// Keeps starts together while this process has a worker.
    starter: RwLock<Option<Starter>>,
    /// Something in the table may be due.
    due: Notify,
    /// An order to many may have been started.
    bulk_due: Notify,
    /// Says which onboarding this process changed; for pages that wait. A hint, nothing more.
    changed: broadcast::Sender<OnboardingId>,
    /// This process is on its way out: nobody is kept waiting any more.
    stopping: CancellationToken,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// The engine, and the worker that has to be run for anything to happen.
    pub fn new(
        store: Store,
        cyclr: cyclr::Client,
        clock: Clock,
        settings: Settings,
    ) -> (Self, Worker) {
        let (hand_off, handed_off) = mpsc::channel(settings.at_once.clamp(1, MOST_HANDED_OFF));
        let (changed, _) = broadcast::channel(1024);
        let engine = Self(Arc::new(Shared {
            store,
            cyclr,
            clock,
            settings,
            needs: KnownNeeds::default(),
            hand_off,
            starter: RwLock::new(None),
            due: Notify::new(),
            bulk_due: Notify::new(),
            changed,
            stopping: CancellationToken::new(),
        }));
        (engine.clone(), Worker::new(engine, handed_off))
    }

    /// For reading. Changes go through the engine.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Which onboardings this process changes. A hint: some may be missing.
    pub fn changes(&self) -> broadcast::Receiver<OnboardingId> {
        self.0.changed.subscribe()
    }

    /// Ends what only waits. Whoever asks is told how things stand at that moment.
    pub fn begin_stop(&self) {
        self.0.stopping.cancel();
    }

    pub fn is_stopping(&self) -> bool {
        self.0.stopping.is_cancelled()
    }

    /// Waits until this process is on its way out.
    pub async fn stopped(&self) {
        self.0.stopping.cancelled().await;
    }

    pub fn link_life(&self) -> TimeDelta {
        self.0.settings.link_life
    }

    /// How this process holds itself back from Cyclr at the moment.
    pub fn pressure(&self) -> cyclr::Pressure {
        self.0.cyclr.pressure()
    }

    /// The origin of Cyclr's sign-in pages.
    pub fn service_origin(&self) -> String {
        self.0.cyclr.service_origin()
    }
}
