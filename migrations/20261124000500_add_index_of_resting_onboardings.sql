-- For the operators' figures: how many rest in which status, and on what. Rows that a worker has are
-- not in it, so driving changes nothing here; of its few different keys the index keeps each once.
--
-- Not built CONCURRENTLY: that waits for every open snapshot, and a second process that waits for its
-- turn to migrate holds one. A million rows take about a second, in which starts and results wait.
CREATE INDEX onboarding_at_rest
    ON onboarding (status, step, problem_code) WHERE lease_token IS NULL;
