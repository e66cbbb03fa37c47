//! How much one caller may ask, so that none takes the service from the others.
//!
//! Two limits, both of this process alone: requests for each API key, and keys that nobody knows for
//! each address that they come from. A key that was good here before is never refused for the company
//! that it keeps: others behind its address may guess as they like.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use ipnet::IpNet;

use super::{Error, Kind};
use crate::clock::Clock;
use crate::ids::ApiKeyId;
use crate::secret::digest;
use crate::telemetry::meters;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const FORWARDED_FOR: &str = "x-forwarded-for";

/// A caller may save up so many seconds of its rate.
const SAVED_SECONDS: u32 = 2;
/// Keys that nobody knows, from one address: so many at once, then one a second.
const MOST_GUESSES: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);
/// Addresses that are remembered. Beyond that, those that are new share one place.
const MOST_ADDRESSES: usize = 50_000;

#[derive(Debug, Clone, Default)]
pub struct RateSettings {
    /// Requests a second of one API key; `None`: no limit.
    pub per_key: Option<NonZeroU32>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct RateLimits(Arc<Limits>);

#[derive(Debug)]
struct Limits {
    settings: RateSettings,
    keys: Option<Keyed<ApiKeyId>>,
    guesses: Keyed<IpAddr>,
    /// Digests of keys that were good here. As many as there are keys at most.
    known: Mutex<HashSet<Vec<u8>>>,
}

type Keyed<K> = RateLimiter<K, HashMapStateStore<K>, LimitClock, StateInformationMiddleware>;

/// What a caller has left.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    quota: Quota,
    left: u32,
}

/// Where the handler leaves the allowance for the answer's headers.
#[derive(Debug, Clone, Default)]
struct Slot(Arc<OnceLock<Allowance>>);

/// Our clock for the limiter: tests stop it.
#[derive(Debug, Clone)]
struct LimitClock(Clock);

impl governor::clock::Clock for LimitClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let since = self.0.now().timestamp_nanos_opt().unwrap_or_default();
        Nanos::from(u64::try_from(since).unwrap_or_default())
    }
}

impl RateLimits {
    pub fn new(settings: RateSettings, clock: &Clock) -> Self {
        let keys = settings.per_key.map(|rate| {
            let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(SAVED_SECONDS - 1));
            limiter(Quota::per_second(rate).allow_burst(burst), clock)
        });
        let guesses = limiter(Quota::per_second(NonZeroU32::MIN).allow_burst(MOST_GUESSES), clock);
        Self(Arc::new(Limits { settings, keys, guesses, known: Mutex::default() }))
    }

    /// Whether somebody whom nobody knows may have something done: their address has guesses left.
    pub fn admit_stranger(&self, parts: &Parts) -> bool {
        let address = self.client_address(parts);
        address.is_none_or(|address| self.guess(address).is_ok())
    }

    /// Whether a key may be looked up: it was good before, or its address has guesses left.
    pub fn admit_unproven(&self, parts: &Parts, key: &str) -> Result<(), Error> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = known.contains(&digest(key));
        drop(known);
        let Some(address) = self.client_address(parts).filter(|_| !is_known) else { return Ok(()) };
        self.guess(address).map_err(|wait| {
            meters::request_refused("unknown_key");
            let detail = "Too many requests with API keys that are not known came from this address. \
                          Wait, and send a valid key.";
            too_many(detail, wait)
        })
    }

    /// How long to wait where there are no guesses left.
    fn guess(&self, address: IpAddr) -> Result<(), Duration> {
        let guesses = &self.0.guesses;
        let mut place = network(address);
        if guesses.len() >= MOST_ADDRESSES {
            guesses.retain_recent();
            if guesses.len() >= MOST_ADDRESSES {
                place = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            }
        }
        let checked = guesses.check_key(&place).map(drop);
        checked.map_err(|refusal| refusal.wait_time_from(self.now()))
    }

    /// A key that turned out to be good counts for itself from here on. Refused when it has asked too
    /// much; nothing was done then.
    pub fn admit_key(&self, parts: &Parts, id: ApiKeyId, key: &str) -> Result<(), Error> {
        let digest = digest(key);
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner).insert(digest);
        let Some(keys) = &self.0.keys else { return Ok(()) };
        let checked = keys.check_key(&id);
        let (allowance, refusal) = match checked {
            Ok(state) => {
                let left = state.remaining_burst_capacity();
                (Allowance { quota: state.quota(), left }, None)
            }
            Err(refusal) => (Allowance { quota: refusal.quota(), left: 0 }, Some(refusal)),
        };
        if let Some(slot) = parts.extensions.get::<Slot>() {
            // A request is counted once; if it were not, the first count stands.
            let _ = slot.0.set(allowance);
        }
        let Some(refusal) = refusal else { return Ok(()) };
        meters::request_refused("rate");
        let detail = "This API key has sent more requests than it may. Nothing was done; send it again \
                      when Retry-After is over.";
        Err(too_many(detail, refusal.wait_time_from(self.now())))
    }

    fn now(&self) -> Nanos {
        governor::clock::Clock::now(self.0.guesses.clock())
    }

    /// Where the request comes from, as far as that can be believed. `None`: nobody knows.
    fn client_address(&self, parts: &Parts) -> Option<IpAddr> {
        let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(believe(&self.0.settings.trusted_proxies, peer.ip(), &parts.headers))
    }
}

fn limiter<K: std::hash::Hash + Eq + Clone>(quota: Quota, clock: &Clock) -> Keyed<K> {
    RateLimiter::hashmap_with_clock(quota, LimitClock(clock.clone()))
        .with_middleware::<StateInformationMiddleware>()
}

/// The last address on the way here that is none of our own proxies. What stands before it anybody
/// can have written.
fn believe(trusted: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let is_ours = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut address = peer.to_canonical();
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let mut hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    while is_ours(&address) {
        let Some(Ok(hop)) = hops.next().map(|hop| hop.trim().parse::<IpAddr>()) else { break };
        address = hop.to_canonical();
    }
    address
}

/// A household has many addresses of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

fn too_many(detail: &str, wait: Duration) -> Error {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Error { retry_after: Some(seconds.max(1)), ..Error::new(Kind::RateLimited, detail) }
}

/// A middleware that tells each caller what it has left, as draft-ietf-httpapi-ratelimit-headers-10
/// has it.
pub async fn tell_limits(mut request: Request, next: Next) -> Response {
    let slot = Slot::default();
    request.extensions_mut().insert(slot.clone());
    let mut response = next.run(request).await;
    if let Some(allowance) = slot.0.get() {
        for (name, value) in [(POLICY, allowance.policy()), (LIMIT, allowance.left())] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    response
}

impl Allowance {
    fn policy(self) -> String {
        let window = self.quota.burst_size_replenished_in().as_secs().max(1);
        format!("\"key\";q={};w={window}", self.quota.burst_size())
    }

    /// What is left, and in how many seconds all of it will be there again.
    fn left(self) -> String {
        let used = self.quota.burst_size().get() - self.left;
        let whole = self.quota.replenish_interval() * used;
        let seconds = whole.as_secs() + u64::from(whole.subsec_nanos() > 0);
        format!("\"key\";r={};t={seconds}", self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_proxies_are_believed() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for (peer, forwarded, expected) in [
            ("203.0.113.9", "", "203.0.113.9"),
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.7", "198.51.100.1"),
            ("10.0.0.1", "10.0.0.8, 10.0.0.7", "10.0.0.8"),
            ("10.0.0.1", "junk", "10.0.0.1"),
            ("10.0.0.1", "1.1.1.1, junk, 10.0.0.7", "10.0.0.7"),
            ("fd00::1", "2001:db8::1", "2001:db8::1"),
        ] {
            let mut headers = HeaderMap::new();
            if !forwarded.is_empty() {
                headers.insert(FORWARDED_FOR, forwarded.parse().unwrap());
            }
            let seen = believe(&trusted, peer.parse().unwrap(), &headers);
            assert_eq!(seen, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded}");
        }
        let one: IpAddr = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        assert_eq!(network(one), "2001:db8:1:2::".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn addresses_without_end_take_no_memory_without_end() {
        let limits = RateLimits::new(
            RateSettings::default(),
            &Clock::stopped_at(chrono::DateTime::UNIX_EPOCH),
        );
        for n in 0..u32::try_from(MOST_ADDRESSES).unwrap() + 500 {
            let (mut parts, ()) = Request::new(()).into_parts();
            let peer = SocketAddr::from((Ipv4Addr::from_bits(0x0100_0000 + n), 443));
            parts.extensions.insert(ConnectInfo(peer));
            drop(limits.admit_unproven(&parts, "guess"));
        }
        assert!(limits.0.guesses.len() <= MOST_ADDRESSES + 1);
    }
}
