//! Group start: fresh onboardings of many requests in one statement.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout_at;
use uuid::Uuid;

use super::answers::Shown;
use super::commit::json;
use super::kept_session::KeptSession;
use super::row::StateColumns;
use super::start::{Render, StartError};
use super::trouble::{Failure as _, Trouble};
use super::{Answer, Leased, NewOnboarding, Started, Store};
use crate::onboarding::Event;

/// Most starts in one statement. What is ready beyond that goes into the next one.
const MOST: usize = 256;
/// How long a request waits here.
const PATIENCE: Duration = Duration::from_secs(9);

/// Where requests hand in what they want to start. Cheap to clone. Like [`super::Committer`], it
/// waits for no timer: one alone is written at once, and under load the batches grow by themselves.
#[derive(Clone)]
pub struct Starter(mpsc::Sender<Entry>);

struct Entry {
    new: NewOnboarding,
    render: Render,
    told: oneshot::Sender<Result<Started, StartError>>,
}

impl Starter {
    /// The handle, and the work itself: a future that ends when all handles are gone.
    pub fn new(store: Store, lease: Duration) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, receiver) = mpsc::channel(MOST);
        (Self(sender), run(store, lease, receiver))
    }

    /// As [`Store::start`]. Gives the onboarding back when the work has ended.
    pub async fn start(
        &self,
        new: NewOnboarding,
        render: Render,
    ) -> Result<Result<Started, StartError>, Box<NewOnboarding>> {
        let (told, result) = oneshot::channel();
        let entry = Entry { new, render, told };
        // Behind others that wait for a database that is away, nobody waits longer than alone.
        let patience = Instant::now() + PATIENCE;
        match timeout_at(patience.into(), self.0.send(entry)).await {
            Ok(Ok(())) => {}
            Ok(Err(mpsc::error::SendError(entry))) => return Err(Box::new(entry.new)),
            Err(_) => return Ok(Err(away())),
        }
        Ok(match timeout_at(patience.into(), result).await {
            Ok(Ok(started)) => started,
            Ok(Err(_)) | Err(_) => Err(away()),
        })
    }
}

async fn run(store: Store, lease: Duration, mut receiver: mpsc::Receiver<Entry>) {
    let mut batch = Vec::with_capacity(MOST);
    let mut session = KeptSession::default();
    while receiver.recv_many(&mut batch, MOST).await > 0 {
        // Whoever has gone away since is not started for; a repetition may be here already.
        batch.retain(|entry| !entry.told.is_closed());
        for entry in start_batch(&store, &mut session, lease, std::mem::take(&mut batch)).await {
            let started = store.start(entry.new, lease, &entry.render).await;
            answer(&store, entry.told, started).await;
        }
    }
}

/// Starts what is plainly fresh; gives back what needs a closer look.
async fn start_batch(
    store: &Store,
    session: &mut KeptSession,
    lease: Duration,
    batch: Vec<Entry>,
) -> Vec<Entry> {
    let mut tenants = HashSet::new();
    let (batch, mut left): (Vec<_>, Vec<_>) =
        batch.into_iter().partition(|entry| tenants.insert(entry.new.onboarding.tenant.clone()));
    let mut columns = Columns::default();
    for entry in &batch {
        columns.push(entry);
    }
    let ends = Instant::now() + lease;
    let token = Uuid::new_v4();
    let fresh = match store.start_fresh(session, columns, token, lease).await {
        Ok(fresh) => fresh.into_iter().collect::<HashSet<_>>(),
        Err(error) if matches!(error.trouble(), Trouble::Gone | Trouble::Busy) => {
            store.lost.note(error.trouble(), token, ends);
            tracing::warn!(%error, size = batch.len(), "the database is away; nothing is started");
            for entry in batch.into_iter().chain(left) {
                // Whether it was kept is found out when the request comes again.
                drop(entry.told.send(Err(away())));
            }
            return Vec::new();
        }
        Err(error) => {
            tracing::info!(%error, size = batch.len(), "a batch could not be started; one by one");
            return batch.into_iter().chain(left).collect();
        }
    };
    for entry in batch {
        let id = entry.new.onboarding.id;
        if !fresh.contains(&id.0) {
            left.push(entry);
            continue;
        }
        let Entry { new, render, told } = entry;
        let (status, body) = render(&new.onboarding, true);
        let answer_given = Answer { status, body, shows: Some(Shown::of(&new.onboarding)) };
        let NewOnboarding { onboarding, blueprint, .. } = new;
        let leased = Leased::fresh(onboarding, blueprint, token, ends);
        let started = Started { answer: answer_given, leased: Some(leased), fresh: true };
        answer(store, told, Ok(started)).await;
    }
    left
}

fn away() -> StartError {
    StartError::Store(super::Error::Database(sqlx::Error::PoolTimedOut))
}

/// Tells the request. If nobody waits for it any more, the onboarding is due for anybody.
async fn answer(
    store: &Store,
    told: oneshot::Sender<Result<Started, StartError>>,
    started: Result<Started, StartError>,
) {
    if let Err(Ok(Started { leased: Some(leased), .. })) = told.send(started)
        && let Err(error) = store.release(leased).await
    {
        tracing::info!(%error, "could not give an onboarding back; its lease will end");
    }
}

#[derive(Default)]
struct Columns {
    id: Vec<Uuid>,
    reference: Vec<String>,
    tenant: Vec<String>,
    blueprint_key: Vec<String>,
    blueprint_version: Vec<i32>,
    created_at: Vec<DateTime<Utc>>,
    profile: Vec<Value>,
    link_generation: Vec<i32>,
    link_expires_at: Vec<DateTime<Utc>>,
    status: Vec<String>,
    step: Vec<String>,
    facts: Vec<Value>,
    account: Vec<String>,
    account_named: Vec<bool>,
    actor: Vec<String>,
    api_key: Vec<Option<Uuid>>,
    idempotency_key: Vec<Option<String>>,
    request_digest: Vec<Option<Vec<u8>>>,
    answer_status: Vec<i16>,
    answer_body: Vec<String>,
}

impl Columns {
    fn push(&mut self, Entry { new, render, .. }: &Entry) {
        let onboarding = &new.onboarding;
        let state = StateColumns::of(onboarding);
        let key = new.idempotency.as_ref();
        // Without a key nothing repeats it, so nothing of the answer is kept.
        let (status, body) = key.map(|_| render(onboarding, true)).unwrap_or_default();
        self.id.push(onboarding.id.0);
        self.reference.push(onboarding.reference.to_string());
        self.tenant.push(onboarding.tenant.to_string());
        self.blueprint_key.push(onboarding.blueprint.key.to_string());
        self.blueprint_version.push(onboarding.blueprint.version);
        self.created_at.push(onboarding.created_at);
        self.profile.push(json(&onboarding.profile));
        self.link_generation.push(onboarding.link.generation);
        self.link_expires_at.push(onboarding.link.expires_at);
        self.status.push(state.status.to_owned());
        self.step.push(state.step.to_owned());
        self.facts.push(json(&onboarding.facts));
        self.account.push(new.account.to_string());
        self.account_named.push(onboarding.profile.named_account.is_some());
        self.actor.push(new.actor.clone());
        self.api_key.push(key.map(|key| key.owner.0));
        self.idempotency_key.push(key.map(|key| key.key.clone()));
        self.request_digest.push(key.map(|key| key.request_digest.clone()));
        self.answer_status.push(i16::try_from(status).unwrap_or(i16::MAX));
        self.answer_body.push(body);
    }
}

impl Store {
    /// Which of these were kept: fresh ones that nothing stands in the way of.
    async fn start_fresh(
        &self,
        session: &mut KeptSession,
        c: Columns,
        token: Uuid,
        lease: Duration,
    ) -> Result<Vec<Uuid>, sqlx::Error> {
        let starting =
            session.work(self, async |session| self.insert_fresh(session, c, token, lease).await);
        self.within(starting).await
    }

    async fn insert_fresh(
        &self,
        session: &mut PgConnection,
        c: Columns,
        token: Uuid,
        lease: Duration,
    ) -> Result<Vec<Uuid>, sqlx::Error> {
        sqlx::query_file_scalar!(
            "src/store/start_many.sql",
            &c.id,
            &c.reference,
            &c.tenant,
            &c.blueprint_key,
            &c.blueprint_version,
            &c.created_at,
            &c.profile,
            &c.link_generation,
            &c.link_expires_at,
            &c.status,
            &c.step,
            &c.facts,
            &c.account,
            &c.account_named,
            &c.actor,
            &c.api_key as _,
            &c.idempotency_key as _,
            &c.request_digest as _,
            &c.answer_status,
            &c.answer_body,
            self.clock.for_database(),
            lease.as_secs_f64(),
            token,
            Event::Started.kind(),
            json(&Event::Started),
        )
        .fetch_all(session)
        .await
    }
}
