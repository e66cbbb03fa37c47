-- What people tell keys apart by, and when a key was used last and ends.
ALTER TABLE api_key
    -- The eight characters after `gwk_`: 208 random bits stay hidden. NULL: a key from before.
    ADD COLUMN prefix text,
    -- Exact to a minute. NULL: never used, or not since this column is here.
    ADD COLUMN last_used_at timestamptz,
    -- The version before does not look at it: keys that end are safe once it is gone. NULL: no end.
    ADD COLUMN expires_at timestamptz,
    ADD CONSTRAINT api_key_prefix_length CHECK (length(prefix) = 8),
    -- Endpoints and keys are everybody's, so whoever sees some blueprints only has no say in them.
    ADD CONSTRAINT api_key_restricted_scopes
        CHECK (blueprints IS NULL OR scopes <@ '{read,write,blueprints}');
