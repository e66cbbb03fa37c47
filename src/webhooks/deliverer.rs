//! The part that runs: spreads what is new, sends what is due, keeps what came of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::Endpoints;
use super::schedule::{delay, parse_retry_after};
use super::send::{Answer, Letter, Outcome, Sender};
use super::signature::sign;
use crate::clock::Clock;
use crate::ids::{EndpointId, OnboardingId};
use crate::store::{AttemptLine, Error, Spread, Store, TakenDelivery, Told, Verdict};
use crate::telemetry::{meters, traces};

/// Most rows that leave the outbox in one transaction, and most attempts kept in one.
const MOST_AT_ONCE: usize = 512;
/// How often old messages are looked for.
const CLEAN_UP: Duration = Duration::from_mins(1);
/// How long a wait for the same receiver lasts at most.
const LONGEST_HOLD: Duration = Duration::from_hours(1);
const GONE: u16 = 410;

/// Spells the body of a message out, with placeholders for links.
pub type Spelled = dyn Fn(&Told<'_>) -> String + Send + Sync;
/// Puts the link of an onboarding in a generation of it into a body.
pub type Linked = dyn Fn(&str, OnboardingId, i32) -> String + Send + Sync;

/// How things are put to the integrator: by the door that shows them on request, too.
#[derive(Clone)]
pub struct Words {
    pub body: Arc<Spelled>,
    pub with_link: Arc<Linked>,
}

/// One per process is enough. Dropping it stops all sending where it stands.
pub struct Deliverer {
    store: Store,
    clock: Clock,
    endpoints: Endpoints,
    sender: Sender,
    words: Words,
    sending: JoinSet<AttemptLine>,
    busy: HashMap<EndpointId, usize>,
    /// What came of attempts and could not be kept yet.
    unkept: Vec<AttemptLine>,
    /// Nobody listens, so hints are not worth a look.
    unheard: bool,
}

impl std::fmt::Debug for Deliverer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Deliverer")
    }
}

impl Deliverer {
    pub fn new(
        store: Store,
        clock: Clock,
        endpoints: Endpoints,
        words: Words,
    ) -> Result<Self, reqwest::Error> {
        let sender = Sender::new(endpoints.settings())?;
        Ok(Self {
            store,
            clock,
            endpoints,
            sender,
            words,
            sending: JoinSet::new(),
            busy: HashMap::new(),
            unkept: Vec::new(),
            unheard: false,
        })
    }

    /// Spreads and sends everything that is due at this moment; says how many attempts that were.
    pub async fn tick(&mut self) -> Result<usize, Error> {
        let mut count = 0;
        loop {
            self.spread().await?;
            self.take().await?;
            if self.sending.is_empty() {
                return Ok(count);
            }
            while let Some(ended) = self.sending.join_next().await {
                self.note(ended);
            }
            count += self.unkept.len();
            self.keep().await?;
        }
    }

    /// Works until `stop`, then lets attempts that are under way end within `grace`. `changes` only
    /// says when a look is worth it.
    pub async fn run(
        mut self,
        mut changes: broadcast::Receiver<OnboardingId>,
        stop: CancellationToken,
        grace: Duration,
    ) {
        let mut poll = tokio::time::interval(self.endpoints.settings().poll);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut clean_up = tokio::time::interval(CLEAN_UP);
        clean_up.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut hints = true;
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = poll.tick() => self.look(true).await,
                hint = changes.recv(), if hints && !self.unheard => {
                    hints = !matches!(hint, Err(RecvError::Closed));
                    // All that have come meanwhile are one hint.
                    while changes.try_recv().is_ok() {}
                    self.look(true).await;
                }
                Some(ended) = self.sending.join_next() => {
                    self.note(ended);
                    self.look(false).await;
                }
                _ = clean_up.tick() => self.clean_up().await,
            }
        }
        self.finish(grace).await;
    }

    /// A database that is away is asked again at the next look; what is unkept stays.
    async fn look(&mut self, spread: bool) {
        let looked = async {
            self.keep().await?;
            if spread {
                self.spread().await?;
            }
            self.take().await
        };
        if let Err(error) = looked.await {
            tracing::warn!(%error, "cannot see what is to be told; looking again soon");
        }
    }

    async fn spread(&mut self) -> Result<(), Error> {
        let render = Arc::clone(&self.words.body);
        loop {
            match self.store.spread(MOST_AT_ONCE, &*render).await? {
                Spread::More(_) => {}
                Spread::All(_) | Spread::Busy => {
                    self.unheard = false;
                    return Ok(());
                }
                Spread::Unheard => {
                    self.unheard = true;
                    return Ok(());
                }
            }
        }
    }

    async fn take(&mut self) -> Result<(), Error> {
        let settings = self.endpoints.settings();
        let taken = self.store.take_deliveries(settings.at_once, &self.busy, settings.lease());
        for delivery in taken.await? {
            *self.busy.entry(delivery.endpoint).or_default() += 1;
            let attempt = Attempt {
                clock: self.clock.clone(),
                endpoints: self.endpoints.clone(),
                sender: self.sender.clone(),
                words: self.words.clone(),
                delivery,
            };
            let span = tracing::info_span!(
                "webhooks.attempt",
                otel.kind = "client",
                onboarding.id = attempt.delivery.onboarding.map(|id| tracing::field::display(id.0)),
                webhook.message = %attempt.delivery.message,
                webhook.endpoint = %attempt.delivery.endpoint.0,
                webhook.attempt = attempt.delivery.number,
            );
            if let Some(onboarding) = attempt.delivery.onboarding {
                traces::belongs_to(&span, onboarding.0);
            }
            self.sending.spawn(attempt.make().instrument(span));
        }
        Ok(())
    }

    /// Notes this end, and all others that have come by now.
    fn note(&mut self, ended: Result<AttemptLine, JoinError>) {
        let mut ended = Some(ended);
        while let Some(one) = ended {
            match one {
                Ok(line) => {
                    if let Some(count) = self.busy.get_mut(&line.delivery.endpoint) {
                        *count -= 1;
                    }
                    meters::webhook_attempt(line.outcome, line.took);
                    self.unkept.push(line);
                }
                // Its lease ends by itself. Its place is lost until nothing is under way.
                Err(error) => tracing::error!(%error, "an attempt to tell of a change died"),
            }
            ended = self.sending.try_join_next();
        }
        if self.sending.is_empty() {
            self.busy.clear();
        }
    }

    async fn keep(&mut self) -> Result<(), Error> {
        let give_up_after = self.endpoints.settings().give_up_after;
        while !self.unkept.is_empty() {
            let count = self.unkept.len().min(MOST_AT_ONCE);
            self.store.keep_attempts(&self.unkept[..count], give_up_after).await?;
            self.unkept.drain(..count);
        }
        Ok(())
    }

    async fn clean_up(&self) {
        loop {
            match self.store.forget_messages(self.endpoints.settings().keep).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "old messages cannot be removed; trying again later");
                    return;
                }
            }
        }
    }

    /// What does not end in time is sent again by whoever finds its lease over.
    async fn finish(&mut self, grace: Duration) {
        let end = Instant::now() + grace;
        while let Ok(Some(ended)) = tokio::time::timeout_at(end, self.sending.join_next()).await {
            self.note(ended);
        }
        if let Err(error) = self.keep().await {
            tracing::warn!(%error, "what was told last could not be kept; it will be told again");
        }
    }
}

/// One message, one endpoint, one time.
struct Attempt {
    clock: Clock,
    endpoints: Endpoints,
    sender: Sender,
    words: Words,
    delivery: TakenDelivery,
}

impl Attempt {
    async fn make(self) -> AttemptLine {
        let at = self.clock.now();
        let delivery = &self.delivery;
        let open = |secret| self.endpoints.open_secret(delivery.endpoint, secret);
        let secrets: Vec<_> = delivery.secrets.iter().filter_map(open).collect();
        let answer = if secrets.is_empty() {
            Answer::without(Outcome::Unsigned, Duration::ZERO)
        } else {
            let body = match delivery.link {
                Some((id, generation)) => (self.words.with_link)(&delivery.body, id, generation),
                None => delivery.body.clone(),
            };
            let (id, timestamp) = (delivery.message.to_string(), at.timestamp());
            let signature = sign(&secrets, &id, timestamp, &body);
            self.sender.send(Letter { url: &delivery.url, id, timestamp, signature, body }).await
        };
        let wish = answer.retry_after.as_deref();
        let wish = wish.and_then(|text| parse_retry_after(text, self.clock.now()));
        let verdict = judge(&answer, delivery.tries, wish);
        let busy = matches!(answer.status, Some(429 | 503));
        AttemptLine {
            at,
            took: answer.took,
            outcome: answer.outcome.name(),
            status: answer.status,
            response: answer.response,
            verdict,
            held_for: wish.filter(|_| busy).map(|wish| wish.min(LONGEST_HOLD)),
            delivery: self.delivery,
        }
    }
}

fn judge(answer: &Answer, tries: i32, wish: Option<Duration>) -> Verdict {
    match answer.outcome {
        Outcome::Delivered => Verdict::Delivered,
        Outcome::Refused if answer.status == Some(GONE) => Verdict::Failed,
        Outcome::Refused
        | Outcome::Redirected
        | Outcome::TimedOut
        | Outcome::Unreachable
        | Outcome::Forbidden
        | Outcome::Unsigned => {
            delay(tries, wish, rand::random()).map_or(Verdict::Failed, Verdict::Again)
        }
    }
}
