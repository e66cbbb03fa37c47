-- How long the newest onboardings stood at each step: from the first line there to the first line at the next.
WITH newest AS (
    SELECT onboarding_id FROM onboarding
    WHERE onboarding_id <= 'ffffffff-ffff-ffff-ffff-ffffffffffff'
    ORDER BY onboarding_id DESC LIMIT $1
),
entered AS (
    SELECT l.onboarding_id, l.step, min(l.at) AS at, min(l.version) AS version
    FROM newest n
    CROSS JOIN LATERAL (
        SELECT j.onboarding_id, j.step, j.at, j.version FROM journal j
        WHERE j.onboarding_id = n.onboarding_id
        ORDER BY j.version LIMIT 200
    ) l
    GROUP BY l.onboarding_id, l.step
),
spans AS (
    SELECT e.step, lead(e.at) OVER (PARTITION BY e.onboarding_id ORDER BY e.version) - e.at AS span
    FROM entered e
)
SELECT s.step AS "step!",
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM s.span)::float8) AS "seconds!"
FROM spans s
WHERE s.span IS NOT NULL
GROUP BY s.step
