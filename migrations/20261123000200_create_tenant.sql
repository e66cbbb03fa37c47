-- The integrator's customer and its one Cyclr account, shared by all its onboardings.
CREATE TABLE tenant (
    -- The integrator's own name for it.
    tenant_id text NOT NULL,
    -- Fixed at creation: derived from tenant_id, or named by the integrator.
    account_id text NOT NULL,
    -- The account existed before and was named; it is read and never created.
    account_named boolean NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT tenant_pkey PRIMARY KEY (tenant_id)
);

-- Whether Cyclr tells ids apart by case is not known; two tenants must not meet either way.
CREATE UNIQUE INDEX tenant_account_is_its_own ON tenant (lower(account_id));
