-- What the tenant's people have typed on the page with the questions and not confirmed yet: it survives a
-- reload and another device, and is gone once the answers are given. Never a credential: those forms
-- are kept nowhere.
CREATE TABLE draft (
    onboarding_id uuid NOT NULL,
    -- By question key, as it was typed; nothing of it has been checked.
    answers jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT draft_pkey PRIMARY KEY (onboarding_id),
    CONSTRAINT draft_onboarding_fkey FOREIGN KEY (onboarding_id)
        REFERENCES onboarding (onboarding_id) ON DELETE CASCADE
);

-- A browser that comes back without the address that we gave out: which try was its newest?
CREATE INDEX attempt_by_session ON attempt (session_digest, opened_at DESC);
