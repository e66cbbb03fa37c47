-- Where the integrator wants to be told of changes.
CREATE TABLE webhook_endpoint (
    endpoint_id uuid NOT NULL,
    url text NOT NULL,
    description text NOT NULL,
    -- Kinds of events that are wanted; empty: all.
    events text[] NOT NULL,
    created_at timestamptz NOT NULL,
    -- Nothing is queued for a disabled endpoint, and what is queued waits.
    disabled_at timestamptz,
    disabled_because text,
    -- When the first of the attempts was made that failed without a success since.
    failing_since timestamptz,
    -- The receiver asked to be left alone until then (Retry-After).
    held_until timestamptz,
    -- The row stays until its deliveries have gone by age.
    deleted_at timestamptz,
    CONSTRAINT webhook_endpoint_pkey PRIMARY KEY (endpoint_id),
    CONSTRAINT webhook_endpoint_disabled_for_a_reason
        CHECK ((disabled_at IS NULL) = (disabled_because IS NULL))
);

-- What messages are signed with. Several are good at once while one takes over from another.
CREATE TABLE webhook_secret (
    endpoint_id uuid NOT NULL,
    secret_id uuid NOT NULL,
    -- Sealed with a key that is not in the database, and bound to both ids.
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    CONSTRAINT webhook_secret_pkey PRIMARY KEY (endpoint_id, secret_id),
    CONSTRAINT webhook_secret_endpoint_fkey
        FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoint ON DELETE CASCADE
);

-- What is told, as it was when it was spread; its id is the `webhook-id`.
CREATE TABLE webhook_message (
    message_id uuid NOT NULL,
    -- Not set for what is told of an endpoint.
    onboarding_id uuid,
    sequence bigint,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    -- Where it shows a link's address there is a placeholder, as in `idempotency`.
    body text NOT NULL,
    link_generation integer NOT NULL,
    CONSTRAINT webhook_message_pkey PRIMARY KEY (message_id)
);

-- For clean-up by age, and for replays of a stretch of time.
CREATE INDEX webhook_message_by_time ON webhook_message (at, message_id);

-- One message on its way to one endpoint. No foreign keys: they would lock the endpoint's row for
-- every message, and both sides go by age.
CREATE TABLE webhook_delivery (
    endpoint_id uuid NOT NULL,
    message_id uuid NOT NULL,
    -- Copies, for the order within an onboarding.
    onboarding_id uuid,
    sequence bigint,
    -- pending, delivered or failed.
    state text NOT NULL,
    -- Attempts since it was queued or replayed, counted when they begin: the place in the schedule.
    tries integer NOT NULL,
    -- Attempts in all.
    attempts integer NOT NULL,
    -- When it may be taken; while somebody has it, the end of the lease.
    due_at timestamptz NOT NULL,
    lease_token uuid,
    CONSTRAINT webhook_delivery_pkey PRIMARY KEY (endpoint_id, message_id)
);

CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, due_at)
    WHERE state = 'pending';

-- For a look at what comes before within the same onboarding.
CREATE INDEX webhook_delivery_order ON webhook_delivery (endpoint_id, onboarding_id, sequence)
    WHERE state = 'pending';

-- What became of each attempt.
CREATE TABLE webhook_attempt (
    endpoint_id uuid NOT NULL,
    message_id uuid NOT NULL,
    number integer NOT NULL,
    at timestamptz NOT NULL,
    took_ms integer NOT NULL,
    outcome text NOT NULL,
    -- The answer's HTTP status and the start of its body, if one came.
    status smallint,
    response text,
    CONSTRAINT webhook_attempt_pkey PRIMARY KEY (endpoint_id, message_id, number)
);

COMMENT ON COLUMN idempotency.onboarding_id IS
    'The nil UUID for answers about webhook endpoints; their body is sealed, as it may show a secret.';
