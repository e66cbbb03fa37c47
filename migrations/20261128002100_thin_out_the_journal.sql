-- The journal stays append-only for whoever has not said in the same transaction that it is at
-- housekeeping: lines go by age where the operator wants that, and what somebody wrote about a person goes
-- when that person's data does. The audit knows no such exception.
CREATE FUNCTION refuse_change_but_for_keeping() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('gangway.keeping', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END
$$;

DROP TRIGGER journal_is_append_only ON journal;
CREATE TRIGGER journal_is_append_only
    BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_for_keeping();

-- For removal by age. Few rows are added to either, and always at the end of these. Not over the column
-- itself: whoever wants an onboarding's rows in the order of time could be led through all rows by that.
CREATE INDEX stray_call_by_time ON stray_call ((at AT TIME ZONE 'UTC'));
CREATE INDEX attempt_by_time ON attempt ((opened_at AT TIME ZONE 'UTC'));
