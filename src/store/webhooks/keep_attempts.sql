-- Keeps what came of many attempts at once; see `Store::keep_attempts`.
WITH result AS MATERIALIZED (
    SELECT * FROM UNNEST(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::timestamptz[], $6::integer[],
        $7::text[], $8::smallint[], $9::text[], $10::text[], $11::float8[], $12::float8[]
    ) AS r (
        endpoint_id, message_id, lease_token, number, at, took_ms,
        outcome, status, response, state, due_in, held_for
    )
),
-- The fence: whoever lost the lease moves nothing. The attempt was made all the same.
moved AS (
    UPDATE webhook_delivery d
    SET state = r.state, lease_token = NULL,
        due_at = coalesce($13, now()) + make_interval(secs => r.due_in)
    FROM result r
    WHERE d.endpoint_id = r.endpoint_id AND d.message_id = r.message_id
      AND d.lease_token = r.lease_token
),
line AS (
    INSERT INTO webhook_attempt
        (endpoint_id, message_id, number, at, took_ms, outcome, status, response)
    SELECT endpoint_id, message_id, number, at, took_ms, outcome, status, response FROM result
    ON CONFLICT DO NOTHING
),
told AS (
    SELECT endpoint_id, bool_or(state = 'delivered') AS well, bool_or(status = 410) AS gone,
           min(at) AS began, max(at) AS ended, max(held_for) AS held_for
    FROM result GROUP BY endpoint_id
),
judged AS (
    UPDATE webhook_endpoint e
    SET failing_since = CASE WHEN NOT t.well THEN coalesce(e.failing_since, t.began) END,
        held_until = CASE
            WHEN NOT t.well OR t.held_for IS NOT NULL
                THEN greatest(e.held_until, coalesce($13, now()) + make_interval(secs => t.held_for))
        END,
        disabled_at = CASE
            WHEN t.gone OR (NOT t.well AND e.failing_since <= t.ended - make_interval(secs => $14))
                THEN t.ended
        END,
        disabled_because = CASE
            WHEN t.gone THEN 'gone'
            WHEN NOT t.well AND e.failing_since <= t.ended - make_interval(secs => $14)
                THEN 'failing'
        END
    FROM told t
    WHERE e.endpoint_id = t.endpoint_id AND e.disabled_at IS NULL
      -- A row that stays as it is is not written.
      AND (t.gone OR NOT t.well OR e.failing_since IS NOT NULL OR t.held_for IS NOT NULL)
    RETURNING e.endpoint_id, e.disabled_at
)
-- The others are told, by the way that everything is told.
INSERT INTO outbox (onboarding_id, version, kind, at)
SELECT endpoint_id, 0, 'webhook_endpoint.disabled', disabled_at FROM judged
WHERE disabled_at IS NOT NULL
