-- What the journal says of the time since then, summed up. Whoever shows it bounds how much is looked at.
SELECT l.kind AS "kind!", l.status AS "status!", l.problem, count(*) AS "lines!",
       count(DISTINCT l.onboarding_id) AS "onboardings!"
FROM (
    SELECT j.onboarding_id, j.kind, j.status, j.detail ->> 'problem' AS problem
    FROM journal j
    WHERE j.at > $1
    LIMIT $2
) l
GROUP BY l.kind, l.status, l.problem
ORDER BY count(DISTINCT l.onboarding_id) DESC, l.kind, l.problem
