-- Takes live onboardings whose next look is due; see `Store::claim_looks`.
UPDATE onboarding o
SET lease_token = $1,
    claims = o.claims + 1,
    due_at = coalesce($2, now()) + make_interval(secs => $3)
WHERE o.onboarding_id IN (
    SELECT d.onboarding_id FROM onboarding d
    WHERE d.status = 'live' AND d.due_at <= coalesce($2, now())
      -- One of a tenant at a time, and what is on its way goes first.
      AND NOT EXISTS (
          SELECT FROM onboarding s
          WHERE s.tenant_id = d.tenant_id AND s.onboarding_id <> d.onboarding_id
            AND s.status <> 'cancelled'
            AND (s.lease_token IS NOT NULL
                 OR (s.status <> 'live' AND s.due_at <= coalesce($2, now()))
                 OR (d.lease_token IS NULL AND s.status = 'live'
                     AND (s.due_at, s.onboarding_id) < (d.due_at, d.onboarding_id)))
      )
    ORDER BY d.due_at
    LIMIT $4
    FOR UPDATE SKIP LOCKED
)
RETURNING o.*
