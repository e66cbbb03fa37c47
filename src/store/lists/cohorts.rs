//! What has the same problem in the same way, and where onboardings get lost: for an overview.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::places::{self, Place, Reason, Stretches};
use super::{Counts, ListOrder};
use crate::onboarding::{Connection, ProblemCode, StepKind};
use crate::store::{Error, Store};

/// Onboardings of one place that are looked at: the newest.
const OF_EACH_PLACE: i64 = 1000;
/// Cohorts that are shown.
const MOST: usize = 50;
/// Onboardings that medians are made of.
const NEWEST: i64 = 500;
const EXAMPLES: usize = 3;

/// What is stuck or retrying and stands alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    pub step: StepKind,
    pub problem: ProblemCode,
    /// The connection that is next, where it is about one.
    pub connection: Option<String>,
    /// The status that Cyclr refused a call with.
    pub answered: Option<u16>,
    pub count: u64,
    /// Since when the one that has stood there longest does, and the newest.
    pub first: DateTime<Utc>,
    pub last: DateTime<Utc>,
    /// References of the newest.
    pub examples: Vec<String>,
}

/// The largest first.
#[derive(Debug, Default)]
pub struct Cohorts {
    pub cohorts: Vec<Cohort>,
    /// There are more than were looked at: the counts are of the newest.
    pub is_partial: bool,
}

/// One step of the way.
#[derive(Debug, Clone, PartialEq)]
pub struct FunnelStep {
    pub step: StepKind,
    /// Are there or came further.
    pub reached: u64,
    /// Are there now, and may go on.
    pub here: u64,
    /// Were cancelled there.
    pub lost: u64,
    /// How long the newest that went on stood there.
    pub median: Option<TimeDelta>,
}

struct Row {
    step: String,
    problem_code: String,
    problem_detail: Option<String>,
    since: DateTime<Utc>,
    reference: String,
    connections: Option<serde_json::Value>,
}

/// All that an overview shows of where onboardings stand, of one moment.
#[derive(Debug)]
pub struct Overview {
    pub counts: Counts,
    /// What somebody has to look at: as [`Store::count`] counts what is stuck.
    pub to_look_at: u64,
    pub cohorts: Cohorts,
    /// In the order of the steps.
    pub funnel: Vec<FunnelStep>,
}

impl Store {
    /// The places are read once, so that its numbers agree with each other.
    pub async fn overview(&self) -> Result<Overview, Error> {
        let now = self.clock.now();
        self.within(async {
            let mut tx = self.snapshot().await?;
            let places = places::list(&mut tx).await?;
            let overdue = places::list_overdue(&mut tx, now).await?;
            let cohorts = cohorts(&mut tx, &places).await?;
            let funnel = funnel(&mut tx, &places).await?;
            tx.rollback().await?;
            let stuck = places.iter().filter(|place| place.is_stuck()).chain(&overdue);
            let to_look_at = stuck.map(|place| place.count).sum();
            Ok(Overview { counts: Counts::of(&places), to_look_at, cohorts, funnel })
        })
        .await
    }
}

impl Store {
    /// The way alone, for whoever watches how long its steps take.
    pub async fn funnel(&self) -> Result<Vec<FunnelStep>, Error> {
        self.within(async {
            let mut tx = self.snapshot().await?;
            let places = places::list(&mut tx).await?;
            let way = funnel(&mut tx, &places).await?;
            tx.rollback().await?;
            Ok(way)
        })
        .await
    }
}

async fn cohorts(session: &mut PgConnection, places: &[Place]) -> Result<Cohorts, Error> {
    let is_trouble = |place: &Place| matches!(place.reason, Some(Reason::Problem(_)));
    let wanted = Stretches::of(places, is_trouble, ListOrder::Newest);
    let rows = sqlx::query_file_as!(
        Row,
        "src/store/lists/cohorts.sql",
        &wanted.keys,
        &wanted.statuses,
        &wanted.rests_at,
        &wanted.reasons as _,
        OF_EACH_PLACE,
    )
    .fetch_all(session)
    .await?;
    let total: u64 = places.iter().filter(|place| is_trouble(place)).map(|place| place.count).sum();
    let is_partial = (rows.len() as u64) < total;
    Ok(Cohorts { cohorts: group(rows), is_partial })
}

async fn funnel(session: &mut PgConnection, places: &[Place]) -> Result<Vec<FunnelStep>, Error> {
    let rows = sqlx::query_file!("src/store/lists/medians.sql", NEWEST).fetch_all(session).await?;
    let medians: HashMap<_, _> = rows
        .into_iter()
        .map(|row| (row.step, TimeDelta::milliseconds(as_milliseconds(row.seconds))))
        .collect();
    let sum = |takes: &dyn Fn(&Place) -> bool| {
        places.iter().filter(|place| takes(place)).map(|place| place.count).sum()
    };
    // The way in; being taken away is no part of it. Who was taken away had come the whole way, as a
    // rule.
    let way = StepKind::ALL.into_iter().filter(|step| *step != StepKind::Offboard);
    let steps = way.map(|step| FunnelStep {
        step,
        reached: sum(&|place| place.step >= step),
        here: sum(&|place| place.step == step && place.status != "cancelled"),
        lost: sum(&|place| place.step == step && place.status == "cancelled"),
        median: medians.get(step.name()).copied(),
    });
    Ok(steps.collect())
}

#[expect(clippy::cast_possible_truncation, reason = "a span of an onboarding is far below 2^53 ms")]
fn as_milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

fn group(rows: Vec<Row>) -> Vec<Cohort> {
    type Print = (StepKind, &'static str, Option<String>, Option<u16>);
    let mut cohorts: BTreeMap<Print, Cohort> = BTreeMap::new();
    for row in rows {
        let (Some(step), Some(problem)) =
            (StepKind::parse(&row.step), ProblemCode::parse(&row.problem_code))
        else {
            continue;
        };
        let connection = row.connections.and_then(next_connection);
        let answered = row.problem_detail.as_deref().and_then(answered);
        let print = (step, problem.name(), connection.clone(), answered);
        let cohort = cohorts.entry(print).or_insert_with(|| Cohort {
            step,
            problem,
            connection,
            answered,
            count: 0,
            first: row.since,
            last: row.since,
            examples: Vec::new(),
        });
        cohort.count += 1;
        cohort.first = cohort.first.min(row.since);
        cohort.last = cohort.last.max(row.since);
        if cohort.examples.len() < EXAMPLES {
            cohort.examples.push(row.reference);
        }
    }
    let mut cohorts: Vec<_> = cohorts.into_values().collect();
    cohorts.sort_by_key(|cohort| std::cmp::Reverse(cohort.count));
    cohorts.truncate(MOST);
    cohorts
}

fn next_connection(connections: serde_json::Value) -> Option<String> {
    let connections: Vec<Connection> = serde_json::from_value(connections).ok()?;
    let next = connections.into_iter().find(Connection::waits_for_person)?;
    Some(next.name)
}

/// As `cyclr::Error` spells a refusal: `install template: refused with 422: …`.
fn answered(detail: &str) -> Option<u16> {
    let (_, rest) = detail.split_once("refused with ")?;
    rest.get(..3)?.parse().ok().filter(|status| (400..600).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_where_one_is_told() {
        for (detail, status) in [
            ("install template: refused with 422: no", Some(422)),
            ("map: refused with 503", Some(503)),
            ("refused with 12", None),
            ("refused with 200", None),
            ("refused with é", None),
            ("the time was up", None),
        ] {
            assert_eq!(answered(detail), status, "{detail}");
        }
    }
}
