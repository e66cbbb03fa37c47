//! What every handler may hold.

use std::sync::Arc;

use url::Url;

use super::{LinkGrant, LinkKeys, RateLimits, RateSettings, Watch};
use crate::clock::Clock;
use crate::engine::Engine;
use crate::identity::Provider;
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
    identity: Option<Provider>,
}

impl AppState {
    pub fn new(engine: Engine, links: LinkKeys, endpoints: Endpoints, public_url: Url) -> Self {
        let rate_limits = RateLimits::new(RateSettings::default(), engine.clock());
        let (public_url, watch) = (Arc::new(public_url), Watch::default());
        Self { engine, links, endpoints, public_url, watch, rate_limits, identity: None }
    }

    /// With other limits than none for a key.
    #[must_use]
    pub fn limited_to(self, settings: RateSettings) -> Self {
        let rate_limits = RateLimits::new(settings, self.clock());
        Self { rate_limits, ..self }
    }

    /// With somebody who says who staff are, if there is one.
    #[must_use]
    pub fn proven_by(self, identity: Option<Provider>) -> Self {
        Self { identity, ..self }
    }

    /// Who says who staff are, beside their own passwords.
    pub fn identity(&self) -> Option<&Provider> {
        self.identity.as_ref()
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
    pub fn link_url(&self, onboarding: &Onboarding) -> String {
        self.url_with(onboarding, &self.links.link_token(&LinkGrant::whole(onboarding)))
    }

    /// The same with a placeholder for its secret, to be kept. Nobody can have put this into the tenant's
    /// data: the id is made after the data came.
    pub fn link_to_keep(&self, onboarding: &Onboarding) -> String {
        self.url_with(onboarding, &placeholder(onboarding.id))
    }

    fn url_with(&self, onboarding: &Onboarding, token: &str) -> String {
        format!("{}l/{token}", self.pages_base(onboarding))
    }

    /// What was kept as it is sent: with the secret of the link that was good then.
    pub fn fill_in_link(&self, kept: &str, onboarding: OnboardingId, generation: i32) -> String {
        let token = self.links.link_token(&LinkGrant { onboarding, generation, only: None });
        // What was kept by earlier versions stands for the whole address.
        let whole = format!("{}l/{token}", self.base());
        kept.replace(&placeholder(onboarding), &token)
            .replace(&format!("gangway:link:{onboarding}"), &whole)
    }

    /// The address that a person may be given, see [`Onboarding::offers_link`].
    pub fn open_link_url(&self, onboarding: &Onboarding) -> Option<String> {
        onboarding.offers_link(self.clock().now()).then(|| self.link_url(onboarding))
    }

    /// Where this onboarding's pages are, with exactly one slash at its end.
    pub fn pages_base(&self, onboarding: &Onboarding) -> String {
        let own = onboarding.profile.pages_url.as_ref().map(Url::as_str);
        own.map_or_else(|| self.base(), |own| format!("{}/", own.trim_end_matches('/')))
    }

    /// The address of one of our own pages, for whoever sends people back to it. `None` if it is none.
    pub fn address_of(&self, path: &str) -> Option<Url> {
        Url::parse(&format!("{}{}", self.base(), path.trim_start_matches('/'))).ok()
    }

    /// The public URL with exactly one slash at its end.
    fn base(&self) -> String {
        let base = self.public_url.as_str();
        if base.ends_with('/') { base.to_owned() } else { format!("{base}/") }
    }
}

fn placeholder(id: OnboardingId) -> String {
    format!("gangway:token:{id}")
}
