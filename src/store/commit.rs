//! Keeping changes: many workers' results in one statement, or one person's command.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::kept_session::KeptSession;
use super::row::StateColumns;
use super::{CallLine, Error, Leased, Store, calls};
use crate::onboarding::{Event, Onboarding, Status, StepKind, Transition};

/// A worker's result: what it holds, what becomes of it, what it said to Cyclr on the way.
#[derive(Debug)]
pub struct Change {
    pub leased: Leased,
    /// The step before, if its result is kept together with this one's.
    pub earlier: Option<Box<Earlier>>,
    pub transition: Transition,
    pub calls: Vec<CallLine>,
    pub at: DateTime<Utc>,
}

/// A step that led straight on to the next one, before anything was kept.
#[derive(Debug)]
pub struct Earlier {
    pub event: Event,
    /// Where the onboarding stood then.
    pub step: StepKind,
    pub calls: Vec<CallLine>,
    pub at: DateTime<Utc>,
}

/// How a change fared.
#[derive(Debug)]
pub enum Kept {
    /// Kept, and there is more to do at once under the same lease.
    GoOn(Box<Leased>),
    /// Kept; the lease is given back. `sibling_due`: the tenant's next onboarding can be taken.
    Rests { sibling_due: bool },
    /// The lease was lost or a person was quicker. Nothing was written but the calls.
    Refused,
}

impl Change {
    /// The result of a single step.
    pub fn of(
        leased: Leased,
        transition: Transition,
        calls: Vec<CallLine>,
        at: DateTime<Utc>,
    ) -> Self {
        Self { leased, earlier: None, transition, calls, at }
    }

    /// What the worker goes on with once this is kept.
    pub(super) fn goes_on(self, version: i64, lease_seconds: f64, asked_at: Instant) -> Kept {
        let Self { leased, transition, .. } = self;
        Kept::GoOn(Box::new(Leased {
            onboarding: Onboarding { version, ..transition.to },
            claims: 1,
            ends: asked_at + Duration::from_secs_f64(lease_seconds.max(0.0)),
            last_change: Some(leased.next_change),
            next_change: Uuid::new_v4(),
            ..leased
        }))
    }
}

#[derive(Default)]
struct ChangeColumns {
    id: Vec<Uuid>,
    token: Vec<Uuid>,
    status: Vec<String>,
    step: Vec<String>,
    since: Vec<DateTime<Utc>>,
    problem_code: Vec<Option<String>>,
    problem_detail: Vec<Option<String>>,
    deadline: Vec<Option<DateTime<Utc>>>,
    wake_at: Vec<Option<DateTime<Utc>>>,
    tries: Vec<i32>,
    keep: Vec<bool>,
    due_in: Vec<Option<f64>>,
    /// As text: a tree of JSON values would be made for nothing but to be spelled out.
    facts: Vec<String>,
    at: Vec<DateTime<Utc>>,
    event_kind: Vec<Option<String>>,
    event: Vec<Option<Value>>,
    announces: Vec<Option<String>>,
    change: Vec<Uuid>,
    builds_on: Vec<Option<Uuid>>,
    calls: Vec<Option<String>>,
    earlier_at: Vec<Option<DateTime<Utc>>>,
    earlier_kind: Vec<Option<String>>,
    earlier_event: Vec<Option<Value>>,
    earlier_step: Vec<Option<&'static str>>,
    earlier_calls: Vec<Option<String>>,
}

impl ChangeColumns {
    fn push(&mut self, change: &Change) {
        let to = &change.transition.to;
        let state = StateColumns::of(to);
        let (event_kind, event) = event_columns(change.transition.event.as_ref());
        self.id.push(to.id.0);
        self.token.push(change.leased.token);
        self.status.push(state.status.to_owned());
        self.step.push(state.step.to_owned());
        self.since.push(to.since);
        self.problem_code.push(state.problem_code.map(str::to_owned));
        self.problem_detail.push(state.problem_detail);
        self.deadline.push(state.deadline);
        self.wake_at.push(state.wake_at);
        self.tries.push(i32::try_from(to.tries).unwrap_or(i32::MAX));
        self.keep.push(goes_on(to));
        self.due_in.push(due_in(to, change.at));
        // Our own types with text keys: this cannot fail.
        self.facts.push(serde_json::to_string(&to.facts).unwrap_or_default());
        self.at.push(change.at);
        self.event_kind.push(event_kind);
        self.event.push(event);
        let earlier = change.earlier.as_deref().map(|earlier| &earlier.event);
        self.announces.push(announcements(&change.transition, earlier));
        self.change.push(change.leased.next_change);
        self.builds_on.push(change.leased.last_change);
        self.calls.push(calls::spell(&change.calls, change.at));
        let earlier = change.earlier.as_deref();
        let (kind, event) = event_columns(earlier.map(|earlier| &earlier.event));
        self.earlier_at.push(earlier.map(|earlier| earlier.at));
        self.earlier_kind.push(kind);
        self.earlier_event.push(event);
        self.earlier_step.push(earlier.map(|earlier| earlier.step.name()));
        let calls = earlier.and_then(|earlier| calls::spell(&earlier.calls, earlier.at));
        self.earlier_calls.push(calls);
    }
}

/// What integrators are told of a change, with commas between: of connections first, then of the status.
pub(super) fn announcements(transition: &Transition, earlier: Option<&Event>) -> Option<String> {
    let facts = &transition.to.facts;
    let events = earlier.into_iter().chain(&transition.event);
    let mut told: Vec<_> = events.flat_map(|event| event.messages(facts)).collect();
    told.extend(transition.announces);
    (!told.is_empty()).then(|| told.join(","))
}

/// Whether the worker has more to do right away.
pub(super) fn goes_on(to: &Onboarding) -> bool {
    to.status == Status::Running
}

/// Seconds until it is due again, counted from our clock and added to the database's.
pub(super) fn due_in(to: &Onboarding, now: DateTime<Utc>) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a delay in milliseconds is far below 2^53")]
    to.due_at(now).map(|due| (due - now).num_milliseconds().max(0) as f64 / 1000.0)
}

/// Kind and detail. The kind has a column of its own and is not told twice.
pub(super) fn event_columns(event: Option<&Event>) -> (Option<String>, Option<Value>) {
    let detail = event.map(|event| {
        let mut detail = json(event);
        detail.as_object_mut().map(|fields| fields.remove("kind"));
        detail
    });
    (event.map(|event| event.kind().to_owned()), detail)
}

/// Our own types with text keys always have a JSON form.
pub(super) fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

impl Store {
    /// Keeps many results in one statement. Each has its own fence and learns its own fate; the
    /// fates come in the order of the changes. An error is everybody's: nothing was written, or the
    /// connection was lost and nobody knows.
    pub async fn commit_all(
        &self,
        changes: Vec<Change>,
        lease: Duration,
    ) -> Result<Vec<Kept>, (Error, Vec<Change>)> {
        self.commit_with(&mut KeptSession::default(), changes, lease).await
    }

    /// The same with a writer's own session.
    pub(super) async fn commit_with(
        &self,
        session: &mut KeptSession,
        changes: Vec<Change>,
        lease: Duration,
    ) -> Result<Vec<Kept>, (Error, Vec<Change>)> {
        let mut columns = ChangeColumns::default();
        for change in &changes {
            columns.push(change);
        }
        let began = Instant::now();
        // On the heap, or whoever waits for all this has to have room for it.
        let writing = Box::pin(
            session.work(self, async |session| self.write_changes(session, columns, lease).await),
        );
        let rows = match self.within(writing).await {
            Ok(rows) => rows,
            Err(error) => return Err((error.into(), changes)),
        };
        // By lease and not only by row: a late worker's result may be in the same batch.
        let rows: HashMap<_, _> = rows.into_iter().map(|row| ((row.id, row.token), row)).collect();
        let fates = changes.into_iter().map(|change| {
            let Some(row) = rows.get(&(change.transition.to.id.0, change.leased.token)) else {
                return Kept::Refused;
            };
            if !goes_on(&change.transition.to) {
                return Kept::Rests { sibling_due: row.sibling_due };
            }
            change.goes_on(row.version, row.lease_seconds, began)
        });
        Ok(fates.collect())
    }

    async fn write_changes(
        &self,
        session: &mut PgConnection,
        c: ChangeColumns,
        lease: Duration,
    ) -> Result<Vec<KeptRow>, sqlx::Error> {
        sqlx::query_file_as!(
            KeptRow,
            "src/store/keep_changes.sql",
            &c.id,
            &c.token,
            &c.status,
            &c.step,
            &c.since,
            &c.problem_code as _,
            &c.problem_detail as _,
            &c.deadline as _,
            &c.wake_at as _,
            &c.tries,
            &c.keep,
            &c.due_in as _,
            &c.facts,
            &c.at,
            &c.event_kind as _,
            &c.event as _,
            &c.announces as _,
            &c.calls as _,
            self.clock.for_database(),
            lease.as_secs_f64(),
            &c.change,
            &c.builds_on as _,
            &c.earlier_at as _,
            &c.earlier_kind as _,
            &c.earlier_event as _,
            &c.earlier_step as _,
            &c.earlier_calls as _,
        )
        .fetch_all(session)
        .await
    }
}

struct KeptRow {
    id: Uuid,
    token: Uuid,
    version: i64,
    lease_seconds: f64,
    sibling_due: bool,
}
