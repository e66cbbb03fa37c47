//! The one way out of this room: a bounded exchange of one request and one reply.

use std::error::Error as _;
use std::fmt::Write as _;
use std::future::Future;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect;
use tokio::time::Instant;
use tracing::{Instrument, field};

use super::call_log::{CallLog, Entry};
use super::error::{Error, NotSent};
use super::lenient::{self, Reply};
use super::pressure::{Caller, Gate, Permit, Pressure, Verdict};
use super::probe::Probe;
use super::refusal;
use super::settings::{Settings, SetupError};
use crate::clock::Clock;
use crate::secret::Secret;

/// Shorter than the idle limits of common servers and balancers (60 s and up), so that a request
/// is rarely written to a connection that the other side is just closing.
const IDLE_CONNECTION: Duration = Duration::from_secs(20);

/// A refusal's body is only read for its words.
const REFUSAL_LIMIT: usize = 64 * 1024;

pub(super) struct Transport {
    http: reqwest::Client,
    gate: Gate,
    probe: Probe,
    body_limit: usize,
    pub(super) clock: Clock,
}

/// When a call ends, however many requests it is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    /// Nothing is sent any more after this: its answer could hardly be read, and a mutation would
    /// be in doubt for nothing.
    last_start: Instant,
    end: Instant,
}

/// What an exchange is for, and what was sent with it that must not show in what is kept.
pub(super) struct Purpose<'a> {
    pub(super) call: &'static str,
    pub(super) mutating: bool,
    /// The token request goes without a slot: those who hold one may be waiting for it.
    pub(super) needs_slot: bool,
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    pub(super) deadline: Deadline,
    pub(super) log: &'a CallLog,
    pub(super) bearer: Option<&'a Secret>,
    /// What the body holds that must not come back in an error's text.
    pub(super) credential: Option<&'a Secret>,
}

/// A successful reply, read to its end and understood.
pub(super) struct Answer<T> {
    pub(super) reply: T,
    /// From the header `Total-Pages` of lists (OBS).
    pub(super) total_pages: Option<u32>,
}

impl Deadline {
    pub(super) fn after(duration: Duration) -> Self {
        let end = Instant::now() + duration;
        let last_start = end - duration / 10;
        Self { last_start, end }
    }

    /// `None` when the time was up first.
    pub(super) async fn bound<F: Future>(self, work: F) -> Option<F::Output> {
        tokio::time::timeout_at(self.end, work).await.ok()
    }
}

impl Transport {
    pub(super) fn new(settings: &Settings, clock: Clock) -> Result<Self, SetupError> {
        // Somebody else may have installed a provider before; then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("gangway/", env!("CARGO_PKG_VERSION")))
            .https_only(settings.api_base.scheme() == "https")
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .http1_only()
            .gzip(true)
            .connect_timeout(settings.connect_deadline)
            .pool_idle_timeout(IDLE_CONNECTION)
            .pool_max_idle_per_host(settings.calls_at_once)
            .build()
            .map_err(SetupError::Tls)?;
        Ok(Self {
            http,
            gate: Gate::new(settings.pressure.clone(), settings.calls_at_once),
            probe: Probe::at(&settings.api_base),
            body_limit: settings.body_limit,
            clock,
        })
    }

    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(super) fn pressure(&self) -> Pressure {
        self.gate.pressure()
    }

    /// Sends once, reads once, notes it in the log. What is held back is not in the log: it was not
    /// tried, and is tried often.
    pub(super) async fn exchange<T: Reply>(
        &self,
        purpose: &Purpose<'_>,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer<T>, Error> {
        let now = self.clock.now();
        let mut entry = Entry::begin(purpose.log, purpose.call, purpose.method, purpose.path, now);
        let span = tracing::info_span!(
            "cyclr.call",
            otel.kind = "client",
            cyclr.call = purpose.call,
            http.method = purpose.method,
            http.path = purpose.path,
            http.status = field::Empty
        );
        let work = async {
            let permit = match self.enter(purpose).await {
                Ok(permit) => permit,
                Err(held @ NotSent::HeldBack { .. }) => {
                    entry.forget();
                    return Err(purpose.unsent(held));
                }
                Err(reason) => {
                    let result = Err(purpose.unsent(reason));
                    entry.close(&result);
                    return result;
                }
            };
            // By itself on the heap: whoever waits for a permit needs no room for it yet.
            let result = Box::pin(self.ask(purpose, request, &mut entry)).await;
            entry.close(&result);
            self.leave(purpose, permit, result)
        };
        work.instrument(span).await
    }

    /// Waits for a permit. Whoever comes first after a pause finds out whether Cyclr is back: with a
    /// harmless call rather than with its own, which might be in doubt afterwards.
    async fn enter(&self, purpose: &Purpose<'_>) -> Result<Permit, NotSent> {
        let caller = Caller {
            needs_slot: purpose.needs_slot,
            is_under_way: purpose.log.has_answer(),
            goes_on: purpose.log.goes_on(),
            last_start: purpose.deadline.last_start,
        };
        let permit = self.gate.enter(caller).await?;
        let Some(bearer) = purpose.bearer.filter(|_| permit.is_probe()) else { return Ok(permit) };
        // Rare, and so not part of what every call takes up.
        Box::pin(self.probe.send(self, purpose, bearer, permit)).await?;
        let permit = self.gate.enter(caller).await?;
        if permit.is_probe() { Err(self.gate.held_back()) } else { Ok(permit) }
    }

    fn leave<T: Reply>(
        &self,
        purpose: &Purpose<'_>,
        permit: Permit,
        result: Result<Answer<T>, Error>,
    ) -> Result<Answer<T>, Error> {
        let verdict = Verdict::of(&result);
        if !permit.is_probe() {
            permit.end(verdict);
            return result;
        }
        // The token request, before anything else can be asked. A token says little about the API.
        if !verdict.is_failure() {
            permit.leave_open();
            return result;
        }
        permit.end(verdict);
        Err(purpose.unsent(self.gate.held_back()))
    }

    /// The same without a gate, for the probe, which has the only permit there is.
    pub(super) async fn probe<T: Reply>(
        &self,
        purpose: &Purpose<'_>,
        request: reqwest::RequestBuilder,
        permit: Permit,
    ) -> Result<(), NotSent> {
        let now = self.clock.now();
        let mut entry = Entry::begin(purpose.log, purpose.call, purpose.method, purpose.path, now);
        let result = self.ask::<T>(purpose, request, &mut entry).await;
        entry.close(&result);
        let verdict = Verdict::of(&result);
        permit.end(verdict);
        if verdict.is_failure() { Err(self.gate.held_back()) } else { Ok(()) }
    }

    async fn ask<T: Reply>(
        &self,
        purpose: &Purpose<'_>,
        request: reqwest::RequestBuilder,
        entry: &mut Entry,
    ) -> Result<Answer<T>, Error> {
        let response = match purpose.deadline.bound(request.send()).await {
            None => return Err(purpose.no_answer("the time was up")),
            Some(Err(error)) => return Err(purpose.broken(error)),
            Some(Ok(response)) => response,
        };
        let status = response.status();
        entry.answered(status.as_u16());
        tracing::Span::current().record("http.status", status.as_u16());
        if status.is_success() {
            return self.read_answer(purpose, response).await;
        }
        let retry_after = header(response.headers(), RETRY_AFTER.as_str())
            .and_then(|text| refusal::parse_retry_after(text, self.clock.now()));
        let limit = self.body_limit.min(REFUSAL_LIMIT);
        // A refusal stands, whatever becomes of its words.
        let body = purpose.read(response, limit).await.unwrap_or_default();
        Err(Error::Refused {
            call: purpose.call,
            status: status.as_u16(),
            message: refusal::words(&body, purpose.bearer, purpose.credential),
            retry_after,
            mutating: purpose.mutating,
        })
    }

    async fn read_answer<T: Reply>(
        &self,
        purpose: &Purpose<'_>,
        response: reqwest::Response,
    ) -> Result<Answer<T>, Error> {
        let total_pages =
            header(response.headers(), "total-pages").and_then(|text| text.trim().parse().ok());
        let body = purpose.read(response, self.body_limit).await?;
        let reply = lenient::read_body(body).map_err(|reason| purpose.unreadable(reason))?;
        Ok(Answer { reply, total_pages })
    }
}

impl Purpose<'_> {
    /// Reads chunk by chunk, counted after decompression. Giving up drops the connection.
    async fn read(&self, mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        loop {
            match self.deadline.bound(response.chunk()).await {
                None => return Err(self.no_answer("the time was up before the answer ended")),
                Some(Err(_)) => return Err(self.unreadable("it ends early")),
                Some(Ok(None)) => return Ok(body),
                Some(Ok(Some(chunk))) if chunk.len() > limit - body.len() => {
                    return Err(self.unreadable("it is too large"));
                }
                Some(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
            }
        }
    }

    fn unsent(&self, reason: NotSent) -> Error {
        Error::Unsent { call: self.call, reason }
    }

    fn no_answer(&self, cause: &str) -> Error {
        Error::NoAnswer { call: self.call, mutating: self.mutating, cause: cause.to_owned() }
    }

    fn unreadable(&self, reason: &'static str) -> Error {
        Error::Unreadable { call: self.call, mutating: self.mutating, reason }
    }

    fn broken(&self, error: reqwest::Error) -> Error {
        if error.is_builder() {
            self.unsent(NotSent::Unbuildable)
        } else if error.is_connect() {
            self.unsent(NotSent::NoConnection(chain(error)))
        } else {
            self.no_answer(&chain(error))
        }
    }
}

/// The causes in one line, without the address. They may quote the other side, its certificate's
/// names for one.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    refusal::one_line(&text)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
