-- Staff who prove who they are to a provider of identities (OpenID Connect) have no password here, and whoever
-- has a password is not known by a provider: an account is opened in one way.
ALTER TABLE staff ALTER COLUMN password_hash DROP NOT NULL;

-- The provider, and its own name for the person, letter by letter. Addresses change hands; this does not.
ALTER TABLE staff ADD COLUMN issuer text;
ALTER TABLE staff ADD COLUMN subject text;

ALTER TABLE staff ADD CONSTRAINT staff_identity_key UNIQUE (issuer, subject);
ALTER TABLE staff ADD CONSTRAINT staff_one_way_in CHECK (
    (password_hash IS NOT NULL AND issuer IS NULL AND subject IS NULL)
    OR (password_hash IS NULL AND issuer IS NOT NULL AND subject IS NOT NULL)
);

-- Sign-ins at a provider that have come back: none is taken twice. Kept for as long as one may take.
CREATE TABLE spent_sign_in (
    state_digest bytea NOT NULL,
    ends_at timestamptz NOT NULL,
    CONSTRAINT spent_sign_in_pkey PRIMARY KEY (state_digest)
);

CREATE INDEX spent_sign_in_by_end ON spent_sign_in (ends_at);
