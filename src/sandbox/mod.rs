//! A pretend Cyclr with a pretend connector provider: for the tour, for development, for the tests.
//!
//! It is for practice. Its control surface asks nobody who they are, and whoever reaches it owns
//! it: bind it to loopback or to a closed network, never where strangers come.
//!
//! It speaks HTTP and shares no type with the client that drives it, nor uses any other room: had
//! they a type in common, both could be wrong together. One router plays three hosts: the API, the
//! browser-facing service domain, and the provider whose consent screen is shown.
//!
//! What always holds: a call changes the world under one short lock, all of it or nothing; with
//! `kept_in` the change is on disk before the answer leaves; nothing is authorised by a GET; the
//! world shows credentials as set or not set; a call struck by a fault is performed or not as its
//! kind says, never half.
//!
//! Where Cyclr's behaviour is unknown, each answer that it might give is a variant with a name.

mod account;
mod begin;
mod browser;
mod calls;
mod catalogue;
mod clock;
mod control;
mod cycle;
mod duplicates;
mod effect;
mod endpoints;
mod faults;
mod hear;
mod install;
mod keep;
mod late;
mod mangle;
mod orders;
mod outbound;
mod page;
mod picture;
mod program;
mod provider;
mod request;
mod runs;
mod serve;
mod shapes;
mod shared;
mod suffer;
mod variants;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use url::Url;

pub use calls::HeardCall;
pub use catalogue::{
    AuthType, Authentication, CLIENT_ID, CLIENT_SECRET, CRM_TO_MAIL, Catalogue, Choice, ClientAuth,
    Connector, ConnectorMethod, ConnectorProperty, ConnectorStatus, Credentials, DEPOT_FTP,
    DEPOT_TO_STORE, HARBOUR_CRM, Input, LEDGER_CLOUD, Lookup, Method, NIGHTLY_LEDGER, OAuth2Type,
    OAuthProvider, Output, PARCEL_MAIL, Prerequisite, PresentAccount, PresentConnector,
    PresentCycle, PresentMapping, PresentProperty, ProviderClient, RunOutcome, STORE_ONLY,
    StepErrorAction, TIDE_STORE, Template, TemplateStep, Variable,
};
pub use cycle::{MappingType, Status};
pub use effect::Effect;
pub use faults::{Fault, FaultKind, StruckBy, parse_faults};
pub use outbound::SentNotice;
pub use program::{Opened, Options};
pub use serve::{Hosts, serve, serve_hosts};
pub use variants::{Question, Variants};

use browser::OwnDoor;
use calls::CallBook;
use catalogue::Shelves;
use clock::Clock;
use faults::Faults;
use keep::Keeper;
use late::Late;
use outbound::Outbound;
use request::Refusal;
use world::World;

/// Why a sandbox cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the sandbox's catalogue is not readable: {0}")]
    CatalogueShape(String),
    #[error("the sandbox's catalogue contradicts itself: {0}")]
    Catalogue(String),
    #[error("cannot read {}", file.display())]
    Unreadable { file: PathBuf, source: std::io::Error },
    #[error("the sandbox cannot listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("{} cannot be used for TLS: {why}", file.display())]
    Tls { file: PathBuf, why: String },
    #[error("the sandbox's world in {} is damaged; repair the file, or remove it to begin anew: {why}", file.display())]
    Damaged { file: PathBuf, why: String },
    #[error("the sandbox's faults cannot be used: {0}")]
    Faults(String),
    #[error("the sandbox's variants cannot be used: {0}")]
    Variants(String),
}

/// How the sandbox is set up.
pub struct Settings {
    /// Partner client id that it accepts.
    pub client_id: String,
    /// Partner client secret that it accepts.
    pub client_secret: String,
    pub catalogue: Catalogue,
    /// File in which the world survives a restart.
    pub kept_in: Option<PathBuf>,
    /// The system's clock when absent; else one that stands still until it is moved.
    pub clock: Option<DateTime<Utc>>,
    /// Whether the calls that are heard are remembered.
    pub record_calls: bool,
    /// Address under which people's browsers reach the sandbox, as Cyclr's service domain; what
    /// their `Host` header says, with the listener's scheme, when absent. Providers return to it;
    /// behind a proxy that ends TLS it has to be given.
    pub service_domain: Option<Url>,
    /// Where a link on the page for failed sign-ins leads, with what the provider said: operators can put
    /// one there (DOC). Without it the page leads nowhere.
    pub error_link: Option<Url>,
    /// In force from the beginning.
    pub faults: Vec<Fault>,
    /// What it answers where Cyclr's answer is unknown.
    pub variants: Variants,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            catalogue: Catalogue::built_in(),
            kept_in: None,
            clock: None,
            record_calls: true,
            service_domain: None,
            error_link: None,
            faults: Vec::new(),
            variants: Variants::default(),
        }
    }
}

/// The sandbox. Clones are the same one.
#[derive(Clone)]
pub struct Sandbox(Arc<Inside>);

struct Inside {
    partner: Vec<Credentials>,
    shelves: Shelves,
    keeper: Option<Keeper>,
    clock: Clock,
    world: Mutex<World>,
    calls: CallBook,
    faults: Faults,
    late: Late,
    outbound: Outbound,
    service_domain: Option<Url>,
    error_link: Option<Url>,
    own_door: OwnDoor,
    variants: RwLock<Variants>,
    /// In force when it was opened.
    first_faults: Vec<Fault>,
    first_variants: Variants,
}

impl Sandbox {
    /// Loads the kept world when there is one.
    pub fn open(settings: Settings) -> Result<Self, Error> {
        settings.catalogue.check()?;
        let keeper = settings.kept_in.map(Keeper::new);
        let clock = Clock::new(settings.clock);
        let Settings { mut catalogue, client_id, client_secret, faults, variants, .. } = settings;
        let mut partner = std::mem::take(&mut catalogue.partner);
        if partner.is_empty() {
            partner.push(Credentials { client_id, client_secret });
        }
        let shelves = catalogue.shelve();
        let kept = keeper.as_ref().map(Keeper::load).transpose()?.flatten();
        let mut world = kept.unwrap_or_else(|| World::beginning(&shelves, clock.now()));
        world.sweep(clock.now());
        world.find_next_run();
        let sandbox = Self(Arc::new(Inside {
            partner,
            shelves,
            keeper,
            clock,
            world: Mutex::new(world),
            calls: CallBook::new(settings.record_calls),
            faults: Faults::default(),
            late: Late::default(),
            outbound: Outbound::default(),
            service_domain: settings.service_domain,
            error_link: settings.error_link,
            own_door: OwnDoor::default(),
            variants: RwLock::new(variants),
            first_faults: faults,
            first_variants: variants,
        }));
        sandbox.0.first_faults.iter().for_each(|fault| sandbox.inject(fault.clone()));
        Ok(sandbox)
    }

    fn error_link(&self) -> Option<&Url> {
        self.0.error_link.as_ref()
    }

    /// API host, service domain, provider and control surface on one router.
    pub fn router(&self) -> axum::Router {
        self.heard(Self::api().merge(browser::router()))
    }

    /// All but what people's browsers open.
    fn api_router(&self) -> axum::Router {
        self.heard(Self::api())
    }

    /// What people's browsers open.
    fn service_domain_router(&self) -> axum::Router {
        self.heard(browser::router())
    }

    fn api() -> axum::Router<Self> {
        endpoints::router().merge(control::router()).merge(orders::router()).merge(page::router())
    }

    fn heard(&self, router: axum::Router<Self>) -> axum::Router {
        let hear = axum::middleware::from_fn_with_state(self.clone(), hear::hear);
        router.layer(hear).with_state(self.clone())
    }

    /// The world as `GET /_sandbox/world` tells it.
    pub fn world(&self) -> Value {
        self.read(|world, _| picture::of(world))
    }

    /// The calls to `/v1.0/…` and `/oauth/token` in the order in which they came; the latest
    /// 100,000 are remembered.
    pub fn calls(&self) -> Vec<HeardCall> {
        self.0.calls.read()
    }

    /// Begins the list of heard calls anew.
    pub fn forget_calls(&self) {
        self.0.calls.forget();
    }

    /// Adds a fault; the first that matches a call strikes it.
    pub fn inject(&self, fault: Fault) {
        self.0.faults.inject(fault);
    }

    /// Removes all faults and lets held calls go on.
    pub fn clear_faults(&self) {
        self.0.faults.clear();
    }

    /// Done as soon as at least one call is being held.
    pub fn wait_until_held(&self) -> impl Future<Output = ()> + Send + use<> {
        self.0.faults.wait_until(true)
    }

    /// Done as soon as no call is being held: answered, or its client was seen to go.
    pub fn wait_until_none_held(&self) -> impl Future<Output = ()> + Send + use<> {
        self.0.faults.wait_until(false)
    }

    /// The answers that it gives where Cyclr's are unknown.
    pub fn variants(&self) -> Variants {
        *self.0.variants.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_variants(&self, variants: Variants) {
        *self.0.variants.write().unwrap_or_else(PoisonError::into_inner) = variants;
    }

    /// World, faults and variants as they were when it was opened without a kept world; no call
    /// was heard, none is late. The clock stays where it is, and every token is dead.
    fn begin_anew(&self) -> Result<(), Refusal> {
        self.0.late.forget();
        self.change(|world, now| {
            *world = World::beginning(&self.0.shelves, now);
            Ok(())
        })?;
        // After the world, so that calls that were held find their tokens dead.
        self.clear_faults();
        self.0.first_faults.iter().for_each(|fault| self.inject(fault.clone()));
        self.set_variants(self.0.first_variants);
        self.0.outbound.forget();
        self.forget_calls();
        Ok(())
    }

    /// Moves the clock, and what is due by then happens.
    pub fn advance(&self, by: TimeDelta) {
        self.0.clock.advance(by);
        self.run_what_is_due();
    }

    /// Transaction-error webhooks that were sent, the latest last.
    pub fn sent_notices(&self) -> Vec<SentNotice> {
        self.0.outbound.sent()
    }

    /// Runs of cycles happen when somebody looks; this is such a look.
    fn run_what_is_due(&self) {
        drop(self.lock());
    }

    /// The world as it is now: what was due in the meantime has happened.
    fn lock(&self) -> MutexGuard<'_, World> {
        let mut world = self.0.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.0.clock.now();
        let notices = world.run_what_is_due(now, self.0.shelves.error_webhook.as_ref());
        self.send(notices, now);
        world
    }

    fn read<T>(&self, look: impl FnOnce(&World, DateTime<Utc>) -> T) -> T {
        look(&self.lock(), self.0.clock.now())
    }

    /// `act` must check before it writes: what it refuses it leaves as it was.
    fn change<T>(
        &self,
        act: impl FnOnce(&mut World, DateTime<Utc>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut world = self.lock();
        let done = act(&mut world, self.0.clock.now())?;
        if let Some(keeper) = &self.0.keeper {
            // Under the lock: the file must never go back to an older world.
            keeper.save(&world).map_err(|error| {
                tracing::error!(%error, "the sandbox could not keep its world");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Refusal::new(status, "The sandbox could not write its file.")
            })?;
        }
        Ok(done)
    }
}
