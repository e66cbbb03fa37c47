-- The people who use the console.
CREATE TABLE staff (
    staff_id uuid NOT NULL,
    -- In lower case: one person, however it is typed.
    email text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    -- Argon2id with its own salt and cost; see `secret::Password`.
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    -- Set: does not come in any more. Never deleted, because the audit names them.
    disabled_at timestamptz,
    CONSTRAINT staff_pkey PRIMARY KEY (staff_id),
    CONSTRAINT staff_email_key UNIQUE (email),
    CONSTRAINT staff_email_lower CHECK (email = lower(email)),
    CONSTRAINT staff_role CHECK (role IN ('viewer', 'operator', 'admin'))
);

-- One browser that somebody has signed in with. The cookie's token is kept as a digest only.
CREATE TABLE staff_session (
    token_digest bytea NOT NULL,
    staff_id uuid NOT NULL,
    -- For people to know it by; it opens nothing.
    session_id uuid NOT NULL,
    -- As the browser names itself.
    browser text NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    -- When the password was typed last.
    proven_at timestamptz NOT NULL,
    -- The end, however busy it is.
    ends_at timestamptz NOT NULL,
    CONSTRAINT staff_session_pkey PRIMARY KEY (token_digest),
    CONSTRAINT staff_session_id_key UNIQUE (session_id),
    CONSTRAINT staff_session_staff_fkey FOREIGN KEY (staff_id) REFERENCES staff (staff_id)
);

CREATE INDEX staff_session_by_staff ON staff_session (staff_id, created_at);

-- Failed tries at signing in, by what tried: an address from unknown browsers, or a browser that has signed
-- in for it before. So whoever guesses at somebody's password does not keep that person out.
CREATE TABLE sign_in_failure (
    who bytea NOT NULL,
    failures integer NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT sign_in_failure_pkey PRIMARY KEY (who)
);

CREATE INDEX sign_in_failure_by_time ON sign_in_failure (last_at);

-- What staff did, written in the transaction that does it.
CREATE TABLE audit (
    audit_id uuid NOT NULL,
    at timestamptz NOT NULL,
    -- As a person reads it; the id tells people of one name apart. Not set: the command line.
    actor text NOT NULL,
    staff_id uuid,
    action text NOT NULL,
    -- What was acted on: an onboarding's reference, somebody's e-mail address.
    object text NOT NULL,
    onboarding_id uuid,
    reason text,
    before jsonb,
    after jsonb,
    CONSTRAINT audit_pkey PRIMARY KEY (audit_id)
);

CREATE INDEX audit_by_actor ON audit (staff_id, audit_id) WHERE staff_id IS NOT NULL;
CREATE INDEX audit_by_onboarding ON audit (onboarding_id, audit_id) WHERE onboarding_id IS NOT NULL;
CREATE INDEX audit_by_action ON audit (action, audit_id);

-- Lines are added and never changed, by whomever.
CREATE TRIGGER audit_is_append_only
    BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
