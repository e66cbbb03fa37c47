-- The first of each stretch come off an index in their order; the first of those are the candidates.
SELECT c.onboarding_id AS "id!", c.deadline AS "at!"
FROM UNNEST($1::text[], $2::text[]) AS s (blueprint_key, rests_at)
CROSS JOIN LATERAL (
    SELECT i.onboarding_id, i.deadline FROM onboarding i
    WHERE i.blueprint_key = s.blueprint_key AND i.status = 'waiting' AND i.rests_at = s.rests_at
      AND (i.deadline, i.onboarding_id) > ($3, $4)
    ORDER BY i.deadline, i.onboarding_id
    LIMIT $5
) c
ORDER BY c.deadline, c.onboarding_id
LIMIT $5
