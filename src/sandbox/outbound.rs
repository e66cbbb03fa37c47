//! What the pretend Cyclr sends to others: the transaction-error webhook.
//!
//! No signature, order or repetition is documented, so each is sent once, unsigned, by itself.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::Sandbox;
use super::runs::Notice;

/// Notices that are remembered.
const REMEMBERED: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(10);

/// A transaction-error webhook that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentNotice {
    pub at: DateTime<Utc>,
    /// Host and path only: what follows may be a secret of the receiver.
    pub to: String,
    pub transaction: Uuid,
    /// `None` while it is under way, and for ever when nobody answered.
    pub status: Option<u16>,
}

/// Sends, and remembers what it sent.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    client: OnceLock<Option<reqwest::Client>>,
    sent: Mutex<Vec<SentNotice>>,
    under_way: TaskTracker,
}

impl Outbound {
    /// The one HTTP client of the sandbox; made when it is first needed.
    pub(super) fn client(&self) -> Option<&reqwest::Client> {
        let made = self.client.get_or_init(|| {
            // Fails when one is installed already, which is as good.
            drop(rustls::crypto::ring::default_provider().install_default());
            let builder = reqwest::Client::builder()
                .no_proxy()
                .timeout(PATIENCE)
                .redirect(reqwest::redirect::Policy::none());
            builder.build().map_err(|error| tracing::error!(%error, "no HTTP client")).ok()
        });
        made.as_ref()
    }

    pub(super) fn sent(&self) -> Vec<SentNotice> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn forget(&self) {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn note(&self, notice: SentNotice) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() == REMEMBERED {
            sent.remove(0);
        }
        sent.push(notice);
    }
}

impl Sandbox {
    /// Sends these in the background; nobody waits for their receivers.
    pub(super) fn send(&self, notices: Vec<Notice>, now: DateTime<Utc>) {
        if notices.is_empty() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            tracing::warn!(count = notices.len(), "nothing can be sent outside of a runtime");
            return;
        };
        for notice in notices {
            let sandbox = self.clone();
            let sending = async move { sandbox.send_one(notice, now).await };
            self.0.outbound.under_way.spawn_on(sending, &runtime);
        }
    }

    async fn send_one(&self, notice: Notice, at: DateTime<Utc>) {
        let outbound = &self.0.outbound;
        let Some(client) = outbound.client() else { return };
        let Notice { url, body } = notice;
        let told = body["TransactionId"].as_str().and_then(|id| id.parse().ok());
        let to = format!("{}{}", url.host_str().unwrap_or_default(), url.path());
        let answer = client.post(url).json(&body).send().await;
        let status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
        if let Err(error) = answer {
            tracing::info!(error = %error.without_url(), "a transaction-error webhook was not taken");
        }
        outbound.note(SentNotice { at, to, transaction: told.unwrap_or_default(), status });
    }
}
