-- Where an onboarding rests, for lists. Empty while it is driven: its step changes then with each kept
-- change, and an index over that would take those updates off the page. Empty for a live one, too, whose
-- step says nothing more.
ALTER TABLE onboarding ADD COLUMN rests_at text NOT NULL
    GENERATED ALWAYS AS (CASE WHEN status IN ('running', 'live') THEN '' ELSE step END) STORED;

-- Every list is a merge of a few stretches of this index, each in the order of ids; see `Store::list`.
CREATE INDEX onboarding_by_place
    ON onboarding (blueprint_key, status, rests_at, onboarding_id);

DROP INDEX onboarding_by_status;
