-- For the operators' figures: how many rest in which status, and on what. Rows that a worker has are
-- not in it, and no column of it changes while one does, which would take its updates off the page
-- (hence the place and not the step); of its few different keys the index keeps each once.
--
-- Not built CONCURRENTLY: that waits for every open snapshot, and a second process that waits for its
-- turn to migrate holds one. A million rows take about a second, in which starts and results wait.
CREATE INDEX onboarding_at_rest
    ON onboarding (status, rests_at, problem_code) WHERE lease_token IS NULL;
