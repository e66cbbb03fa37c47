-- The operators' figures come from the tally now. A process of the version before reads them from the
-- table until it is gone.
DROP INDEX onboarding_at_rest;
