//! Keeping what a person ordered.

use chrono::{DateTime, Utc};

use super::answers::{find_answer, keep_answer};
use super::bulk::take_turn;
use super::calls::insert_stray;
use super::commit::{announcements, due_in, event_columns, json};
use super::row::StateColumns;
use super::staff::insert_act;
use super::trouble::again;
use super::{Act, Actor, Answer, CallLine, Error, IdempotencyKey, NewAttempt, OnceError, Store};
use crate::ids::BulkOrderId;
use crate::onboarding::{Onboarding, StepKind, Transition};

/// What an order means for a worker that has the onboarding right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Its result will be refused.
    EndsWork,
    /// Nothing that it is about changes (the link).
    LeavesWorkAlone,
}

/// A person's order with everything that is kept together with it.
#[derive(Debug, Clone, Copy)]
pub struct Overruling<'a> {
    pub transition: &'a Transition,
    pub order: Order,
    pub actor: &'a str,
    pub attempt: Option<&'a NewAttempt>,
    pub calls: &'a [CallLine],
    /// What the order was called by whoever gave it, and how it is answered.
    pub once: Option<(&'a IdempotencyKey, &'a Answer)>,
    /// It is one of many: that its turn has come is kept with it.
    pub bulk: Option<BulkOrderId>,
    /// Who of the staff did it, and what of it the audit says.
    pub audit: Option<(&'a Actor, &'a Act)>,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    Now,
    /// The same request was carried out before, and answered like this. Nothing was done now.
    Before(Answer),
    /// The order to many was carried out for this one before, or is over. Nothing was done now.
    NoTurn,
}

impl Store {
    /// Keeps what a person ordered. Names no lease: people win, and a worker that has the onboarding
    /// finds its result refused. [`Error::Conflict`] when the onboarding has changed since it was read.
    pub async fn overrule(&self, ordered: Overruling<'_>) -> Result<Kept, OnceError> {
        self.within(again(|| self.try_overrule(ordered))).await
    }

    async fn try_overrule(&self, ordered: Overruling<'_>) -> Result<Kept, OnceError> {
        let Overruling { transition, order, actor, attempt, calls, once, bulk, audit } = ordered;
        let now = self.clock.now();
        let to = &transition.to;
        let mut tx = self.pool.begin().await?;
        if let Some((key, _)) = once
            && let Some(answer) = find_answer(&mut tx, key).await?
        {
            return Ok(Kept::Before(answer));
        }
        // Made whether or not the order comes too late.
        insert_stray(&mut tx, to.id, calls, now).await?;
        let database_now = self.clock.for_database();
        if !update_for_person(&mut tx, to, order, due_in(to, now), database_now).await? {
            tx.commit().await?;
            return Err(Error::Conflict.into());
        }
        let (kind, event) = event_columns(transition.event.as_ref());
        sqlx::query!(
            "WITH message AS (
                 INSERT INTO outbox (onboarding_id, version, kind, at)
                 SELECT $1, $2, unnest(string_to_array($8::text, ',')), $3
             )
             INSERT INTO journal (onboarding_id, version, at, actor, kind, status, step, detail)
             SELECT $1, $2, $3, $4, $5::text, $6, $7, $9::jsonb WHERE $5::text IS NOT NULL",
            to.id.0,
            to.version,
            now,
            actor,
            kind,
            to.status.name(),
            to.step().name(),
            announcements(transition, None),
            event,
        )
        .execute(&mut *tx)
        .await?;
        if let Some(bulk) = bulk
            && !take_turn(&mut tx, bulk, to.id, now).await?
        {
            return Ok(Kept::NoTurn);
        }
        if let Some(attempt) = attempt {
            super::attempts::insert(&mut tx, to.id, attempt).await?;
        }
        if let Some((actor, act)) = audit {
            insert_act(&mut tx, actor, act, now).await?;
        }
        if let Some((key, answer)) = once {
            keep_answer(&mut tx, key, answer, now).await?;
        }
        tx.commit().await?;
        Ok(Kept::Now)
    }
}

/// Whether a worker that had the onboarding at this step may be changing something at Cyclr. While
/// a person connects an account it only reads, and the person should not have to wait.
fn changes_at_cyclr(to: &Onboarding) -> bool {
    match to.step() {
        StepKind::CreateAccount
        | StepKind::Install
        | StepKind::Map
        | StepKind::Activate
        | StepKind::Offboard => !to.status.is_terminal(),
        StepKind::Connect | StepKind::Live => false,
    }
}

/// Says whether the row was still at the version that the person saw.
async fn update_for_person(
    tx: &mut sqlx::PgConnection,
    to: &Onboarding,
    order: Order,
    due_in: Option<f64>,
    now: Option<DateTime<Utc>>,
) -> Result<bool, sqlx::Error> {
    let state = StateColumns::of(to);
    let updated = sqlx::query!(
        r#"
        UPDATE onboarding
        SET version = $2::bigint, status = $3, step = $4, since = $5, problem_code = $6,
            problem_detail = $7, deadline = $8, wake_at = $9, tries = $10, facts = $11,
            link_generation = $12, link_expires_at = $13, assignee = $18, snoozed_until = $19,
            blueprint_version = $20, profile = coalesce($21, profile),
            unhealthy_since = CASE WHEN $3 = 'live' AND $6::text IS NOT NULL THEN $5::timestamptz END,
            -- The worker that had it may be in the middle of a call: the next one has to look (its
            -- claim will be the second), and where calls change something it also has to wait until
            -- the old lease is over. Until then the lease is nobody's.
            claims = CASE WHEN lease_token IS NULL OR $17 THEN claims ELSE 1 END,
            due_at = CASE
                WHEN lease_token IS NOT NULL AND $17 THEN due_at
                WHEN lease_token IS NOT NULL AND $16
                    THEN greatest(due_at, coalesce($15, now()) + make_interval(secs => $14))
                ELSE coalesce($15, now()) + make_interval(secs => $14)
            END,
            lease_token = CASE
                WHEN $17 THEN lease_token
                WHEN lease_token IS NOT NULL AND $16 THEN gen_random_uuid()
            END
        WHERE onboarding_id = $1 AND version = $2::bigint - 1
        "#,
        to.id.0,
        to.version,
        state.status,
        state.step,
        to.since,
        state.problem_code,
        state.problem_detail,
        state.deadline,
        state.wake_at,
        i32::try_from(to.tries).unwrap_or(i32::MAX),
        json(&to.facts),
        to.link.generation,
        to.link.expires_at,
        due_in,
        now,
        changes_at_cyclr(to),
        order == Order::LeavesWorkAlone,
        to.assignee,
        to.snoozed_until,
        to.blueprint.version,
        // Changes with the blueprint alone.
        (to.facts.upgrades > 0).then(|| json(&to.profile)),
    )
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}
