-- What a key is good for, and which blueprints' onboardings it may see. Keys from before are good for
-- everything; so is one that the version before makes while both run.
ALTER TABLE api_key
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{read,write,blueprints,webhooks,admin}',
    -- NULL: all of them.
    ADD COLUMN blueprints text[];
