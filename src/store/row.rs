//! An onboarding's row, and what it means.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::Error;
use crate::ids::{BlueprintKey, OnboardingId, Reference, TenantId};
use crate::onboarding::{
    Abandonment, BlueprintId, LinkState, Onboarding, Problem, ProblemCode, Status, StepKind,
};

/// All columns of `onboarding`.
pub(super) struct Row {
    pub(super) onboarding_id: Uuid,
    pub(super) reference: String,
    pub(super) tenant_id: String,
    pub(super) blueprint_key: String,
    pub(super) blueprint_version: i32,
    pub(super) created_at: DateTime<Utc>,
    pub(super) profile: Value,
    pub(super) link_generation: i32,
    pub(super) link_expires_at: DateTime<Utc>,
    pub(super) version: i64,
    pub(super) status: String,
    pub(super) step: String,
    pub(super) since: DateTime<Utc>,
    pub(super) problem_code: Option<String>,
    pub(super) problem_detail: Option<String>,
    pub(super) deadline: Option<DateTime<Utc>>,
    pub(super) wake_at: Option<DateTime<Utc>>,
    pub(super) tries: i32,
    #[expect(dead_code, reason = "the whole row is read; only statements look at the queue")]
    pub(super) due_at: Option<DateTime<Utc>>,
    #[expect(dead_code, reason = "the whole row is read; only statements look at the queue")]
    pub(super) lease_token: Option<Uuid>,
    pub(super) claims: i32,
    pub(super) facts: Value,
    pub(super) last_change: Option<Uuid>,
    #[expect(dead_code, reason = "the whole row is read; only lists look for it")]
    pub(super) rests_at: String,
    #[expect(dead_code, reason = "the whole row is read; only lists look for it")]
    pub(super) rests_since: Option<DateTime<Utc>>,
    pub(super) assignee: Option<String>,
    pub(super) snoozed_until: Option<DateTime<Utc>>,
    #[expect(dead_code, reason = "the whole row is read; only lists look for it")]
    pub(super) unhealthy_since: Option<DateTime<Utc>>,
}

/// The columns that a state is spread over, in the form in which they are written.
pub(super) struct StateColumns {
    pub(super) status: &'static str,
    pub(super) step: &'static str,
    /// Why it does not move: a problem's code, or where people stopped.
    pub(super) problem_code: Option<&'static str>,
    pub(super) problem_detail: Option<String>,
    pub(super) deadline: Option<DateTime<Utc>>,
    pub(super) wake_at: Option<DateTime<Utc>>,
}

impl StateColumns {
    pub(super) fn of(onboarding: &Onboarding) -> Self {
        let problem = onboarding.problem();
        let wake_at = match &onboarding.status {
            Status::Retrying { retry_at, .. } => Some(*retry_at),
            Status::Waiting { look_at, .. } => *look_at,
            Status::Live => Some(onboarding.next_look_at_live()),
            Status::Running | Status::Stuck { .. } | Status::Cancelled => None,
        };
        Self {
            status: onboarding.status.name(),
            step: onboarding.step().name(),
            problem_code: problem
                .map(|problem| problem.code.name())
                .or_else(|| onboarding.abandonment().map(Abandonment::name)),
            problem_detail: problem.and_then(|problem| problem.detail.clone()),
            deadline: onboarding.status.deadline(),
            wake_at,
        }
    }
}

impl TryFrom<Row> for Onboarding {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.onboarding_id;
        let wrong = |column| Error::inconsistent("onboarding", column, id);
        let status = status(&row).map_err(wrong)?;
        let facts = serde_json::from_value(row.facts).map_err(|_| wrong("facts"))?;
        let onboarding = Self {
            id: OnboardingId(id),
            reference: Reference::parse(row.reference).map_err(|_| wrong("reference"))?,
            tenant: TenantId::parse(row.tenant_id).map_err(|_| wrong("tenant_id"))?,
            blueprint: BlueprintId {
                key: BlueprintKey::parse(row.blueprint_key).map_err(|_| wrong("blueprint_key"))?,
                version: row.blueprint_version,
            },
            version: row.version,
            status,
            since: row.since,
            tries: u32::try_from(row.tries).map_err(|_| wrong("tries"))?,
            facts,
            profile: serde_json::from_value(row.profile).map_err(|_| wrong("profile"))?,
            link: LinkState { generation: row.link_generation, expires_at: row.link_expires_at },
            assignee: row.assignee,
            snoozed_until: row.snoozed_until,
            created_at: row.created_at,
        };
        // The step column is a copy; a copy that differs means that somebody wrote past the engine.
        match StepKind::parse(&row.step) {
            Some(step) if step == onboarding.step() => Ok(onboarding),
            Some(_) | None => Err(wrong("step")),
        }
    }
}

fn status(row: &Row) -> Result<Status, &'static str> {
    let problem = || {
        let code = row.problem_code.as_deref().and_then(ProblemCode::parse);
        let detail = row.problem_detail.clone();
        code.map(|code| Problem { code, detail }).ok_or("problem_code")
    };
    Ok(match row.status.as_str() {
        "running" => Status::Running,
        "retrying" => {
            Status::Retrying { problem: problem()?, retry_at: row.wake_at.ok_or("wake_at")? }
        }
        "waiting" => {
            Status::Waiting { deadline: row.deadline.ok_or("deadline")?, look_at: row.wake_at }
        }
        "stuck" => Status::Stuck { problem: problem()? },
        "live" => Status::Live,
        "cancelled" => Status::Cancelled,
        _ => return Err("status"),
    })
}
