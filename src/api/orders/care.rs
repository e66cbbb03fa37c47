//! Who looks after an onboarding, and when.

use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{check_reason, order_and_show};
use crate::api::caller::{Caller, Write};
use crate::api::repeatable::Repeatable;
use crate::api::shapes::OnboardingBody;
use crate::onboarding::Command;
use crate::web::fields::{ASSIGNEE_RULE, Mistakes, is_assignee};
use crate::web::{AppState, Error};

/// Who looks after it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct AssignOrder {
    /// A name or an e-mail address of yours, 1 to 100 characters on one line; `null`: nobody any more.
    #[schema(required)]
    #[serde(deserialize_with = "Option::deserialize")]
    assignee: Option<String>,
}

/// Until when nobody needs to look.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SnoozeOrder {
    /// At most a year from now; `null`: at once again.
    #[schema(required)]
    #[serde(deserialize_with = "Option::deserialize")]
    until: Option<DateTime<Utc>>,
    /// 1 to 500 characters, for the timeline.
    reason: Option<String>,
}

/// Longest time for which an onboarding is put off.
const LONGEST_SNOOZE: TimeDelta = TimeDelta::days(366);

/// Say who looks after an onboarding.
///
/// For your own people; nobody is told, and it stays until it is live or cancelled. Find them again with
/// the filter `assignee`.
#[utoipa::path(post, path = "/v1/onboardings/{id}/assign", operation_id = "assign_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = AssignOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn assign(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<AssignOrder>,
) -> Result<Response, Error> {
    let command = asked.body.command()?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

/// Put an onboarding off.
///
/// Nothing stops: it is only left out of what is listed with `snoozed=false`. It comes back at that time,
/// or as soon as its status or step changes.
#[utoipa::path(post, path = "/v1/onboardings/{id}/snooze", operation_id = "snooze_onboarding", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = SnoozeOrder,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn snooze(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    asked: Repeatable<SnoozeOrder>,
) -> Result<Response, Error> {
    let command = asked.body.command(state.clock().now())?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

impl AssignOrder {
    pub(in crate::api) fn command(&self) -> Result<Command, Error> {
        let mut mistakes = Mistakes::default();
        let fits = self.assignee.as_deref().is_none_or(is_assignee);
        mistakes.require("/assignee", fits, ASSIGNEE_RULE);
        let assignee = self.assignee.as_deref().map(|name| name.trim().to_owned());
        mistakes.or_value(Some(Command::Assign { assignee }))
    }
}

impl SnoozeOrder {
    pub(in crate::api) fn command(&self, now: DateTime<Utc>) -> Result<Command, Error> {
        let mut mistakes = Mistakes::default();
        let soon = self.until.is_none_or(|until| until <= now + LONGEST_SNOOZE);
        mistakes.require("/until", soon, "at most 366 days from now");
        let until = mistakes.or_value(Some(self.until))?;
        let reason = self.reason.as_deref().map(check_reason).transpose()?;
        Ok(Command::Snooze { until, reason })
    }
}
