-- The integrator's keys to the API. Only a digest is kept; the key itself is shown once.
CREATE TABLE api_key (
    api_key_id uuid NOT NULL,
    name text NOT NULL,
    -- SHA-256 of the key. A key holds 256 random bits, so no salt is needed.
    digest bytea NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT api_key_pkey PRIMARY KEY (api_key_id),
    CONSTRAINT api_key_digest_key UNIQUE (digest)
);
