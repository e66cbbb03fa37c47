//! The client, and its two ways of speaking: as the partner, and inside an account.

use std::sync::Arc;
use std::time::Duration;

use super::accounts::SignInToken;
use super::call_log::CallLog;
use super::link::{self, WayBack};
use super::pressure::Pressure;
use super::session::Session;
use super::settings::{Settings, SetupError};
use super::token::Tokens;
use super::transport::Transport;
use crate::clock::Clock;
use crate::ids::{AccountId, ConnectorId};
use crate::secret::Secret;

/// How long a page for people may take to answer.
const SERVICE_PATIENCE: Duration = Duration::from_secs(5);

/// Speaks to one Cyclr host with one set of credentials. Clones share connections and token.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) transport: Transport,
    pub(super) tokens: Tokens,
}

/// Calls that belong to no account.
#[derive(Clone)]
pub struct Partner(pub(super) Session);

/// Calls inside one account: each carries the header that names it.
#[derive(Clone)]
pub struct Account(pub(super) Session);

impl Client {
    /// Fails when a setting is unusable or the system's root certificates cannot be read.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, SetupError> {
        settings.check()?;
        let transport = Transport::new(&settings, clock)?;
        Ok(Self(Arc::new(Inner { settings, transport, tokens: Tokens::default() })))
    }

    /// For calls outside any account, noted in `log`.
    pub fn partner(&self, log: &CallLog) -> Partner {
        Partner(self.session(None, log))
    }

    /// For calls inside `account`, noted in `log`.
    pub fn in_account(&self, account: &AccountId, log: &CallLog) -> Account {
        Account(self.session(Some(account.clone()), log))
    }

    /// The address at which a person signs in to `connector` (DOC). It holds a live token: send
    /// the browser there and keep it nowhere.
    pub fn sign_in_page(
        &self,
        connector: ConnectorId,
        token: &SignInToken,
        way_back: &WayBack,
    ) -> Secret {
        let domain = &self.0.settings.service_domain;
        link::sign_in_page(domain, connector, token, way_back)
    }

    /// Scheme, host and port that tenants' browsers see, as `event.origin` spells it.
    pub fn service_origin(&self) -> String {
        self.0.settings.service_domain.origin().ascii_serialization()
    }

    /// Whether anything answers where tenants' browsers are sent. It is a page for people, so any
    /// answer will do; why there was none otherwise, in a word.
    pub async fn service_domain_answers(&self) -> Result<(), &'static str> {
        let settings = &self.0.settings;
        let request = self.0.transport.http().get(settings.service_domain.clone());
        match request.timeout(settings.call_deadline.min(SERVICE_PATIENCE)).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.is_timeout() => Err("timed out"),
            Err(error) if error.is_connect() => Err("no connection"),
            Err(_) => Err("broke off"),
        }
    }

    /// No function of this room takes longer.
    pub fn call_deadline(&self) -> Duration {
        self.0.settings.call_deadline
    }

    /// How this process holds itself back from Cyclr at the moment.
    pub fn pressure(&self) -> Pressure {
        self.0.transport.pressure()
    }

    fn session(&self, account: Option<AccountId>, log: &CallLog) -> Session {
        Session { inner: Arc::clone(&self.0), account, log: log.clone() }
    }
}
