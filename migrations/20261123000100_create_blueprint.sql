-- What a tenant is to get. A version is published once and never changed; a changed blueprint is
-- the next version of the same key.
CREATE TABLE blueprint (
    blueprint_key text NOT NULL,
    version integer NOT NULL,
    -- The document as it was published; its shape is `onboarding::Blueprint`.
    document jsonb NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT blueprint_pkey PRIMARY KEY (blueprint_key, version),
    CONSTRAINT blueprint_version_counts_from_one CHECK (version >= 1)
);
