-- The first of each stretch come off an index in their order; the first of those are the candidates. What
-- is not there for long enough is not looked at.
SELECT c.onboarding_id AS "id!", c.since AS "at!"
FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[])
    AS s (blueprint_key, status, rests_at, problem_code)
CROSS JOIN LATERAL (
    (SELECT i.onboarding_id, i.rests_since AS since FROM onboarding i
     WHERE s.status = 'waiting'
       AND i.blueprint_key = s.blueprint_key AND i.status = 'waiting' AND i.rests_at = s.rests_at
       AND (i.rests_since, i.onboarding_id) > ($5, $6) AND i.rests_since <= $8
     ORDER BY i.rests_since, i.onboarding_id
     LIMIT $7)
    UNION ALL
    (SELECT i.onboarding_id, i.rests_since FROM onboarding i
     WHERE i.blueprint_key = s.blueprint_key AND i.status = s.status AND i.rests_at = s.rests_at
       AND i.problem_code = s.problem_code
       AND (i.rests_since, i.onboarding_id) > ($5, $6) AND i.rests_since <= $8
     ORDER BY i.rests_since, i.onboarding_id
     LIMIT $7)
    UNION ALL
    -- Live and not well.
    (SELECT i.onboarding_id, i.unhealthy_since FROM onboarding i
     WHERE s.status = 'live'
       AND i.blueprint_key = s.blueprint_key AND i.problem_code = s.problem_code
       AND (i.unhealthy_since, i.onboarding_id) > ($5, $6) AND i.unhealthy_since <= $8
     ORDER BY i.unhealthy_since, i.onboarding_id
     LIMIT $7)
    UNION ALL
    -- What is running is in no such order; there is little of it.
    (SELECT i.onboarding_id, i.since FROM onboarding i
     WHERE s.status = 'running'
       AND i.blueprint_key = s.blueprint_key AND i.status = 'running' AND i.rests_at = ''
       AND (i.since, i.onboarding_id) > ($5, $6) AND i.since <= $8
     ORDER BY i.since, i.onboarding_id
     LIMIT $7)
) c
ORDER BY c.since, c.onboarding_id
LIMIT $7
