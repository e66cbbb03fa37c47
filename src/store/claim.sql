-- Takes onboardings that are due; see `Store::claim`.
UPDATE onboarding o
SET lease_token = $1,
    claims = o.claims + 1,
    due_at = coalesce($2, now()) + make_interval(secs => $3)
WHERE o.onboarding_id IN (
    SELECT d.onboarding_id FROM onboarding d
    -- Live ones have a queue of their own.
    WHERE d.status <> 'live' AND d.due_at <= coalesce($2, now())
      -- One of a tenant at a time: none that is driven already (an expired lease is taken
      -- over first), and of several that are due the one that waited longest.
      AND NOT EXISTS (
          SELECT FROM onboarding s
          WHERE s.tenant_id = d.tenant_id AND s.onboarding_id <> d.onboarding_id
            AND s.status <> 'cancelled'
            AND (s.lease_token IS NOT NULL
                 OR (d.lease_token IS NULL AND s.status <> 'live'
                     AND (s.due_at, s.onboarding_id) < (d.due_at, d.onboarding_id)))
      )
    ORDER BY d.due_at
    LIMIT $4
    -- Two workers never wait for each other here.
    FOR UPDATE SKIP LOCKED
)
RETURNING o.*
