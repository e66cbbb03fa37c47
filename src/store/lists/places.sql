-- How many are where. What is running is counted one by one: there is little of it.
SELECT p.blueprint_key AS "blueprint_key!", p.blueprint_version AS "blueprint_version!",
       p.status AS "status!", p.step AS "step!", p.problem_code AS "problem_code!",
       sum(p.n)::bigint AS "count!"
FROM (
    SELECT blueprint_key, blueprint_version, status, step, problem_code, count AS n FROM tally
    UNION ALL
    SELECT blueprint_key, blueprint_version, status, step, problem_code, by_how_many
    FROM tally_change
    UNION ALL
    SELECT o.blueprint_key, o.blueprint_version, o.status, o.step, '', 1
    FROM (SELECT DISTINCT blueprint_key FROM blueprint) b
    CROSS JOIN LATERAL (
        SELECT r.blueprint_key, r.blueprint_version, r.status, r.step FROM onboarding r
        WHERE r.blueprint_key = b.blueprint_key AND r.status = 'running' AND r.rests_at = ''
    ) o
) p
GROUP BY p.blueprint_key, p.blueprint_version, p.status, p.step, p.problem_code
HAVING sum(p.n) > 0
