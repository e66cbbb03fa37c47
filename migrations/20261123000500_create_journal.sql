-- What happened, in order, for ever. A change that is kept leaves at most one line.
CREATE TABLE journal (
    onboarding_id uuid NOT NULL,
    -- The onboarding's version that this change made.
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    -- 'engine', or who asked for it ('key:…', 'visitor', …).
    actor text NOT NULL,
    kind text NOT NULL,
    -- Where the onboarding stood afterwards.
    status text NOT NULL,
    step text NOT NULL,
    -- Its shape is `onboarding::Event`.
    detail jsonb NOT NULL,
    CONSTRAINT journal_pkey PRIMARY KEY (onboarding_id, version)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;

CREATE TRIGGER journal_is_append_only
    BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
