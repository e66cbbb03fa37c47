//! What is sent and taken about webhook endpoints, and what their messages look like.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::shapes::kept;
use crate::store::{Delivery, Endpoint, KeptAttempt};

/// Where you want to be told of changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub(super) struct EndpointBody {
    pub(super) id: Uuid,
    pub(super) url: String,
    pub(super) description: String,
    /// Types of events that are sent to it; empty: all.
    pub(super) events: Vec<String>,
    pub(super) enabled: bool,
    #[schema(required)]
    pub(super) disabled_at: Option<DateTime<Utc>>,
    /// `ordered`, `gone` (it answered 410) or `failing` (nothing arrived for days).
    #[schema(required)]
    pub(super) disabled_because: Option<String>,
    /// Since when every attempt has failed.
    #[schema(required)]
    pub(super) failing_since: Option<DateTime<Utc>>,
    /// What messages are signed with. Shown when it is made, and `null` ever after.
    #[schema(required)]
    pub(super) secret: Option<String>,
    pub(super) created_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpoints)]
pub(super) struct EndpointList {
    pub(super) data: Vec<EndpointBody>,
}

/// One message on its way to one endpoint, or arrived.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(super) struct DeliveryBody {
    /// The message's `webhook-id`, the same in every attempt.
    pub(super) id: Uuid,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// When that happened which it tells of.
    pub(super) timestamp: DateTime<Utc>,
    #[schema(required)]
    pub(super) onboarding_id: Option<Uuid>,
    /// `pending`, `delivered` or `failed`.
    pub(super) state: String,
    /// Attempts so far, one that is under way included.
    pub(super) attempts: i32,
    /// When it is tried again, while it is pending.
    #[schema(required)]
    pub(super) retry_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDeliveryPage)]
pub(super) struct DeliveryList {
    pub(super) data: Vec<DeliveryBody>,
    #[schema(required)]
    pub(super) next_cursor: Option<String>,
}

/// A delivery with what was sent and what came back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDeliveryInFull)]
pub(super) struct FullDeliveryBody {
    pub(super) delivery: DeliveryBody,
    /// The body that is sent.
    #[schema(value_type = Object)]
    pub(super) payload: Value,
    pub(super) log: Vec<AttemptBody>,
}

/// One attempt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookAttempt)]
pub(super) struct AttemptBody {
    pub(super) number: i32,
    pub(super) at: DateTime<Utc>,
    pub(super) took_ms: i32,
    /// `delivered`, `refused`, `redirected`, `timed_out`, `unreachable`, `forbidden_address` or
    /// `secret_unreadable`.
    pub(super) outcome: String,
    /// The answer's HTTP status.
    #[schema(required)]
    pub(super) status: Option<i16>,
    /// The start of the answer's body.
    #[schema(required)]
    pub(super) response: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookQueued)]
pub(super) struct QueuedBody {
    /// Messages that are on their way now.
    pub(super) queued: u64,
}

/// The body of a message.
#[derive(Debug, Serialize)]
pub(super) struct MessageBody<T> {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) timestamp: DateTime<Utc>,
    /// Grows with every change of the onboarding.
    pub(super) sequence: Option<i64>,
    pub(super) data: T,
}

/// What you say of an endpoint.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookEndpointText)]
pub(super) struct EndpointOrderBody {
    /// An https address of the public internet.
    pub(super) url: String,
    /// For you: at most 200 characters.
    #[serde(default)]
    pub(super) description: String,
    /// Types of events that are wanted; empty or left out: all.
    #[serde(default)]
    pub(super) events: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateOrder {
    /// How long messages are signed with the earlier secrets as well: 0 to 168, 24 if left out.
    #[serde(default = "a_day")]
    #[schema(minimum = 0, maximum = 168)]
    pub(super) overlap_hours: i64,
}

const fn a_day() -> i64 {
    24
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TestOrder {}

/// What is to be sent again: at most 10,000 messages at a time, oldest first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayOrder {
    /// What happened from then on
    pub(super) since: DateTime<Utc>,
    /// and before then; left out: until now.
    pub(super) until: Option<DateTime<Utc>>,
    /// Leaves out what has arrived.
    #[serde(default)]
    pub(super) failed_only: bool,
}

impl From<&Endpoint> for EndpointBody {
    fn from(endpoint: &Endpoint) -> Self {
        let disabled = endpoint.disabled.as_ref();
        Self {
            id: endpoint.id.0,
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            events: endpoint.events.clone(),
            enabled: disabled.is_none(),
            disabled_at: disabled.map(|(at, _)| kept(*at)),
            disabled_because: disabled.map(|(_, why)| why.clone()),
            failing_since: endpoint.failing_since.map(kept),
            secret: None,
            created_at: kept(endpoint.created_at),
        }
    }
}

impl From<Delivery> for DeliveryBody {
    fn from(delivery: Delivery) -> Self {
        let waits = delivery.state == "pending" && !delivery.under_way;
        Self {
            id: delivery.message,
            kind: delivery.kind,
            timestamp: kept(delivery.at),
            onboarding_id: delivery.onboarding,
            state: delivery.state,
            attempts: delivery.attempts,
            retry_at: waits.then(|| kept(delivery.due_at)),
        }
    }
}

impl From<KeptAttempt> for AttemptBody {
    fn from(attempt: KeptAttempt) -> Self {
        Self {
            number: attempt.number,
            at: kept(attempt.at),
            took_ms: attempt.took_ms,
            outcome: attempt.outcome,
            status: attempt.status,
            response: attempt.response,
        }
    }
}
