-- What lists are ordered by and narrowed to. No column of an index changes while an onboarding is
-- driven, not even one of an index that it is not in: that would take its updates off the page. So
-- there is a copy of `since` that is set only where nothing is driven.
ALTER TABLE onboarding ADD COLUMN rests_since timestamptz
    GENERATED ALWAYS AS (CASE WHEN status IN ('retrying', 'waiting', 'stuck') THEN since END) STORED;

-- What has a problem: retrying and stuck. In the order of ids, and in that of the time it has rested.
CREATE INDEX onboarding_by_problem
    ON onboarding (blueprint_key, status, problem_code, rests_at, onboarding_id)
    WHERE problem_code IS NOT NULL;

CREATE INDEX onboarding_by_problem_since
    ON onboarding (blueprint_key, status, problem_code, rests_at, rests_since, onboarding_id)
    WHERE problem_code IS NOT NULL;

-- What waits for a person: by the time it has waited, and by the time that is left.
CREATE INDEX onboarding_waiting_since
    ON onboarding (blueprint_key, rests_at, rests_since, onboarding_id) WHERE status = 'waiting';

CREATE INDEX onboarding_waiting_until
    ON onboarding (blueprint_key, rests_at, deadline, onboarding_id) WHERE status = 'waiting';

-- What should have been tried again by now.
CREATE INDEX onboarding_retrying_until
    ON onboarding (blueprint_key, wake_at, onboarding_id) WHERE status = 'retrying';
