-- What people type to find an onboarding. Where it is absent it costs nothing, and what is running is
-- in none of these: it is written several times within a second, each time into every index, and there
-- is little of it to look through.
CREATE INDEX onboarding_by_email
    ON onboarding (lower(profile #>> '{contact,email}'))
    WHERE (profile #>> '{contact,email}') IS NOT NULL AND status <> 'running';

CREATE INDEX onboarding_by_tag
    ON onboarding USING gin ((profile -> 'tags')) WHERE profile ? 'tags' AND status <> 'running';

-- For what a name begins with; the beginning of it is enough to tell.
CREATE INDEX onboarding_by_name
    ON onboarding (left(lower(profile ->> 'name'), 32) text_pattern_ops) WHERE status <> 'running';

-- The line of an install names the cycle. Its first characters narrow it to a few lines, and an entry
-- that is short is cheap: there is one for each template that is installed.
CREATE INDEX journal_by_cycle
    ON journal (left(detail ->> 'cycle', 8)) WHERE kind = 'installed';

-- And the connectors that came with it. Entered at once: what waits to be entered is written twice.
CREATE INDEX journal_by_connector
    ON journal USING gin ((detail -> 'connectors')) WITH (fastupdate = off)
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
