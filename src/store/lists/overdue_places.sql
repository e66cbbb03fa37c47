-- How many are overdue, and where; see `overdue.sql`.
SELECT o.blueprint_key AS "blueprint_key!", o.blueprint_version AS "blueprint_version!",
       o.status AS "status!", o.step AS "step!", coalesce(o.problem_code, '') AS "problem_code!",
       count(*) AS "count!"
FROM (SELECT DISTINCT blueprint_key FROM blueprint) b
CROSS JOIN LATERAL (
    -- Each stretch by itself and in the order of its index, so that none of it is read beyond now.
    SELECT i.* FROM UNNEST($1::text[]) AS s (step)
    CROSS JOIN LATERAL (
        SELECT w.blueprint_key, w.blueprint_version, w.status, w.step, w.problem_code
        FROM onboarding w
        WHERE w.blueprint_key = b.blueprint_key AND w.status = 'waiting' AND w.rests_at = s.step
          AND w.deadline <= $2
        ORDER BY w.deadline, w.onboarding_id
        OFFSET 0
    ) i
    UNION ALL
    (SELECT r.blueprint_key, r.blueprint_version, r.status, r.step, r.problem_code
     FROM onboarding r
     WHERE r.blueprint_key = b.blueprint_key AND r.status = 'retrying' AND r.wake_at <= $3
     ORDER BY r.wake_at, r.onboarding_id
     OFFSET 0)
    UNION ALL
    SELECT r.blueprint_key, r.blueprint_version, r.status, r.step, r.problem_code
    FROM onboarding r
    WHERE r.blueprint_key = b.blueprint_key AND r.status = 'running' AND r.rests_at = ''
      AND r.since <= $3
) o
GROUP BY o.blueprint_key, o.blueprint_version, o.status, o.step, coalesce(o.problem_code, '')
