//! One page of a list.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::cursor::{Cursor, Key};
use super::picks::{Match, Picks, check, overdue, pick};
use super::places::{self, Asked, Place, Stretches};
use super::{Filter, ListOrder};
use crate::ids::OnboardingId;
use crate::onboarding::{BlueprintId, Onboarding};
use crate::store::row::Row;
use crate::store::{Error, Sight, Store};

/// Candidates that are looked at together, where not each of them matches.
const AT_ONCE: usize = 1000;
/// How often a page looks at so many before it ends where it is.
const MOST_LOOKS: usize = 4;

/// Some onboardings, in the order that was asked for.
#[derive(Debug)]
pub struct Page {
    pub onboardings: Vec<Onboarding>,
    /// Where the next page begins; `None` on the last one. A page may have fewer entries than were
    /// asked for, or none, and not be the last one.
    pub next: Option<Cursor>,
}

/// What is asked for in what order, and how to come by it.
pub(super) struct Walk<'a> {
    pub(super) asked: Asked<'a>,
    order: ListOrder,
    /// Looked at one by one, first of all; sorted.
    picked: Vec<Match>,
    /// Come off indexes in their order.
    stretches: Stretches,
    /// Whether what comes off them has to be checked.
    checked: bool,
    beginning: Option<String>,
}

/// Ids with their places in the order, and where they were ended although there may be more.
pub(super) type Keys = (Vec<Key>, Option<Key>);

impl Store {
    /// Up to `limit` onboardings after `after`, which must fit the filter and the order.
    pub async fn list(
        &self,
        (filter, sight): (&Filter, &Sight),
        order: ListOrder,
        after: Option<Cursor>,
        limit: u16,
    ) -> Result<Page, Error> {
        self.within(async {
            let mut tx = self.snapshot().await?;
            let asked = self.ask(&mut tx, filter, sight).await?;
            let walk = Walk::begin(&mut tx, asked, order).await?;
            let after = after.map(|cursor| cursor.key);
            let (keys, next) = walk.page(&mut tx, after, limit.into()).await?;
            let onboardings = load(&mut tx, &keys).await?;
            tx.rollback().await?;
            let list = filter.digest(order);
            Ok(Page { onboardings, next: next.map(|key| Cursor { list, key }) })
        })
        .await
    }

    /// Shows everything that matches. How long something is where it is has an order of its own, but not
    /// for what is over: that is gone through by age.
    pub(super) async fn visit_matching(
        &self,
        session: &mut PgConnection,
        (filter, sight): (&Filter, &Sight),
        at_once: usize,
        mut show: impl FnMut(&Match),
    ) -> Result<(), Error> {
        if filter.older_than.is_none() {
            let asked = self.ask(session, filter, sight).await?;
            let walk = Walk::begin(session, asked, ListOrder::Oldest).await?;
            return walk.visit(session, at_once, show).await;
        }
        let asked = self.ask(session, filter, sight).await?;
        let walk = Walk::begin(session, asked, ListOrder::LongestInStep).await?;
        walk.visit(session, at_once, &mut show).await?;
        let is_wanted = |status: &&str| {
            filter.statuses.is_empty() || filter.statuses.iter().any(|wanted| wanted == status)
        };
        // Of what is live, those that are not well had their turn.
        let over = ["live", "cancelled"].into_iter();
        let over = over.filter(is_wanted);
        let statuses: Vec<_> = over.map(str::to_owned).collect();
        if statuses.is_empty() {
            return Ok(());
        }
        let filter = Filter { statuses, ..filter.clone() };
        let asked = self.ask(session, &filter, sight).await?;
        let rest = |found: &Match| {
            if !ListOrder::LongestInStep.shows(&found.place) {
                show(found);
            }
        };
        Walk::begin(session, asked, ListOrder::Oldest).await?.visit(session, at_once, rest).await
    }

    /// Everything that is read in it is of one moment.
    pub(super) async fn snapshot(&self) -> Result<Transaction<'static, Postgres>, Error> {
        Ok(self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
    }

    pub(super) async fn ask<'a>(
        &self,
        session: &mut PgConnection,
        filter: &'a Filter,
        sight: &'a Sight,
    ) -> Result<Asked<'a>, Error> {
        let mut versions = None;
        if let Some(template) = filter.template {
            let with = serde_json::json!({ "templates": [{ "template_id": template }] });
            let rows = sqlx::query!(
                "SELECT blueprint_key, version FROM blueprint WHERE document @> $1",
                with
            )
            .fetch_all(session)
            .await?;
            let ids = rows.into_iter().filter_map(|row| {
                let key = crate::ids::BlueprintKey::parse(row.blueprint_key).ok()?;
                Some(BlueprintId { key, version: row.version })
            });
            versions = Some(ids.collect());
        }
        Ok(Asked { filter, sight, versions, now: self.clock.now() })
    }
}

impl<'a> Walk<'a> {
    pub(super) async fn begin(
        session: &mut PgConnection,
        asked: Asked<'a>,
        order: ListOrder,
    ) -> Result<Self, Error> {
        let Picks { only, beginning } = pick(session, &asked).await?;
        let places = places::list(session).await?;
        let filter = asked.filter;
        let mut stretches = Stretches::of(&places, |place| asked.takes(place), order);
        // What nothing but its place decides about.
        let mut checked = !stretches.whole || !asked.is_about_places();
        let mut picked = Vec::new();
        if let Some(only) = only {
            stretches = Stretches::default();
            picked = only;
        } else if filter.stuck == Some(true) {
            let wanted = |place: &Place| place.is_stuck() && asked.takes(place);
            match overdue(session, &asked).await? {
                Some(overdue) => {
                    stretches = Stretches::of(&places, wanted, order);
                    let without = Filter { stuck: None, ..filter.clone() };
                    let rest = Asked { filter: &without, ..asked.borrowed() };
                    checked = !stretches.whole || !rest.is_about_places();
                    picked = overdue;
                }
                None => checked = true,
            }
        }
        let mut picked = check(session, &asked, &picked, beginning.as_deref()).await?;
        picked.retain(|found| order.shows(&found.place));
        sort(&mut picked, order);
        Ok(Self { asked, order, picked, stretches, checked, beginning })
    }

    /// Up to `limit` keys after `after`, and the last of them if more may come.
    pub(super) async fn page(
        &self,
        session: &mut PgConnection,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Keys, Error> {
        let comes = |key: &Key| after.is_none_or(|after| is_before(self.order, after, *key));
        let picked = self.picked.iter().map(|found| found.key(self.order)).filter(comes);
        let mut keys: Vec<_> = picked.take(limit + 1).collect();
        let (streamed, ended) = self.stream(session, after, limit + 1).await?;
        keys.extend(streamed);
        keys.sort_by(|one, other| ordering(self.order, one, other));
        // An onboarding that was picked may stand in a stretch as well.
        keys.dedup();
        if let Some(ended) = ended {
            keys.retain(|key| !is_before(self.order, ended, *key));
        }
        if keys.len() > limit {
            keys.truncate(limit);
            let last = keys.last().copied();
            return Ok((keys, last));
        }
        Ok((keys, ended))
    }

    /// Shows every onboarding that matches, however many there are. What is picked stands in no stretch
    /// that is read in the same snapshot.
    pub(super) async fn visit(
        &self,
        session: &mut PgConnection,
        at_once: usize,
        mut show: impl FnMut(&Match),
    ) -> Result<(), Error> {
        self.picked.iter().for_each(&mut show);
        let mut after = None;
        while !self.stretches.is_empty() {
            let mut keys = self.candidates(session, after, at_once).await?;
            // One may stand in two stretches, and then comes twice in a row.
            keys.dedup();
            let Some(last) = keys.last().copied() else { break };
            let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
            let found = check(session, &self.asked, &ids, self.beginning.as_deref()).await?;
            found.iter().for_each(&mut show);
            after = Some(last);
        }
        Ok(())
    }

    /// Up to `most` of what comes off the indexes. With the place where it stopped looking, if that
    /// was not for want of candidates.
    async fn stream(
        &self,
        session: &mut PgConnection,
        after: Option<Key>,
        most: usize,
    ) -> Result<Keys, Error> {
        if self.stretches.is_empty() {
            return Ok((Vec::new(), None));
        }
        if !self.checked {
            return Ok((self.candidates(session, after, most).await?, None));
        }
        let (mut found, mut after) = (Vec::new(), after);
        for _ in 0..MOST_LOOKS {
            let keys = self.candidates(session, after, AT_ONCE).await?;
            let Some(last) = keys.last().copied() else { return Ok((found, None)) };
            let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
            let matches = check(session, &self.asked, &ids, self.beginning.as_deref()).await?;
            found.extend(matches.iter().map(|one| one.key(self.order)));
            if keys.len() < AT_ONCE {
                return Ok((found, None));
            }
            if found.len() >= most {
                found.truncate(most);
                return Ok((found, None));
            }
            after = Some(last);
        }
        Ok((found, after))
    }

    async fn candidates(
        &self,
        session: &mut PgConnection,
        after: Option<Key>,
        most: usize,
    ) -> Result<Vec<Key>, Error> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        match self.order {
            ListOrder::Newest | ListOrder::Oldest => {
                let ids = self.by_id(session, after.map(|key| key.id), most).await?;
                Ok(ids.into_iter().map(Key::of_id).collect())
            }
            ListOrder::LongestInStep | ListOrder::Deadline => {
                Ok(self.by_time(session, after, most).await?)
            }
        }
    }

    async fn by_id(
        &self,
        session: &mut PgConnection,
        after: Option<Uuid>,
        most: i64,
    ) -> Result<Vec<Uuid>, sqlx::Error> {
        let Stretches { keys, statuses, rests_at, reasons, whole: _ } = &self.stretches;
        if self.order == ListOrder::Newest {
            let before = after.unwrap_or(Uuid::max()).min(self.youngest());
            return sqlx::query_file_scalar!(
                "src/store/lists/newest.sql",
                keys,
                statuses,
                rests_at,
                reasons as _,
                before,
                most,
            )
            .fetch_all(session)
            .await;
        }
        sqlx::query_file_scalar!(
            "src/store/lists/oldest.sql",
            keys,
            statuses,
            rests_at,
            reasons as _,
            after.unwrap_or_default(),
            most,
        )
        .fetch_all(session)
        .await
    }

    async fn by_time(
        &self,
        session: &mut PgConnection,
        after: Option<Key>,
        most: i64,
    ) -> Result<Vec<Key>, sqlx::Error> {
        let Stretches { keys, statuses, rests_at, reasons, whole: _ } = &self.stretches;
        let id = after.map(|key| key.id).unwrap_or_default();
        let at = after.map_or_else(earliest, |key| key.at);
        if self.order == ListOrder::Deadline {
            return sqlx::query_file_as!(
                Key,
                "src/store/lists/deadline.sql",
                keys,
                rests_at,
                at,
                id,
                most,
            )
            .fetch_all(session)
            .await;
        }
        sqlx::query_file_as!(
            Key,
            "src/store/lists/longest_in_step.sql",
            keys,
            statuses,
            rests_at,
            reasons as _,
            at,
            id,
            most,
            self.latest(),
        )
        .fetch_all(session)
        .await
    }

    /// Since when at the latest something is where it is.
    fn latest(&self) -> DateTime<Utc> {
        let age = self.asked.filter.older_than.unwrap_or(TimeDelta::days(-1));
        self.asked.now - age
    }

    /// Nothing has been for so long where it is that was begun later. Ids tell when that was.
    fn youngest(&self) -> Uuid {
        let Some(age) = self.asked.filter.older_than else { return Uuid::max() };
        let millis = (self.asked.now - age).timestamp_millis().saturating_add(1);
        Uuid::from_u128(u128::try_from(millis).unwrap_or_default() << 80)
    }
}

/// Long before there was any of this, and still a time that the database knows.
fn earliest() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH - TimeDelta::days(36_500)
}

fn ordering(order: ListOrder, one: &Key, other: &Key) -> std::cmp::Ordering {
    match order {
        ListOrder::Newest => other.cmp(one),
        ListOrder::Oldest | ListOrder::LongestInStep | ListOrder::Deadline => one.cmp(other),
    }
}

fn is_before(order: ListOrder, one: Key, other: Key) -> bool {
    ordering(order, &one, &other).is_lt()
}

fn sort(found: &mut [Match], order: ListOrder) {
    found.sort_by(|one, other| ordering(order, &one.key(order), &other.key(order)));
}

/// Whole onboardings, in the order of the keys.
async fn load(session: &mut PgConnection, keys: &[Key]) -> Result<Vec<Onboarding>, Error> {
    let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
    let rows =
        sqlx::query_as!(Row, "SELECT * FROM onboarding WHERE onboarding_id = ANY ($1)", &ids)
            .fetch_all(session)
            .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let onboarding = Onboarding::try_from(row)?;
        found.insert(onboarding.id, onboarding);
    }
    Ok(ids.into_iter().filter_map(|id| found.remove(&OnboardingId(id))).collect())
}
