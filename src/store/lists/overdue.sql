-- What needs a look although its status does not say so; see `Onboarding::stuck_because`.
SELECT o.onboarding_id AS "id!"
FROM (SELECT DISTINCT blueprint_key FROM blueprint
      WHERE $1::text[] IS NULL OR blueprint_key = ANY ($1)) b
CROSS JOIN LATERAL (
    (SELECT i.onboarding_id FROM UNNEST($2::text[]) AS s (step)
     CROSS JOIN LATERAL (
         SELECT w.onboarding_id FROM onboarding w
         WHERE w.blueprint_key = b.blueprint_key AND w.status = 'waiting' AND w.rests_at = s.step
           AND w.deadline <= $3
         LIMIT $5
     ) i
     LIMIT $5)
    UNION ALL
    (SELECT r.onboarding_id FROM onboarding r
     WHERE r.blueprint_key = b.blueprint_key AND r.status = 'retrying' AND r.wake_at <= $4
     LIMIT $5)
    UNION ALL
    -- There is little of what is running.
    (SELECT r.onboarding_id FROM onboarding r
     WHERE r.blueprint_key = b.blueprint_key AND r.status = 'running' AND r.rests_at = ''
       AND r.since <= $4
     LIMIT $5)
) o
LIMIT $5
