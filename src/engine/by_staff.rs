//! What staff order of an onboarding that they have before them, with its line in the audit.

use serde_json::json;

use super::commands::{Changed, Ordered};
use super::{Engine, Error};
use crate::cyclr::CallLog;
use crate::ids::OnboardingId;
use crate::onboarding::{Action, Command, Onboarding};
use crate::store::{self, Act, Actor, Sight};

/// Who orders what, why, and what they saw when they decided it.
#[derive(Debug, Clone, Copy)]
pub struct StaffOrder<'a> {
    pub actor: &'a Actor,
    pub action: Action,
    pub reason: &'a str,
    /// See [`Onboarding::stand`].
    pub seen: &'a str,
}

impl StaffOrder<'_> {
    /// Status and step are what a decision goes by; the timeline has the rest.
    pub(super) fn act(&self, before: &Onboarding, after: &Onboarding) -> Act {
        let told = |onboarding: &Onboarding| {
            Some(json!({
                "status": onboarding.status.name(),
                "step": onboarding.step().name(),
                "problem": onboarding.problem().map(|problem| problem.code.name()),
                "version": onboarding.version,
            }))
        };
        Act {
            onboarding: Some(before.id),
            reason: Some(self.reason.to_owned()),
            before: told(before),
            after: told(after),
            ..Act::new(self.action.name(), before.reference.to_string())
        }
    }
}

impl Engine {
    /// Carries out what staff decided, unless the onboarding does not stand any more where they saw it:
    /// then nothing is done, and the error is [`Error::MovedOn`].
    pub async fn order_as_staff(
        &self,
        id: OnboardingId,
        command: Command,
        order: StaffOrder<'_>,
    ) -> Result<Onboarding, Error> {
        let log = CallLog::default();
        let ordered = Ordered::by_staff(order, &log);
        match self.change((id, &Sight::All), command, &order.actor.name, ordered).await? {
            Changed::Now(onboarding) => Ok(*onboarding),
            // Without a key nothing is known as a repetition, and nobody else takes turns.
            Changed::Before(_) | Changed::NoTurn => Err(store::Error::Conflict.into()),
        }
    }
}
