//! What it takes to move an onboarding to a newer version of its blueprint.

use super::{Engine, Error};
use crate::ids::BlueprintKey;
use crate::onboarding::{BlueprintId, InvalidTransition, Upgrade};

impl Engine {
    /// The order, with what the version holds; refused if there is no such version.
    pub async fn prepare_upgrade(
        &self,
        (key, version): (BlueprintKey, i32),
        reason: String,
    ) -> Result<Upgrade, Error> {
        let found = self.store().find_blueprint(&key, Some(version)).await?;
        let blueprint = found.map(|published| published.blueprint).ok_or(InvalidTransition {
            reason: "There is no such version of that blueprint. Publish it first.",
        })?;
        Ok(Upgrade {
            to: BlueprintId { key, version },
            templates: blueprint.templates.iter().map(|template| template.template_id).collect(),
            pages_url: blueprint.brand.pages_url.clone(),
            link_expires_at: self.clock().now() + self.link_life(),
            reason,
        })
    }
}
