-- Before this moment nobody has to look at an onboarding whose blueprint says how long people's data is
-- kept: the time counts from its end, and it ends after it was made. The end itself cannot be in an index:
-- no column of one may change while an onboarding is driven.
CREATE FUNCTION earliest_erasure(created_at timestamptz, profile jsonb) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (created_at AT TIME ZONE 'UTC')
        + make_interval(days => (profile ->> 'retention_days')::integer)
$$;

-- Empty as long as no blueprint says so, and what was erased leaves it.
CREATE INDEX onboarding_to_erase
    ON onboarding (earliest_erasure(created_at, profile), onboarding_id)
    WHERE profile ? 'retention_days' AND NOT profile ? 'erased' AND status IN ('live', 'cancelled');
