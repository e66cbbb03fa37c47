-- Messages to the integrator, written in the same transaction as the change they tell of.
CREATE TABLE outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY,
    onboarding_id uuid NOT NULL,
    -- The version that the message tells of; also its place in the onboarding's sequence.
    version bigint NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT outbox_pkey PRIMARY KEY (outbox_id)
);
