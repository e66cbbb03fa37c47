-- The first of each stretch come off an index in their order; the first of those are the candidates.
SELECT c.onboarding_id AS "id!"
FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[])
    AS s (blueprint_key, status, rests_at, problem_code)
CROSS JOIN LATERAL (
    (SELECT i.onboarding_id FROM onboarding i
     WHERE s.problem_code IS NULL
       AND i.blueprint_key = s.blueprint_key AND i.status = s.status AND i.rests_at = s.rests_at
       AND i.onboarding_id < $5
     ORDER BY i.onboarding_id DESC
     LIMIT $6)
    UNION ALL
    (SELECT i.onboarding_id FROM onboarding i
     WHERE i.blueprint_key = s.blueprint_key AND i.status = s.status AND i.rests_at = s.rests_at
       AND i.problem_code = s.problem_code
       AND i.onboarding_id < $5
     ORDER BY i.onboarding_id DESC
     LIMIT $6)
) c
ORDER BY c.onboarding_id DESC
LIMIT $6
