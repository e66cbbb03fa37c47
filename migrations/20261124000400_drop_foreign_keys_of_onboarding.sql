-- For these two each start locked the rows of its blueprint and of its tenant, and starts of several
-- processes made lists of lockers of the blueprint's row. What they kept is kept otherwise: a start
-- reads its blueprint and writes its tenant in the same statement, and neither is ever removed.
ALTER TABLE onboarding
    DROP CONSTRAINT onboarding_tenant_fkey,
    DROP CONSTRAINT onboarding_blueprint_fkey;

CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'onboardings refer to rows of %', TG_TABLE_NAME;
END
$$;

CREATE TRIGGER tenant_is_never_removed
    BEFORE DELETE ON tenant FOR EACH ROW EXECUTE FUNCTION refuse_removal();

CREATE TRIGGER blueprint_is_never_removed
    BEFORE DELETE ON blueprint FOR EACH ROW EXECUTE FUNCTION refuse_removal();
