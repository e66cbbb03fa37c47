-- What was said to Cyclr, for support. Holds no token, no credential and no body. May be thinned out.
CREATE TABLE call_log (
    onboarding_id uuid NOT NULL,
    call_id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    -- What the call is for, in words: 'install template'.
    name text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    -- NULL: no answer came.
    status smallint,
    outcome text NOT NULL,
    duration_ms integer NOT NULL,
    -- Cyclr's own words where it refused.
    message text,
    CONSTRAINT call_log_pkey PRIMARY KEY (onboarding_id, call_id)
);
