-- How many onboardings are where, so that counting a million of them reads a few rows. What is running
-- is not in it: it changes all the time, and there are few of it to be counted one by one.
CREATE TABLE tally (
    blueprint_key text NOT NULL,
    blueprint_version integer NOT NULL,
    status text NOT NULL,
    step text NOT NULL,
    -- Empty: none.
    problem_code text NOT NULL,
    count bigint NOT NULL,
    CONSTRAINT tally_pkey PRIMARY KEY (blueprint_key, blueprint_version, status, step, problem_code)
);

-- What came since the last time it was added up: one row per statement and place, so that nobody waits
-- for a row that everybody changes.
CREATE TABLE tally_change (
    blueprint_key text NOT NULL,
    blueprint_version integer NOT NULL,
    status text NOT NULL,
    step text NOT NULL,
    problem_code text NOT NULL,
    by_how_many bigint NOT NULL
);

-- Triggers and not part of our statements: whoever writes an onboarding, the tally is right, also while
-- processes of the version before are running. Each looks once at all rows of its statement.
CREATE FUNCTION keep_tally_of_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally_change
    SELECT blueprint_key, blueprint_version, status, step, coalesce(problem_code, ''), sum(n)
    FROM (
        SELECT blueprint_key, blueprint_version, status, step, problem_code, -1 AS n
        FROM before WHERE status <> 'running'
        UNION ALL
        SELECT blueprint_key, blueprint_version, status, step, problem_code, 1
        FROM after WHERE status <> 'running'
    ) c
    GROUP BY blueprint_key, blueprint_version, status, step, problem_code
    HAVING sum(n) <> 0;
    RETURN NULL;
END
$$;

CREATE FUNCTION keep_tally_of_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally_change
    SELECT blueprint_key, blueprint_version, status, step, coalesce(problem_code, ''), count(*)
    FROM after WHERE status <> 'running'
    GROUP BY blueprint_key, blueprint_version, status, step, problem_code;
    RETURN NULL;
END
$$;

CREATE FUNCTION keep_tally_of_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally_change
    SELECT blueprint_key, blueprint_version, status, step, coalesce(problem_code, ''), -count(*)
    FROM before WHERE status <> 'running'
    GROUP BY blueprint_key, blueprint_version, status, step, problem_code;
    RETURN NULL;
END
$$;

-- A trigger's making locks out all writers until the migration is over, so the first count misses nothing.
CREATE TRIGGER onboarding_changes_tally AFTER UPDATE ON onboarding
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION keep_tally_of_changed();

CREATE TRIGGER onboarding_enters_tally AFTER INSERT ON onboarding
    REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION keep_tally_of_new();

CREATE TRIGGER onboarding_leaves_tally AFTER DELETE ON onboarding
    REFERENCING OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION keep_tally_of_removed();

INSERT INTO tally
SELECT blueprint_key, blueprint_version, status, step, coalesce(problem_code, ''), count(*)
FROM onboarding WHERE status <> 'running'
GROUP BY blueprint_key, blueprint_version, status, step, coalesce(problem_code, '');
