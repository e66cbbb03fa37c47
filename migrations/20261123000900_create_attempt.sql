-- One try of a person at signing in to a connection. What comes back to its address is a hint only.
CREATE TABLE attempt (
    -- SHA-256 of the random part of the return address.
    digest bytea NOT NULL,
    onboarding_id uuid NOT NULL,
    connector_id bigint NOT NULL,
    -- SHA-256 of the browser session that set out; only that one is shown anything on return.
    session_digest bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    CONSTRAINT attempt_pkey PRIMARY KEY (digest),
    CONSTRAINT attempt_onboarding_fkey FOREIGN KEY (onboarding_id) REFERENCES onboarding
);

CREATE INDEX attempt_by_onboarding ON attempt (onboarding_id, opened_at);
