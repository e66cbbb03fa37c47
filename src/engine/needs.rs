//! What connectors want before they can be authenticated. The same for every tenant and rarely changed, so
//! Cyclr is asked once in a while and not for each onboarding.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::Engine;
use crate::cyclr::{Account, AccountConnector, ConnectorNeeds};

/// How long it is believed.
const FRESH: TimeDelta = TimeDelta::minutes(10);
/// Connectors that are remembered. Beyond that, the old ones go.
const MOST: usize = 1_000;

/// By the connector's number in the catalogue.
#[derive(Debug, Default)]
pub(super) struct KnownNeeds(Mutex<HashMap<i64, Known>>);

/// What is known, since when.
type Known = (DateTime<Utc>, Arc<ConnectorNeeds>);

impl Engine {
    /// As the connector itself shows it, or the catalogue. `None` where Cyclr does not tell just now: a page
    /// then asks for what the kind of authentication needs anyway.
    pub(super) async fn needs_of(
        &self,
        account: &Account,
        connector: &AccountConnector,
    ) -> Option<Arc<ConnectorNeeds>> {
        if let Some(needs) = &connector.needs {
            return Some(Arc::new(needs.clone()));
        }
        let kind = connector.kind?;
        let now = self.clock().now();
        if let Some(known) = self.0.needs.find(kind, now) {
            return Some(known);
        }
        match account.find_needs(kind).await {
            Ok(found) => {
                let found = Arc::new(found.unwrap_or_default());
                self.0.needs.keep(kind, now, Arc::clone(&found));
                Some(found)
            }
            Err(error) => {
                tracing::info!(%error, kind, "the catalogue was not read; asking again next time");
                None
            }
        }
    }
}

impl KnownNeeds {
    fn find(&self, kind: i64, now: DateTime<Utc>) -> Option<Arc<ConnectorNeeds>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, needs) = known.get(&kind)?;
        (now - *at < FRESH).then(|| Arc::clone(needs))
    }

    fn keep(&self, kind: i64, now: DateTime<Utc>, needs: Arc<ConnectorNeeds>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (at, _)| now - *at < FRESH);
        }
        if known.len() < MOST {
            known.insert(kind, (now, needs));
        }
    }
}
