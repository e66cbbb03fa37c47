//! Starting an onboarding.

use std::sync::{Arc, PoisonError};

use uuid::Uuid;

use super::{Engine, Error, ownership};
use crate::ids::{OnboardingId, Reference, TenantId};
use crate::onboarding::{
    Blueprint, BlueprintId, InvalidTransition, LinkState, Onboarding, Profile, StepKind,
};
use crate::store::{Answer, IdempotencyKey, NewOnboarding, Render, StartError, Started};
use crate::telemetry::{meters, traces};

/// What it takes to start an onboarding. Checked by the door that made it.
#[derive(Debug, Clone)]
pub struct StartRequest {
    pub tenant: TenantId,
    pub profile: Profile,
    pub blueprint_id: BlueprintId,
    pub blueprint: Arc<Blueprint>,
    pub idempotency: Option<IdempotencyKey>,
    /// Who asks, for the journal.
    pub actor: String,
}

impl Engine {
    /// Starts an onboarding, or finds the one that is meant. Durable when it returns; driving begins
    /// at once, in the background.
    pub async fn start(&self, request: StartRequest, render: Render) -> Result<Answer, Error> {
        let new = self.prepare(request)?;
        let (id, reference) = (new.onboarding.id, new.onboarding.reference.clone());
        let Started { answer, leased, fresh } = self.keep(new, render).await?;
        if fresh {
            meters::step_change(None, StepKind::CreateAccount.name());
            traces::began(id.0, reference.as_str());
        } else if let Some(shown) = &answer.shows {
            traces::touched(shown.onboarding.0);
        }
        match leased {
            Some(leased) => {
                if let Err(refused) = self.0.hand_off.try_send(leased) {
                    // More than this process takes on, or no worker here: it is due for anybody.
                    self.store().release(refused.into_inner()).await?;
                    self.wake().await;
                }
            }
            None if fresh => self.wake().await,
            None => {}
        }
        Ok(answer)
    }

    /// Together with other starts where this process has a worker, by itself otherwise.
    async fn keep(&self, new: NewOnboarding, render: Render) -> Result<Started, StartError> {
        let together = self.0.starter.read().unwrap_or_else(PoisonError::into_inner).clone();
        let new = match together {
            Some(together) => match together.start(new, Arc::clone(&render)).await {
                Ok(started) => return started,
                // The worker has ended in the meantime.
                Err(new) => *new,
            },
            None => new,
        };
        self.store().start(new, self.0.settings.lease, &render).await
    }

    fn prepare(&self, request: StartRequest) -> Result<NewOnboarding, Error> {
        let StartRequest { tenant, mut profile, blueprint_id, blueprint, idempotency, actor } =
            request;
        let now = self.clock().now();
        let account = match &profile.named_account {
            Some(account) => account.clone(),
            None => ownership::account_id(&self.0.settings.account_prefix, &tenant)
                .map_err(|_| InvalidTransition { reason: "The account prefix is not usable." })?,
        };
        profile.pages_url.clone_from(&blueprint.brand.pages_url);
        profile.retention_days = blueprint.retention_days;
        let templates = blueprint.templates.iter().map(|t| t.template_id).collect();
        let mut onboarding = Onboarding::begin(
            (OnboardingId(Uuid::now_v7()), Reference::spell(rand::random())),
            (tenant, profile),
            (blueprint_id, templates),
            LinkState { generation: 1, expires_at: now + self.0.settings.link_life },
            now,
        );
        onboarding.facts.account_id = Some(account.clone());
        Ok(NewOnboarding { onboarding, blueprint, account, actor, idempotency })
    }
}
