//! Deliveries that somebody has taken to make an attempt.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use super::endpoints::SealedSecret;
use crate::ids::{EndpointId, OnboardingId};
use crate::store::{Error, Store};

/// One message on its way to one endpoint, taken for one attempt.
#[derive(Debug, Clone)]
pub struct TakenDelivery {
    pub endpoint: EndpointId,
    pub message: Uuid,
    /// Not set for what is told of an endpoint.
    pub onboarding: Option<OnboardingId>,
    pub token: Uuid,
    /// Which attempt this is since it was queued or replayed.
    pub tries: i32,
    /// Which attempt this is in all.
    pub number: i32,
    pub url: String,
    /// With a placeholder where the link's address will stand.
    pub body: String,
    /// Whose link, in which generation.
    pub link: Option<(OnboardingId, i32)>,
    /// Newest first.
    pub secrets: Vec<SealedSecret>,
}

impl Store {
    /// Takes what is due, for each endpoint so many that at most `at_once` of this process's attempts
    /// are under way; `busy` says how many are already.
    pub async fn take_deliveries(
        &self,
        at_once: u16,
        busy: &HashMap<EndpointId, usize>,
        lease: Duration,
    ) -> Result<Vec<TakenDelivery>, Error> {
        let token = Uuid::new_v4();
        let (mut endpoints, mut places) = (Vec::new(), Vec::new());
        for (endpoint, count) in busy {
            endpoints.push(endpoint.0);
            places.push(i64::try_from(*count).unwrap_or(i64::MAX));
        }
        let asking = sqlx::query_file!(
            "src/store/webhooks/take.sql",
            self.clock.for_database(),
            i64::from(at_once),
            &endpoints,
            &places,
            token,
            lease.as_secs_f64(),
        )
        .fetch_all(&self.pool);
        let rows = self.within(asking).await?.into_iter();
        let deliveries = rows.map(|row| TakenDelivery {
            endpoint: EndpointId(row.endpoint_id),
            message: row.message_id,
            onboarding: row.onboarding_id.map(OnboardingId),
            token,
            tries: row.tries,
            number: row.attempts,
            url: row.url,
            body: row.body,
            link: row.onboarding_id.map(|id| (OnboardingId(id), row.link_generation)),
            secrets: row
                .secret_ids
                .into_iter()
                .zip(row.secrets)
                .map(|(id, sealed)| SealedSecret { id, sealed })
                .collect(),
        });
        Ok(deliveries.collect())
    }
}
