//! What became of attempts.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::take::TakenDelivery;
use crate::store::trouble::again;
use crate::store::{Error, Store};

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Delivered,
    /// It is tried again after this time.
    Again(Duration),
    /// It was tried often enough, or will never be taken.
    Failed,
}

/// One attempt as it went.
#[derive(Debug, Clone)]
pub struct AttemptLine {
    pub delivery: TakenDelivery,
    pub at: DateTime<Utc>,
    pub took: Duration,
    /// One word for how it ended.
    pub outcome: &'static str,
    pub status: Option<u16>,
    /// The start of the answer's body.
    pub response: Option<String>,
    pub verdict: Verdict,
    /// How long the receiver asked to be left alone.
    pub held_for: Option<Duration>,
}

#[derive(Default)]
struct Columns {
    endpoint: Vec<Uuid>,
    message: Vec<Uuid>,
    token: Vec<Uuid>,
    number: Vec<i32>,
    at: Vec<DateTime<Utc>>,
    took: Vec<i32>,
    outcome: Vec<String>,
    status: Vec<Option<i16>>,
    response: Vec<Option<String>>,
    state: Vec<String>,
    due_in: Vec<f64>,
    held_for: Vec<Option<f64>>,
}

impl Columns {
    fn push(&mut self, line: &AttemptLine) {
        let (state, due_in) = match line.verdict {
            Verdict::Delivered => ("delivered", Duration::ZERO),
            Verdict::Again(after) => ("pending", after),
            Verdict::Failed => ("failed", Duration::ZERO),
        };
        self.endpoint.push(line.delivery.endpoint.0);
        self.message.push(line.delivery.message);
        self.token.push(line.delivery.token);
        self.number.push(line.delivery.number);
        self.at.push(line.at);
        self.took.push(i32::try_from(line.took.as_millis()).unwrap_or(i32::MAX));
        self.outcome.push(line.outcome.to_owned());
        self.status.push(line.status.and_then(|status| i16::try_from(status).ok()));
        self.response.push(line.response.clone());
        self.state.push(state.to_owned());
        self.due_in.push(due_in.as_secs_f64());
        self.held_for.push(line.held_for.map(|held| held.as_secs_f64()));
    }
}

impl Store {
    /// Keeps what came of attempts, and what follows for their endpoints: one that only failed for
    /// longer than `give_up_after`, or that says that it is gone, is disabled.
    pub async fn keep_attempts(
        &self,
        lines: &[AttemptLine],
        give_up_after: TimeDelta,
    ) -> Result<(), Error> {
        let mut columns = Columns::default();
        for line in lines {
            columns.push(line);
        }
        let give_up_after = give_up_after.as_seconds_f64();
        let now = self.clock.for_database();
        let work = || async {
            sqlx::query_file!(
                "src/store/webhooks/keep_attempts.sql",
                &columns.endpoint,
                &columns.message,
                &columns.token,
                &columns.number,
                &columns.at,
                &columns.took,
                &columns.outcome,
                &columns.status as _,
                &columns.response as _,
                &columns.state,
                &columns.due_in,
                &columns.held_for as _,
                now,
                give_up_after,
            )
            .execute(&self.pool)
            .await?;
            Ok::<(), Error>(())
        };
        self.within(again(work)).await
    }
}
