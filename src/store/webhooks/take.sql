-- Takes deliveries that are due, for each endpoint as many as it has places left in this process; see
-- `Store::take_deliveries`.
WITH picked AS MATERIALIZED (
    SELECT e.endpoint_id, e.url, q.message_id
    FROM webhook_endpoint e
    CROSS JOIN LATERAL (
        SELECT d.message_id FROM webhook_delivery d
        WHERE d.endpoint_id = e.endpoint_id
          AND d.state = 'pending'
          AND d.due_at <= coalesce($1, now())
          -- In order within an onboarding, until one of its messages fails.
          AND NOT EXISTS (
              SELECT FROM webhook_delivery s
              WHERE s.endpoint_id = d.endpoint_id AND s.onboarding_id = d.onboarding_id
                AND s.sequence < d.sequence AND s.state = 'pending'
                AND (s.tries = 0 OR s.lease_token IS NOT NULL))
        ORDER BY d.due_at
        LIMIT greatest($2::bigint - coalesce(
            (SELECT b.places FROM UNNEST($3::uuid[], $4::bigint[]) AS b (endpoint_id, places)
             WHERE b.endpoint_id = e.endpoint_id), 0), 0)
        -- Two processes never wait for each other here.
        FOR UPDATE SKIP LOCKED
    ) q
    WHERE e.disabled_at IS NULL AND e.deleted_at IS NULL
      AND (e.held_until IS NULL OR e.held_until <= coalesce($1, now()))
),
taken AS (
    UPDATE webhook_delivery d
    SET lease_token = $5, tries = d.tries + 1, attempts = d.attempts + 1,
        due_at = coalesce($1, now()) + make_interval(secs => $6::float8)
    FROM picked p
    WHERE d.endpoint_id = p.endpoint_id AND d.message_id = p.message_id
    RETURNING d.endpoint_id, d.message_id, d.onboarding_id, d.tries, d.attempts, p.url
)
SELECT t.endpoint_id AS "endpoint_id!", t.message_id AS "message_id!", t.onboarding_id,
       t.tries AS "tries!", t.attempts AS "attempts!", t.url AS "url!", m.body AS "body!",
       m.link_generation AS "link_generation!",
       ARRAY(SELECT s.secret_id FROM webhook_secret s
             WHERE s.endpoint_id = t.endpoint_id
               AND (s.expires_at IS NULL OR s.expires_at > coalesce($1, now()))
             ORDER BY s.secret_id DESC) AS "secret_ids!",
       ARRAY(SELECT s.sealed FROM webhook_secret s
             WHERE s.endpoint_id = t.endpoint_id
               AND (s.expires_at IS NULL OR s.expires_at > coalesce($1, now()))
             ORDER BY s.secret_id DESC) AS "secrets!"
FROM taken t
JOIN webhook_message m ON m.message_id = t.message_id
