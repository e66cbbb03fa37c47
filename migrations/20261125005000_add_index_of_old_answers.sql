-- For forgetting answers once nobody may ask for them any more, a few at a time. Answers are made in
-- the order of their times, so this index grows at one end only.
--
-- Not built CONCURRENTLY: see the index of resting onboardings.
CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- An answer about no onboarding could hold NULL here one day; programs that run beside this one while
-- it is rolled out cannot read that yet.
COMMENT ON COLUMN idempotency.onboarding_id IS
    'The nil UUID for answers that show no onboarding. A body that shows a secret is sealed.';
