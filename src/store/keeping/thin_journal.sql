-- One stretch of the journal, see `Store::thin_journal`. $1, $2: after this line; $3: up to this id;
-- $4: so many lines; $5: lines older than this go; $6: calls older than this go.
WITH walked AS MATERIALIZED (
    SELECT onboarding_id, version, at, kind, calls IS NOT NULL AS has_calls
    FROM journal
    WHERE (onboarding_id, version) > ($1, $2) AND onboarding_id < $3
    ORDER BY onboarding_id, version
    LIMIT $4
),
ended AS MATERIALIZED (
    SELECT w.onboarding_id, w.version, w.has_calls AND w.at < $6 AS loses_calls,
           -- A search finds an onboarding by the cycle and the connectors that this line names.
           coalesce(w.at < $5, false) AND w.kind <> 'installed' AS goes
    FROM walked w
    JOIN onboarding o ON o.onboarding_id = w.onboarding_id
    WHERE o.status IN ('live', 'cancelled')
),
gone AS (
    DELETE FROM journal j USING ended e
    WHERE j.onboarding_id = e.onboarding_id AND j.version = e.version AND e.goes
    RETURNING 1
),
thinner AS (
    UPDATE journal j SET calls = NULL FROM ended e
    WHERE j.onboarding_id = e.onboarding_id AND j.version = e.version
      AND e.loses_calls AND NOT e.goes
    RETURNING 1
)
SELECT (SELECT count(*) FROM walked) AS "walked!",
       (SELECT onboarding_id FROM walked ORDER BY onboarding_id DESC, version DESC LIMIT 1) AS last_id,
       (SELECT version FROM walked ORDER BY onboarding_id DESC, version DESC LIMIT 1) AS last_version,
       (SELECT count(*) FROM gone) AS "lines!",
       (SELECT count(*) FROM thinner) AS "calls!"
