-- One tenant on its way through one blueprint. The row is the job: there is no queue beside it.
CREATE TABLE onboarding (
    onboarding_id uuid NOT NULL,
    -- The short code that people read out, like GW-7K3F-92QD.
    reference text NOT NULL,
    tenant_id text NOT NULL,
    blueprint_key text NOT NULL,
    blueprint_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    -- What the integrator told of the tenant; its shape is `onboarding::Profile`.
    profile jsonb NOT NULL,
    link_generation integer NOT NULL,
    link_expires_at timestamptz NOT NULL,

    -- Grows by one with each kept change; every writer names the version it read.
    version bigint NOT NULL,
    status text NOT NULL,
    -- Derived from the facts and kept for lists only.
    step text NOT NULL,
    -- Since when status and step are what they are.
    since timestamptz NOT NULL,
    problem_code text,
    problem_detail text,
    -- Until when a person has time (waiting).
    deadline timestamptz,
    -- When the state itself wants to go on: the next try (retrying), the next look (waiting).
    wake_at timestamptz,
    -- Failed tries in a row at the present step.
    tries integer NOT NULL,

    -- When a worker may take the row; while one has it, the end of its lease. NULL: never by itself.
    due_at timestamptz,
    -- Who has the row. Each write of a worker names it, so a late one is refused.
    lease_token uuid,
    -- How often the row was taken since the last kept change. More than once means that an earlier
    -- worker vanished and may have left something half done.
    claims integer NOT NULL,

    -- What has been achieved; its shape is `onboarding::Facts`. Last, because it changes most.
    facts jsonb NOT NULL,

    CONSTRAINT onboarding_pkey PRIMARY KEY (onboarding_id),
    CONSTRAINT onboarding_reference_key UNIQUE (reference),
    CONSTRAINT onboarding_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenant,
    CONSTRAINT onboarding_blueprint_fkey
        FOREIGN KEY (blueprint_key, blueprint_version) REFERENCES blueprint
)
-- While a worker drives a row no indexed column changes, so its updates stay on the page (HOT) as
-- long as there is room.
WITH (fillfactor = 50);

CREATE UNIQUE INDEX onboarding_one_open_per_tenant_and_blueprint
    ON onboarding (tenant_id, blueprint_key) WHERE status <> 'cancelled';

-- Onboardings of one tenant share an account, so only one of them is driven at a time.
CREATE UNIQUE INDEX onboarding_one_driven_per_tenant
    ON onboarding (tenant_id) WHERE lease_token IS NOT NULL;

CREATE INDEX onboarding_due ON onboarding (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX onboarding_by_status ON onboarding (status, onboarding_id);

-- For lists, and for a look at a tenant's other onboardings.
CREATE INDEX onboarding_by_tenant ON onboarding (tenant_id, onboarding_id);
