-- The calls that led to a change stand in its line: one row where there were one for each call and
-- one for the change. Their shape is `store::calls`. No token, no credential and no body is in it.
ALTER TABLE journal ADD COLUMN calls json;

-- Calls that led to no line: a look that saw nothing new, a result that came too late.
CREATE TABLE stray_call (
    onboarding_id uuid NOT NULL,
    -- When what came of them was kept, or refused.
    at timestamptz NOT NULL,
    calls json NOT NULL
);

CREATE INDEX stray_call_by_onboarding ON stray_call (onboarding_id);

-- The table `call_log` stays for processes of the version before, and goes when none is left.
