-- Who looks after an onboarding, and until when nobody needs to. Both are set by people alone, so that
-- they change while nothing is driven; see `keep_changes.sql` for the one exception.
ALTER TABLE onboarding
    ADD COLUMN assignee text,
    ADD COLUMN snoozed_until timestamptz;

ALTER TABLE onboarding
    ADD CONSTRAINT onboarding_assignee_length CHECK (length(assignee) BETWEEN 1 AND 100) NOT VALID;

-- Few are assigned or put off at a time.
CREATE INDEX onboarding_by_assignee ON onboarding (assignee, onboarding_id)
    WHERE assignee IS NOT NULL;

CREATE INDEX onboarding_by_snooze ON onboarding (snoozed_until, onboarding_id)
    WHERE snoozed_until IS NOT NULL;
