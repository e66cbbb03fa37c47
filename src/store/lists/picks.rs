//! Onboardings that an index of their own finds, where a filter is narrow: a tenant's, those that a
//! search may mean, those that have a tag, those that are overdue.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::cursor::Key;
use super::places::{Asked, Reason};
use super::{ListOrder, Place, Search};
use crate::ids::{BlueprintKey, TenantId};
use crate::onboarding::{BlueprintId, StepKind, StuckBecause};
use crate::store::Error;

/// More than so many are no longer looked at one by one: there are enough of them to be met soon on
/// the way through a list.
const MOST: usize = 2000;

/// What was found by itself; `None`: more than [`MOST`].
type Found = Option<Vec<Uuid>>;

/// What is known of an onboarding that matches.
#[derive(Debug, Clone)]
pub(super) struct Match {
    pub(super) id: Uuid,
    pub(super) place: Place,
    pub(super) version: i64,
    since: DateTime<Utc>,
    deadline: Option<DateTime<Utc>>,
}

impl Match {
    pub(super) fn key(&self, order: ListOrder) -> Key {
        let at = match order {
            ListOrder::Newest | ListOrder::Oldest => return Key::of_id(self.id),
            ListOrder::LongestInStep => self.since,
            ListOrder::Deadline => self.deadline.unwrap_or(DateTime::UNIX_EPOCH),
        };
        Key { at, id: self.id }
    }
}

/// What a filter picks.
#[derive(Debug, Default)]
pub(super) struct Picks {
    /// Only these can match.
    pub(super) only: Found,
    /// There are too many that begin like this; they have to be recognised.
    pub(super) beginning: Option<String>,
}

/// The narrowest picks of the filter.
pub(super) async fn pick(session: &mut PgConnection, asked: &Asked<'_>) -> Result<Picks, Error> {
    let mut picks = Picks::default();
    if let Some(tenant) = &asked.filter.tenant {
        picks.only = of_tenant(session, tenant).await?;
    }
    if let Some(search) = &asked.filter.search {
        match found(session, search).await? {
            Some(meant) => picks.only = Some(both(picks.only.take(), meant)),
            None => picks.beginning = Some(search.text.clone()),
        }
    }
    if let Some(assignee) = &asked.filter.assignee
        && picks.only.is_none()
    {
        picks.only = of_assignee(session, assignee).await?;
    }
    if asked.filter.snoozed == Some(true) && picks.only.is_none() {
        picks.only = snoozed(session, asked.now).await?;
    }
    let connector = asked.filter.connector.as_ref().and_then(|text| text.parse::<i64>().ok());
    if let Some(connector) = connector
        && picks.only.is_none()
    {
        picks.only = with_connector(session, connector).await?;
    }
    if let Some(tag) = &asked.filter.tag
        && picks.only.is_none()
    {
        picks.only = with_tag(session, tag).await?;
    }
    Ok(picks)
}

fn both(earlier: Found, meant: Vec<Uuid>) -> Vec<Uuid> {
    let Some(earlier) = earlier else { return meant };
    let earlier: HashSet<_> = earlier.into_iter().collect();
    meant.into_iter().filter(|id| earlier.contains(id)).collect()
}

fn limit() -> i64 {
    i64::try_from(MOST).unwrap_or(i64::MAX).saturating_add(1)
}

fn unless_many(found: Vec<Uuid>) -> Found {
    (found.len() <= MOST).then_some(found)
}

async fn of_tenant(session: &mut PgConnection, tenant: &TenantId) -> Result<Found, Error> {
    let found = sqlx::query_scalar!(
        r#"
        (SELECT onboarding_id AS "id!" FROM onboarding
         WHERE tenant_id = $1 AND status <> 'cancelled' LIMIT $2)
        UNION ALL
        (SELECT onboarding_id FROM onboarding
         WHERE tenant_id = $1 AND status = 'cancelled' LIMIT $2)
        "#,
        tenant.as_str(),
        limit(),
    )
    .fetch_all(session)
    .await?;
    Ok(unless_many(found))
}

async fn of_assignee(session: &mut PgConnection, assignee: &str) -> Result<Found, Error> {
    let found = sqlx::query_scalar!(
        "SELECT onboarding_id FROM onboarding WHERE assignee = $1 LIMIT $2",
        assignee,
        limit(),
    )
    .fetch_all(session)
    .await?;
    Ok(unless_many(found))
}

async fn snoozed(session: &mut PgConnection, now: DateTime<Utc>) -> Result<Found, Error> {
    let found = sqlx::query_scalar!(
        "SELECT onboarding_id FROM onboarding WHERE snoozed_until > $1 LIMIT $2",
        now,
        limit(),
    )
    .fetch_all(session)
    .await?;
    Ok(unless_many(found))
}

async fn found(session: &mut PgConnection, search: &Search) -> Result<Found, Error> {
    let found = sqlx::query_file_scalar!(
        "src/store/lists/search.sql",
        search.reference.as_ref().map(crate::ids::Reference::as_str),
        search.id,
        search.connector,
        search.text,
        limit(),
    )
    .fetch_all(session)
    .await?;
    Ok(unless_many(found))
}

async fn with_connector(session: &mut PgConnection, connector: i64) -> Result<Found, Error> {
    let found = sqlx::query_scalar!(
        r#"
        -- By its own index: the order of the key would be of no use.
        WITH found AS MATERIALIZED (
            SELECT onboarding_id FROM journal
            WHERE detail ? 'connectors' AND detail -> 'connectors' @> to_jsonb($1::bigint)
        )
        SELECT DISTINCT onboarding_id AS "id!" FROM found
        LIMIT $2
        "#,
        connector,
        limit(),
    )
    .fetch_all(session)
    .await?;
    Ok(unless_many(found))
}

async fn with_tag(session: &mut PgConnection, tag: &str) -> Result<Found, Error> {
    let found = sqlx::query_scalar!(
        r#"
        (SELECT onboarding_id AS "id!" FROM onboarding
         WHERE profile ? 'tags' AND profile -> 'tags' ? $1 AND status <> 'running'
         LIMIT $2)
        UNION ALL
        -- What is running stands in no index of tags; there is little of it.
        (SELECT o.onboarding_id FROM (SELECT DISTINCT blueprint_key FROM blueprint) b
         CROSS JOIN LATERAL (
             SELECT r.onboarding_id FROM onboarding r
             WHERE r.blueprint_key = b.blueprint_key AND r.status = 'running' AND r.rests_at = ''
               AND r.profile -> 'tags' ? $1
         ) o
         LIMIT $2)
        "#,
        tag,
        limit(),
    )
    .fetch_all(session)
    .await?;
    Ok(unless_many(found))
}

/// Waiting beyond the deadline, or late with what they should do by themselves.
pub(super) async fn overdue(session: &mut PgConnection, asked: &Asked<'_>) -> Result<Found, Error> {
    let filter = asked.filter;
    let keys = if filter.blueprints.is_empty() {
        asked.sight.keys()
    } else {
        let seen = filter.blueprints.iter().filter(|key| asked.sight.covers(key));
        Some(seen.map(ToString::to_string).collect())
    };
    let steps = StepKind::ALL.map(|step| step.name().to_owned());
    let found = sqlx::query_file_scalar!(
        "src/store/lists/overdue.sql",
        keys.as_deref(),
        &steps,
        asked.now,
        asked.now - StuckBecause::LATE,
        limit(),
    )
    .fetch_all(session)
    .await?;
    Ok(unless_many(found))
}

/// Those of these that match, in the order in which they were given.
pub(super) async fn check(
    session: &mut PgConnection,
    asked: &Asked<'_>,
    ids: &[Uuid],
    beginning: Option<&str>,
) -> Result<Vec<Match>, Error> {
    let filter = asked.filter;
    let now = asked.now;
    let keys = asked.sight.keys();
    let rows = sqlx::query_file!(
        "src/store/lists/check.sql",
        ids,
        keys.as_deref(),
        filter.tenant.as_ref().map(TenantId::as_str),
        filter.older_than.map(|age| now - age),
        filter.tag,
        filter.connector,
        filter.stuck,
        now,
        now - StuckBecause::LATE,
        beginning,
        filter.assignee,
        filter.snoozed,
    )
    .fetch_all(session)
    .await?;
    let mut matches = Vec::with_capacity(rows.len());
    for row in rows {
        let wrong = |column| Error::inconsistent("onboarding", column, row.onboarding_id);
        let reason = row.problem_code.as_deref().map(Reason::parse);
        let place = Place {
            blueprint: BlueprintId {
                key: BlueprintKey::parse(row.blueprint_key).map_err(|_| wrong("blueprint_key"))?,
                version: row.blueprint_version,
            },
            step: StepKind::parse(&row.step).ok_or_else(|| wrong("step"))?,
            reason: reason.map(|code| code.ok_or_else(|| wrong("problem_code"))).transpose()?,
            count: 1,
            status: row.status,
        };
        if asked.takes(&place) {
            let (id, version) = (row.onboarding_id, row.version);
            let (since, deadline) = (row.since, row.deadline);
            matches.push(Match { id, place, version, since, deadline });
        }
    }
    Ok(matches)
}
