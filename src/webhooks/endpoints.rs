//! What the integrator may do with endpoints: addresses are judged and secrets are sealed here.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::{Host, Url};
use uuid::Uuid;

use super::address::{LookUpError, PublicOnly};
use super::signature::{SECRET, spell_secret};
use super::{Refusal, Settings, check_address};
use crate::ids::EndpointId;
use crate::secret::{MasterKey, Reseal, SealKey};
use crate::store::{
    self, EndpointOrder, IdempotencyKey, OnceError, OrderOutcome, OrderedAnswer, SealedSecret,
    Store,
};

/// Secrets that are read together to be sealed anew.
const RESEALED_AT_ONCE: u16 = 100;
/// How long a name may take to be looked up while somebody waits for the answer.
const LOOK_UP: Duration = Duration::from_secs(2);

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Endpoints {
    store: Store,
    key: SealKey,
    settings: Arc<Settings>,
}

/// A request that is answered the same way when it comes again.
#[derive(Debug, Clone)]
pub struct Once(pub Option<IdempotencyKey>);

/// What became of the secrets that are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Were under the newest key already.
    pub fresh: u64,
    /// Are under it now.
    pub resealed: u64,
    /// No key that was given opens them.
    pub foreign: u64,
}

/// The answer: its status and its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    pub status: u16,
    pub body: String,
}

impl Endpoints {
    pub fn new(store: Store, master: &MasterKey, settings: Settings) -> Self {
        Self { store, key: master.derive_seal("webhooks"), settings: Arc::new(settings) }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The address, unless it is one that is never called. A name that leads nowhere now may do so
    /// later, and is judged again then.
    pub async fn check(&self, text: &str) -> Result<Url, Refusal> {
        let url = check_address(text, self.settings.insecure)?;
        let resolver = PublicOnly { insecure: self.settings.insecure };
        if let Some(Host::Domain(name)) = url.host() {
            let found = tokio::time::timeout(LOOK_UP, resolver.look_up(name)).await;
            if let Ok(Err(LookUpError::Refused(refusal))) = found {
                return Err(refusal);
            }
        }
        Ok(url)
    }

    /// A new secret for an endpoint: how it is kept, and how it is shown this once.
    pub fn make_secret(&self, endpoint: EndpointId) -> (SealedSecret, String) {
        let secret: [u8; SECRET] = rand::random();
        let id = Uuid::now_v7();
        let sealed = self.key.seal(&secret, &bound_to(endpoint, id));
        (SealedSecret { id, sealed }, spell_secret(&secret))
    }

    /// `None` for what was not sealed with our key, or for something else.
    pub(super) fn open_secret(
        &self,
        endpoint: EndpointId,
        secret: &SealedSecret,
    ) -> Option<[u8; SECRET]> {
        let opened = self.key.open(&secret.sealed, &bound_to(endpoint, secret.id))?;
        opened.try_into().ok()
    }

    /// Brings every secret that is kept under the newest key, one at a time: nobody waits for it, and it can
    /// be broken off and begun again.
    pub async fn reseal(&self) -> Result<Resealed, store::Error> {
        let mut done = Resealed::default();
        let mut after = None;
        loop {
            let secrets = self.store.list_sealed_secrets(after, RESEALED_AT_ONCE).await?;
            let Some((endpoint, last)) = secrets.last() else { return Ok(done) };
            after = Some((*endpoint, last.id));
            for (endpoint, secret) in &secrets {
                match self.key.reseal(&secret.sealed, &bound_to(*endpoint, secret.id)) {
                    Reseal::Fresh => done.fresh += 1,
                    Reseal::Foreign => done.foreign += 1,
                    Reseal::Stale(sealed) => {
                        let kept = self.store.replace_sealed_secret(*endpoint, secret, &sealed);
                        done.resealed += u64::from(kept.await?);
                    }
                }
            }
        }
    }

    /// Carries an order out, or finds the answer that it got before.
    pub async fn order(
        &self,
        order: &EndpointOrder,
        once: &Once,
        render: impl Fn(&OrderOutcome) -> (u16, String) + Send + Sync,
    ) -> Result<Ordered, OnceError> {
        let bound = once.0.as_ref().map(answer_bound_to).unwrap_or_default();
        let render = |outcome: &OrderOutcome| {
            let (status, body) = render(outcome);
            let kept = STANDARD.encode(self.key.seal(body.as_bytes(), &bound));
            (status, body, kept)
        };
        match self.store.order_endpoint(order, once.0.as_ref(), &render).await? {
            OrderedAnswer::Fresh { status, body } => Ok(Ordered { status, body }),
            OrderedAnswer::Earlier { status, kept } => self.open_answer(status, &kept, &bound),
        }
    }

    /// The answer that this request got before, if it was carried out.
    pub async fn find_answer(&self, once: &Once) -> Result<Option<Ordered>, OnceError> {
        let Some(key) = &once.0 else { return Ok(None) };
        let kept = self.store.find_answer(key).await?;
        let opened =
            kept.map(|kept| self.open_answer(kept.status, &kept.body, &answer_bound_to(key)));
        opened.transpose()
    }

    fn open_answer(&self, status: u16, kept: &str, bound: &[u8]) -> Result<Ordered, OnceError> {
        let sealed = STANDARD.decode(kept).ok();
        let opened = sealed.and_then(|sealed| self.key.open(&sealed, bound));
        // Answered under a key of earlier days, or to a request of another kind.
        let body = opened.and_then(|body| String::from_utf8(body).ok());
        Ok(Ordered { status, body: body.ok_or(OnceError::KeyReused)? })
    }
}

fn bound_to(endpoint: EndpointId, secret: Uuid) -> Vec<u8> {
    [b"secret".as_slice(), endpoint.0.as_bytes(), secret.as_bytes()].concat()
}

fn answer_bound_to(key: &IdempotencyKey) -> Vec<u8> {
    [b"answer".as_slice(), key.owner.0.as_bytes(), key.key.as_bytes()].concat()
}
