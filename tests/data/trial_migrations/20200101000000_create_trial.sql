-- Only for the tests of the test database itself.
CREATE TABLE trial (
    trial_id bigint PRIMARY KEY,
    word     text   NOT NULL
);
