//! Where onboardings are, as the tally knows it, and which of these places match.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Filter, ListOrder};
use crate::ids::BlueprintKey;
use crate::onboarding::{Abandonment, Blocker, BlueprintId, ProblemCode, StepKind, StuckBecause};
use crate::store::{Error, Sight};

/// A place with at least one onboarding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub blueprint: BlueprintId,
    pub status: String,
    pub step: StepKind,
    pub reason: Option<Reason>,
    pub count: u64,
}

/// Why something does not move: what stands in the column `problem_code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Problem(ProblemCode),
    Abandoned(Abandonment),
}

impl Reason {
    pub fn name(self) -> &'static str {
        match self {
            Self::Problem(code) => code.name(),
            Self::Abandoned(class) => class.name(),
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        let problem = ProblemCode::parse(name).map(Self::Problem);
        problem.or_else(|| Abandonment::parse(name).map(Self::Abandoned))
    }
}

impl Place {
    /// Whether what stands there counts as stuck, however long it has: see
    /// [`crate::onboarding::StuckBecause`].
    pub(super) fn is_stuck(&self) -> bool {
        self.status == "stuck" || (self.status == "live" && self.reason.is_some())
    }

    /// Who must act next where something stands like that; says the same as
    /// [`crate::onboarding::Onboarding::blocker`].
    pub fn blocker(&self) -> Blocker {
        match self.reason {
            Some(Reason::Problem(problem)) => problem.blocker(),
            Some(Reason::Abandoned(class)) => class.blocker(),
            None if self.status == "waiting" => Blocker::EndUser,
            None => Blocker::None,
        }
    }
}

/// A filter for somebody, at some moment, with what had to be looked up for it.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) filter: &'a Filter,
    pub(super) sight: &'a Sight,
    /// The versions that have the template, if one was asked for.
    pub(super) versions: Option<HashSet<BlueprintId>>,
    pub(super) now: DateTime<Utc>,
}

impl Asked<'_> {
    /// The same for somebody who asks for something else of it.
    pub(super) fn borrowed(&self) -> Self {
        Self { versions: None, ..*self }
    }
}

impl Asked<'_> {
    pub(super) fn takes(&self, place: &Place) -> bool {
        let filter = self.filter;
        let blocker = place.blocker();
        let is = |reason| place.reason == Some(reason);
        self.takes_version(&place.blueprint)
            && any_or(&filter.statuses, |status| *status == place.status)
            && any_or(&filter.steps, |step| *step == place.step)
            && any_or(&filter.blockers, |wanted| *wanted == blocker)
            && any_or(&filter.problems, |wanted| is(Reason::Problem(*wanted)))
            && any_or(&filter.abandoned, |wanted| is(Reason::Abandoned(*wanted)))
    }

    fn takes_version(&self, blueprint: &BlueprintId) -> bool {
        self.sight.covers(&blueprint.key)
            && any_or(&self.filter.blueprints, |key| *key == blueprint.key)
            && self.versions.as_ref().is_none_or(|versions| versions.contains(blueprint))
    }

    /// Whether places alone decide.
    pub(super) fn is_about_places(&self) -> bool {
        let Filter {
            statuses: _,
            steps: _,
            blockers: _,
            problems: _,
            abandoned: _,
            blueprints: _,
            template: _,
            tenant,
            connector,
            tag,
            older_than,
            stuck,
            assignee,
            snoozed,
            search,
        } = self.filter;
        tenant.is_none()
            && connector.is_none()
            && tag.is_none()
            && older_than.is_none()
            && stuck.is_none()
            && assignee.is_none()
            && snoozed.is_none()
            && search.is_none()
    }
}

fn any_or<T>(wanted: &[T], fits: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(fits)
}

/// A stretch of an index: everything in it stands alike, but for the blueprint's version, and for the
/// step of what is running.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stretch {
    key: BlueprintKey,
    status: String,
    rests_at: &'static str,
    reason: Option<&'static str>,
}

/// Columns of the stretches, as statements take them.
#[derive(Debug, Default)]
pub(super) struct Stretches {
    pub(super) keys: Vec<String>,
    pub(super) statuses: Vec<String>,
    pub(super) rests_at: Vec<String>,
    pub(super) reasons: Vec<Option<String>>,
    /// Whether all that stands in them is wanted, as far as places go.
    pub(super) whole: bool,
}

impl Stretches {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Of the places that are wanted, in lists of this order.
    pub(super) fn of(places: &[Place], wanted: impl Fn(&Place) -> bool, order: ListOrder) -> Self {
        let (mut inside, mut outside) = (BTreeSet::new(), BTreeSet::new());
        for place in places.iter().filter(|place| order.shows(place)) {
            let stretches = if wanted(place) { &mut inside } else { &mut outside };
            stretches.insert(Stretch::of(place));
        }
        let whole = inside.is_disjoint(&outside);
        let mut columns = Self { whole, ..Self::default() };
        for stretch in inside {
            columns.keys.push(stretch.key.to_string());
            columns.statuses.push(stretch.status);
            columns.rests_at.push(stretch.rests_at.to_owned());
            columns.reasons.push(stretch.reason.map(str::to_owned));
        }
        columns
    }
}

impl Stretch {
    fn of(place: &Place) -> Self {
        let rests = !matches!(place.status.as_str(), "running" | "live");
        Self {
            key: place.blueprint.key.clone(),
            status: place.status.clone(),
            rests_at: if rests { place.step.name() } else { "" },
            reason: place.reason.map(Reason::name),
        }
    }
}

struct PlaceRow {
    blueprint_key: String,
    blueprint_version: i32,
    status: String,
    step: String,
    problem_code: String,
    count: i64,
}

impl TryFrom<PlaceRow> for Place {
    type Error = Error;

    fn try_from(row: PlaceRow) -> Result<Self, Error> {
        let wrong = |column| Error::inconsistent("tally", column, &row.blueprint_key);
        let reason = match row.problem_code.as_str() {
            "" => None,
            code => Some(Reason::parse(code).ok_or_else(|| wrong("problem_code"))?),
        };
        let step = StepKind::parse(&row.step).ok_or_else(|| wrong("step"))?;
        let key = BlueprintKey::parse(row.blueprint_key.clone());
        let key = key.map_err(|_| wrong("blueprint_key"))?;
        Ok(Self {
            blueprint: BlueprintId { key, version: row.blueprint_version },
            status: row.status,
            step,
            reason,
            count: u64::try_from(row.count).unwrap_or_default(),
        })
    }
}

/// Everything the tally knows, with what is running.
pub(super) async fn list(session: &mut PgConnection) -> Result<Vec<Place>, Error> {
    let rows =
        sqlx::query_file_as!(PlaceRow, "src/store/lists/places.sql").fetch_all(session).await?;
    rows.into_iter().map(Place::try_from).collect()
}

/// Where things are overdue, and how many.
pub(super) async fn list_overdue(
    session: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<Place>, Error> {
    let steps = StepKind::ALL.map(|step| step.name().to_owned());
    let late = now - StuckBecause::LATE;
    let rows =
        sqlx::query_file_as!(PlaceRow, "src/store/lists/overdue_places.sql", &steps, now, late)
            .fetch_all(session)
            .await?;
    rows.into_iter().map(Place::try_from).collect()
}
