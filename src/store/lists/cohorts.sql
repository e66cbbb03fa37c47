-- The newest of each stretch that has a problem, with what tells cohorts apart.
SELECT c.step AS "step!", c.problem_code AS "problem_code!", c.problem_detail, c.since AS "since!",
       c.reference AS "reference!", c.connections AS "connections?"
FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[])
    AS s (blueprint_key, status, rests_at, problem_code)
CROSS JOIN LATERAL (
    SELECT i.step, i.problem_code, i.problem_detail, i.since, i.reference,
           CASE WHEN i.step = 'connect' THEN i.facts -> 'connections' END AS connections
    FROM onboarding i
    WHERE i.blueprint_key = s.blueprint_key AND i.status = s.status AND i.rests_at = s.rests_at
      AND i.problem_code = s.problem_code
    ORDER BY i.onboarding_id DESC
    LIMIT $5
) c
