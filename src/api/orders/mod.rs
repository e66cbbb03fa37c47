//! What may be ordered of an onboarding. Each order has a route of its own: its handler reads what it
//! takes, makes a command of it, and shows the onboarding as it stands afterwards.
//!
//! What always holds:
//! - An order that the state does not allow is refused with 409, the reason and the onboarding as it
//!   stands.
//! - Sent again under the same `Idempotency-Key` it gets the first answer and does nothing.

pub(super) mod after_live;
pub(super) mod care;
pub(super) mod course;
pub(super) mod link;
pub(super) mod words;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;

use super::caller::{Caller, Write};
use super::onboardings::parse_id;
use super::repeatable::{Repeatable, send, spell, with_link};
use super::shapes::OnboardingBody;
use crate::engine;
use crate::ids::OnboardingId;
use crate::onboarding::{Command, InvalidTransition, Onboarding};
use crate::store::Sight;
use crate::web::fields::{LONGEST_REASON, Mistakes, is_text};
use crate::web::{AboutOnboarding, AppState, Error, Kind};

pub(super) fn check_reason(reason: &str) -> Result<String, Error> {
    check_text("/reason", reason, LONGEST_REASON)
}

fn check_text(pointer: &str, text: &str, most: usize) -> Result<String, Error> {
    let mut mistakes = Mistakes::default();
    mistakes.require(pointer, is_text(text, most), &format!("1 to {most} characters"));
    mistakes.or_value(Some(text.to_owned()))
}

async fn order_and_show<T>(
    state: &AppState,
    id: &str,
    command: Command,
    caller: &Caller<Write>,
    asked: &Repeatable<T>,
) -> Result<Response, Error> {
    let id = (parse_id(id)?, &caller.sight);
    let key = asked.idempotency(caller);
    let render = |onboarding: &Onboarding| {
        spell(StatusCode::OK, &OnboardingBody::to_keep(onboarding, state))
    };
    let order = state.engine.order_once(id, command, &caller.actor, key.as_ref(), &render);
    match order.await {
        Ok(answer) => send(&answer, with_link(state, &answer), None),
        Err(engine::Error::Invalid(why)) => Err(refused(state, id, &why).await?),
        Err(error) => Err(error.into()),
    }
}

/// Whoever ordered what the state does not allow sees which state that is.
async fn refused(
    state: &AppState,
    (id, sight): (OnboardingId, &Sight),
    why: &InvalidTransition,
) -> Result<Error, Error> {
    let found = state.store().find_in_sight(id, sight).await?;
    let about = found.map(|onboarding| {
        Arc::new(AboutOnboarding {
            reference: onboarding.reference.to_string(),
            shown: serde_json::to_value(OnboardingBody::show(&onboarding, state))
                .unwrap_or_default(),
        })
    });
    Ok(Error { about, ..Error::new(Kind::Conflict, why.reason) })
}
