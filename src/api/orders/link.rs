//! The address of the pages.

use axum::extract::{Path, State};
use axum::response::Response;
use chrono::TimeDelta;
use serde::Deserialize;
use utoipa::ToSchema;

use super::order_and_show;
use crate::api::caller::{Caller, Write};
use crate::api::repeatable::BodyOptional;
use crate::api::shapes::OnboardingBody;
use crate::onboarding::Command;
use crate::web::fields::{LONGEST_LINK, Mistakes};
use crate::web::{AppState, Error};

/// What is to happen to the link.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct LinkOrder {
    #[serde(default)]
    pub(in crate::api) action: LinkAction,
    /// How long from now on it is good: 1 to 2,160 hours (90 days). For `rotate`, which takes the
    /// usual time otherwise, and for `extend`, which needs it.
    #[schema(minimum = 1, maximum = 2160)]
    pub(in crate::api) expires_in_hours: Option<u32>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum LinkAction {
    /// A new address; every earlier one and every visit that began with it ends.
    #[default]
    Rotate,
    /// Every address and every visit ends at once, and there is no other one until it is rotated.
    Revoke,
    /// The address stays and is good for longer.
    Extend,
}

/// Give the onboarding another link, end it, or let it be good for longer.
///
/// Without a body there will be another link, which lives as long as the first one did. What is over is
/// not extended.
#[utoipa::path(post, path = "/v1/onboardings/{id}/link", operation_id = "change_link", tag = "onboardings",
    params(("id" = Uuid, Path)), request_body = Option<LinkOrder>,
    responses((status = OK, body = OnboardingBody)))]
pub(in crate::api) async fn change_link(
    caller: Caller<Write>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    BodyOptional(asked): BodyOptional<LinkOrder>,
) -> Result<Response, Error> {
    let command = asked.body.command(&state)?;
    order_and_show(&state, &id, command, &caller, &asked).await
}

impl LinkOrder {
    pub(in crate::api) fn command(&self, state: &AppState) -> Result<Command, Error> {
        let hours = self.expires_in_hours;
        let mut mistakes = Mistakes::default();
        let fits = hours.is_none_or(|hours| (1..=LONGEST_LINK).contains(&hours));
        mistakes.require("/expires_in_hours", fits, "1 to 2160");
        let (needed, taken) = match self.action {
            LinkAction::Rotate => (false, true),
            LinkAction::Revoke => (false, false),
            LinkAction::Extend => (true, true),
        };
        mistakes.require(
            "/expires_in_hours",
            !needed || hours.is_some(),
            "given, to extend a link",
        );
        mistakes.require(
            "/expires_in_hours",
            taken || hours.is_none(),
            "left out, to revoke a link",
        );
        let life =
            hours.map_or_else(|| state.engine.link_life(), |hours| TimeDelta::hours(hours.into()));
        let expires_at = state.clock().now() + life;
        mistakes.or_value(Some(match self.action {
            LinkAction::Rotate => Command::RotateLink { expires_at },
            LinkAction::Revoke => Command::RevokeLink,
            LinkAction::Extend => Command::ExtendLink { expires_at },
        }))
    }
}
