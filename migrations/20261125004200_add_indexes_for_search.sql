-- What people type to find an onboarding. All of it is written once; where it is absent it costs
-- nothing.
CREATE INDEX onboarding_by_email
    ON onboarding (lower(profile #>> '{contact,email}'))
    WHERE (profile #>> '{contact,email}') IS NOT NULL;

CREATE INDEX onboarding_by_tag
    ON onboarding USING gin ((profile -> 'tags')) WHERE profile ? 'tags';

-- For what a name begins with; the beginning of it is enough to tell.
CREATE INDEX onboarding_by_name
    ON onboarding (left(lower(profile ->> 'name'), 32) text_pattern_ops);

-- The line of an install names the cycle. Its first characters narrow it to a few lines, and an entry
-- that is short is cheap: there is one for each template that is installed.
CREATE INDEX journal_by_cycle
    ON journal (left(detail ->> 'cycle', 8)) WHERE kind = 'installed';

-- And the connectors that came with it.
CREATE INDEX journal_by_connector
    ON journal USING gin ((detail -> 'connectors')) WITH (gin_pending_list_limit = 64)
    WHERE detail ? 'connectors';

-- The same index, in an order in which the beginning of a tenant's id can be looked up as well.
CREATE UNIQUE INDEX onboarding_one_open
    ON onboarding (tenant_id text_pattern_ops, blueprint_key) WHERE status <> 'cancelled';
DROP INDEX onboarding_one_open_per_tenant_and_blueprint;
ALTER INDEX onboarding_one_open RENAME TO onboarding_one_open_per_tenant_and_blueprint;

CREATE INDEX onboarding_cancelled
    ON onboarding (tenant_id text_pattern_ops) WHERE status = 'cancelled';
DROP INDEX onboarding_cancelled_by_tenant;
ALTER INDEX onboarding_cancelled RENAME TO onboarding_cancelled_by_tenant;
