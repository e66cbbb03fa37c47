//! How far behind the telling is.

use std::time::Duration;

use crate::store::{Error, Store};

/// What operators watch of webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookFigures {
    /// Written with a change, and not queued for the endpoints yet.
    pub unspread: u64,
    /// How long the oldest of these has been there.
    pub oldest_unspread: Duration,
    /// Queued and not delivered, to endpoints that are not disabled.
    pub pending: u64,
    /// How long the oldest of these has been due.
    pub oldest: Duration,
    pub disabled_endpoints: u64,
}

impl Store {
    pub async fn webhook_figures(&self) -> Result<WebhookFigures, Error> {
        let asking = sqlx::query!(
            r#"
            SELECT (SELECT count(*) FROM outbox) AS "unspread!",
                   coalesce(extract(epoch FROM coalesce($1, now()) - (
                       SELECT o.at FROM outbox o ORDER BY o.outbox_id LIMIT 1
                   ))::float8, 0) AS "oldest_unspread!",
                   coalesce(sum(q.pending), 0)::bigint AS "pending!",
                   coalesce(extract(epoch FROM coalesce($1, now()) - min(q.oldest))::float8, 0)
                       AS "oldest!",
                   (SELECT count(*) FROM webhook_endpoint
                    WHERE deleted_at IS NULL AND disabled_at IS NOT NULL) AS "disabled!"
            FROM webhook_endpoint e
            CROSS JOIN LATERAL (
                SELECT count(*) AS pending, min(d.due_at) AS oldest FROM webhook_delivery d
                WHERE d.endpoint_id = e.endpoint_id AND d.state = 'pending'
            ) q
            WHERE e.deleted_at IS NULL AND e.disabled_at IS NULL
            "#,
            self.clock.for_database(),
        )
        .fetch_one(&self.pool);
        let row = self.within(asking).await?;
        Ok(WebhookFigures {
            unspread: count(row.unspread),
            oldest_unspread: Duration::try_from_secs_f64(row.oldest_unspread).unwrap_or_default(),
            pending: count(row.pending),
            oldest: Duration::try_from_secs_f64(row.oldest).unwrap_or_default(),
            disabled_endpoints: count(row.disabled),
        })
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
