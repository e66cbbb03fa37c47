-- Which of these onboardings match: all of the filter, and nothing but the filter.
SELECT o.onboarding_id AS "onboarding_id!", o.blueprint_key AS "blueprint_key!",
       o.blueprint_version AS "blueprint_version!", o.status AS "status!", o.step AS "step!",
       o.problem_code, o.since AS "since!", o.deadline, o.version AS "version!"
FROM UNNEST($1::uuid[]) WITH ORDINALITY AS c (onboarding_id, place)
JOIN onboarding o ON o.onboarding_id = c.onboarding_id
WHERE ($2::text[] IS NULL OR o.blueprint_key = ANY ($2))
  AND ($3::text IS NULL OR o.tenant_id = $3)
  -- At least so long where it is.
  AND ($4::timestamptz IS NULL OR o.since <= $4)
  AND ($5::text IS NULL OR o.profile -> 'tags' ? $5)
  AND ($6::text IS NULL OR EXISTS (
      SELECT FROM jsonb_array_elements(o.facts -> 'connections') n
      WHERE lower(n ->> 'name') = lower($6) OR n ->> 'connector' = $6))
  -- Somebody has to look: `Onboarding::stuck_because` says the same.
  AND ($7::boolean IS NULL OR $7 = CASE o.status
      WHEN 'stuck' THEN true
      WHEN 'waiting' THEN o.deadline <= $8
      WHEN 'retrying' THEN o.wake_at <= $9
      WHEN 'running' THEN o.since <= $9
      WHEN 'live' THEN o.problem_code IS NOT NULL
      ELSE false END)
  AND ($11::text IS NULL OR o.assignee = $11)
  AND ($12::boolean IS NULL OR $12 = coalesce(o.snoozed_until > $8, false))
  -- What was typed, where it may be a beginning. All else that it may be has an index.
  AND ($10::text IS NULL
      OR starts_with(o.tenant_id, $10)
      OR starts_with(lower(o.profile ->> 'name'), lower($10))
      OR o.profile -> 'tags' ? $10)
ORDER BY c.place
