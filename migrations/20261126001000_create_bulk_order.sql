-- One order to many onboardings: what matches a filter. It is made as a preview; whoever saw that starts
-- it, and then it is carried out one onboarding at a time.
CREATE TABLE bulk_order (
    bulk_order_id uuid NOT NULL,
    actor text NOT NULL,
    -- The blueprints that whoever gave it may see; not set: all.
    blueprints text[],
    -- As it was asked for, to be shown again.
    asked jsonb NOT NULL,
    -- The same as the program reads it.
    filter jsonb NOT NULL,
    command jsonb NOT NULL,
    -- How many matched when it was previewed. It is not started for more.
    previewed bigint NOT NULL,
    state text NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    -- Who carries it out. Spares others the work; that nothing is done twice is for `bulk_item`.
    lease_until timestamptz,
    CONSTRAINT bulk_order_pkey PRIMARY KEY (bulk_order_id),
    CONSTRAINT bulk_order_state CHECK (state IN ('previewed', 'running', 'done', 'cancelled')),
    CONSTRAINT bulk_order_started CHECK (state IN ('previewed', 'cancelled') OR started_at IS NOT NULL),
    CONSTRAINT bulk_order_ended CHECK ((state IN ('done', 'cancelled')) = (ended_at IS NOT NULL))
);

-- Few run at a time.
CREATE INDEX bulk_order_running ON bulk_order (started_at) WHERE state = 'running';

-- For clean-up by age.
CREATE INDEX bulk_order_by_time ON bulk_order (created_at);

-- One of those that matched when it was started, and what became of it. The result is written in the
-- transaction that carries the order out. No foreign key to the onboarding: it would lock its row.
CREATE TABLE bulk_item (
    bulk_order_id uuid NOT NULL,
    onboarding_id uuid NOT NULL,
    -- Not set: its turn has not come.
    result text,
    -- Why it was refused.
    reason text,
    at timestamptz,
    CONSTRAINT bulk_item_pkey PRIMARY KEY (bulk_order_id, onboarding_id),
    CONSTRAINT bulk_item_order_fkey
        FOREIGN KEY (bulk_order_id) REFERENCES bulk_order ON DELETE CASCADE,
    CONSTRAINT bulk_item_result CHECK (result IN ('done', 'refused', 'passed_by', 'failed')),
    CONSTRAINT bulk_item_at CHECK ((result IS NULL) = (at IS NULL))
);

-- What is still to do, and what became of the others.
CREATE INDEX bulk_item_by_result ON bulk_item (bulk_order_id, result, onboarding_id);
