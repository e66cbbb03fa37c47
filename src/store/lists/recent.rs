//! What happened lately, summed up: for an overview.

use chrono::{DateTime, Utc};

use crate::onboarding::ProblemCode;
use crate::store::{Error, Store};

/// Lines of the journal that are looked at.
const MOST_LINES: i64 = 20_000;

/// One kind of thing, and to how many onboardings it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// As [`crate::onboarding::Event::kind`] has it.
    pub kind: String,
    /// Where they stood afterwards.
    pub status: String,
    pub problem: Option<ProblemCode>,
    pub onboardings: u64,
}

/// What happened most often first.
#[derive(Debug, Default)]
pub struct Recent {
    pub happened: Vec<Happened>,
    /// More happened than was looked at.
    pub is_partial: bool,
}

impl Store {
    /// What changed since then, as the journal tells it.
    pub async fn happened_since(&self, since: DateTime<Utc>) -> Result<Recent, Error> {
        let asking = sqlx::query_file!("src/store/lists/recent.sql", since, MOST_LINES);
        let rows = self.within(asking.fetch_all(&self.pool)).await?;
        let is_partial = rows.iter().map(|row| row.lines).sum::<i64>() >= MOST_LINES;
        let happened = rows.into_iter().map(|row| Happened {
            problem: row.problem.as_deref().and_then(ProblemCode::parse),
            kind: row.kind,
            status: row.status,
            onboardings: u64::try_from(row.onboardings).unwrap_or_default(),
        });
        Ok(Recent { happened: happened.collect(), is_partial })
    }
}
