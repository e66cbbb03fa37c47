//! What every handler may hold.

use std::sync::Arc;

use url::Url;

use super::{LinkKeys, RateLimits, RateSettings, Watch};
use crate::clock::Clock;
use crate::engine::Engine;
use crate::ids::OnboardingId;
use crate::onboarding::Onboarding;
use crate::store::Store;
use crate::webhooks::Endpoints;

/// Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    pub engine: Engine,
    pub links: LinkKeys,
    endpoints: Endpoints,
    public_url: Arc<Url>,
    watch: Watch,
    rate_limits: RateLimits,
}

impl AppState {
    pub fn new(engine: Engine, links: LinkKeys, endpoints: Endpoints, public_url: Url) -> Self {
        let rate_limits = RateLimits::new(RateSettings::default(), engine.clock());
        let (public_url, watch) = (Arc::new(public_url), Watch::default());
        Self { engine, links, endpoints, public_url, watch, rate_limits }
    }

    /// With other limits than none for a key.
    #[must_use]
    pub fn limited_to(self, settings: RateSettings) -> Self {
        let rate_limits = RateLimits::new(settings, self.clock());
        Self { rate_limits, ..self }
    }

    /// How much a caller may ask.
    pub fn rate_limits(&self) -> &RateLimits {
        &self.rate_limits
    }

    /// Where the integrator is told of changes.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// For those who wait for news.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// For reading. Changes go through the engine.
    pub fn store(&self) -> &Store {
        self.engine.store()
    }

    pub fn clock(&self) -> &Clock {
        self.engine.clock()
    }

    pub fn public_url(&self) -> &Url {
        &self.public_url
    }

    /// Whether browsers reach us over TLS, so that cookies can insist on it.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// The address of an onboarding's pages. Derived each time; kept nowhere.
    pub fn link_url(&self, id: OnboardingId, generation: i32) -> String {
        format!("{}l/{}", self.base(), self.links.link_token(id, generation))
    }

    /// The address that a person may be given, see [`Onboarding::offers_link`].
    pub fn open_link_url(&self, onboarding: &Onboarding) -> Option<String> {
        let offered = onboarding.offers_link(self.clock().now());
        offered.then(|| self.link_url(onboarding.id, onboarding.link.generation))
    }

    /// The public URL with exactly one slash at its end.
    fn base(&self) -> String {
        let base = self.public_url.as_str();
        if base.ends_with('/') { base.to_owned() } else { format!("{base}/") }
    }
}
