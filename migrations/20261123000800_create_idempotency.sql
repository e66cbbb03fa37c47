-- Answers already given, so that a repeated request gets the same one.
CREATE TABLE idempotency (
    api_key_id uuid NOT NULL,
    idempotency_key text NOT NULL,
    -- SHA-256 of method, path and body: the same key with another request is refused.
    request_digest bytea NOT NULL,
    status smallint NOT NULL,
    -- The answer's body. Where it shows a link's address there is a placeholder: links are derived
    -- when they are shown and never kept.
    body text NOT NULL,
    onboarding_id uuid NOT NULL,
    -- The link's generation when the answer was given.
    link_generation integer NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (api_key_id, idempotency_key)
);
