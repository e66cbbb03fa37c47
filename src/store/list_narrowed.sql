-- A page of what is at some of the places; see `Store::list`. The newest of each place come off the
-- index in their order, and the newest of those are the page, however many there are at a place.
SELECT o.*
FROM (
    SELECT newest.onboarding_id
    FROM (SELECT DISTINCT blueprint_key FROM blueprint
          WHERE $1::text IS NULL OR blueprint_key = $1) b
    CROSS JOIN UNNEST($2::text[]) s (status)
    CROSS JOIN UNNEST($3::text[]) r (rests_at)
    CROSS JOIN LATERAL (
        SELECT i.onboarding_id FROM onboarding i
        WHERE i.blueprint_key = b.blueprint_key
          AND i.status = s.status
          AND i.rests_at = r.rests_at
          AND i.step = coalesce($4, i.step)
          AND i.onboarding_id < $5
        ORDER BY i.onboarding_id DESC
        LIMIT $6
    ) newest
    -- What is driven or live rests nowhere.
    WHERE (s.status IN ('running', 'live')) = (r.rests_at = '')
    ORDER BY newest.onboarding_id DESC
    LIMIT $6
) page
JOIN onboarding o USING (onboarding_id)
ORDER BY o.onboarding_id DESC
