-- Live onboardings are looked at on a schedule of their own. There may be a million of them, so they are not
-- in the queue of those that are on their way: a long line of looks must not keep anybody waiting.
CREATE INDEX onboarding_due_look ON onboarding (due_at)
    WHERE due_at IS NOT NULL AND status = 'live';

CREATE INDEX onboarding_due_step ON onboarding (due_at)
    WHERE due_at IS NOT NULL AND status <> 'live';

-- Those that went live before there were looks, or in a process of the version before.
CREATE INDEX onboarding_never_looked_at ON onboarding (onboarding_id)
    WHERE due_at IS NULL AND status = 'live';

DROP INDEX onboarding_due;

-- Since when a live onboarding is not well; empty for every other one. A copy of `since`, which must stand in
-- no index: it changes while an onboarding is driven.
ALTER TABLE onboarding ADD COLUMN unhealthy_since timestamptz;

-- For lists by the time that something has been as it is.
CREATE INDEX onboarding_unhealthy
    ON onboarding (blueprint_key, problem_code, unhealthy_since, onboarding_id)
    WHERE unhealthy_since IS NOT NULL;
