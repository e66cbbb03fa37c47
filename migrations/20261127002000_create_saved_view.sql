-- Lists of onboardings that somebody has given a name. There are few: each person has at most fifty.
CREATE TABLE saved_view (
    view_id uuid NOT NULL,
    -- Its owner. Whoever does not come in any more keeps theirs: others work with what was shared.
    staff_id uuid NOT NULL,
    name text NOT NULL,
    -- What stands behind the list's address, as the program wrote it after reading what was sent.
    query text NOT NULL,
    -- For all staff, or for its owner alone.
    is_shared boolean NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT saved_view_pkey PRIMARY KEY (view_id),
    CONSTRAINT saved_view_name_key UNIQUE (staff_id, name),
    CONSTRAINT saved_view_staff_fkey FOREIGN KEY (staff_id) REFERENCES staff (staff_id),
    CONSTRAINT saved_view_name CHECK (char_length(name) BETWEEN 1 AND 60),
    -- Nothing but what a form is encoded with: whatever is kept here, it leads to the list.
    CONSTRAINT saved_view_query CHECK (octet_length(query) <= 4000 AND query ~ '^[A-Za-z0-9*._=&%+-]*$')
);
