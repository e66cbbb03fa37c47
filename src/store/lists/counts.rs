//! How many onboardings match, by what they can be narrowed to.

use std::collections::BTreeMap;

use super::Filter;
use super::picks::Match;
use super::places::{self, Asked, Place, Reason};

use crate::store::{Error, Sight, Store};

/// Exact at one moment. What there is none of is left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub total: u64,
    pub by_status: BTreeMap<String, u64>,
    pub by_step: BTreeMap<&'static str, u64>,
    pub by_blocker: BTreeMap<&'static str, u64>,
    pub by_problem: BTreeMap<&'static str, u64>,
    pub by_abandonment: BTreeMap<&'static str, u64>,
}

/// Onboardings counted together where they have to be looked at.
const AT_ONCE: usize = 5000;

impl Counts {
    pub(super) fn of(places: &[Place]) -> Self {
        let mut counts = Self::default();
        for place in places {
            counts.add(place);
        }
        counts
    }

    fn add(&mut self, place: &Place) {
        let count = place.count;
        self.total += count;
        *self.by_status.entry(place.status.clone()).or_default() += count;
        *self.by_step.entry(place.step.name()).or_default() += count;
        *self.by_blocker.entry(place.blocker().name()).or_default() += count;
        let Some(reason) = place.reason else { return };
        let by_reason = match reason {
            Reason::Problem(_) => &mut self.by_problem,
            Reason::Abandoned(_) => &mut self.by_abandonment,
        };
        *by_reason.entry(reason.name()).or_default() += count;
    }
}

impl Store {
    /// Where places decide, from the tally; where they do not, those that may match are looked at.
    pub async fn count(&self, filter: &Filter, sight: &Sight) -> Result<Counts, Error> {
        self.within(async {
            let mut tx = self.snapshot().await?;
            let asked = self.ask(&mut tx, filter, sight).await?;
            let mut counts = Counts::default();
            if asked.is_about_places() {
                let places = places::list(&mut tx).await?;
                for place in places.iter().filter(|place| asked.takes(place)) {
                    counts.add(place);
                }
            } else if let Some(with_places) = self.stuck_by_place(&mut tx, &asked).await? {
                for place in &with_places {
                    counts.add(place);
                }
            } else {
                let show = |found: &Match| counts.add(&found.place);
                self.visit_matching(&mut tx, (filter, sight), AT_ONCE, show).await?;
            }
            tx.rollback().await?;
            Ok(counts)
        })
        .await
    }

    /// What is stuck, counted without a look at each: `None` if more is asked for than that.
    async fn stuck_by_place(
        &self,
        session: &mut sqlx::PgConnection,
        asked: &Asked<'_>,
    ) -> Result<Option<Vec<Place>>, Error> {
        let others = Filter { stuck: None, ..asked.filter.clone() };
        let only_stuck = Asked { filter: &others, ..asked.borrowed() }.is_about_places();
        if !only_stuck || asked.filter.stuck != Some(true) {
            return Ok(None);
        }
        let mut places = places::list(session).await?;
        places.retain(Place::is_stuck);
        places.extend(places::list_overdue(session, asked.now).await?);
        places.retain(|place| asked.takes(place));
        Ok(Some(places))
    }

    /// Adds up what the tally was told since the last time. Says how many lines that were.
    pub async fn add_up_tally(&self) -> Result<u64, Error> {
        let adding = sqlx::query_scalar!(
            r#"
            WITH told AS (
                DELETE FROM tally_change
                -- Whoever comes while somebody is at it has nothing to do.
                WHERE (SELECT pg_try_advisory_xact_lock(hashtext('gangway tally')))
                RETURNING blueprint_key, blueprint_version, status, step, problem_code, by_how_many
            ),
            added AS (
                INSERT INTO tally AS t
                    (blueprint_key, blueprint_version, status, step, problem_code, count)
                SELECT blueprint_key, blueprint_version, status, step, problem_code,
                       sum(by_how_many)
                FROM told
                GROUP BY blueprint_key, blueprint_version, status, step, problem_code
                ON CONFLICT ON CONSTRAINT tally_pkey DO UPDATE SET count = t.count + excluded.count
            )
            SELECT count(*) AS "count!" FROM told
            "#
        )
        .fetch_one(&self.pool);
        let count = self.within(adding).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}
