-- That this database was put back to an older state while Cyclr was not. What Cyclr shows as made since then
-- was made by a Gangway whose memory is lost.
CREATE TABLE restore (
    restored_at timestamptz NOT NULL,
    -- Nothing that happened before this is missing.
    back_to timestamptz NOT NULL,
    CONSTRAINT restore_pkey PRIMARY KEY (restored_at)
);
