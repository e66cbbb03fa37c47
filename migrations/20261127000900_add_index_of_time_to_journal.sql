-- What happened lately, for the overview. Lines are added in the order of time and never move, so a summary
-- for each stretch of the table is enough: it costs a line next to nothing, unlike an entry of its own.
CREATE INDEX journal_by_time ON journal USING brin (at) WITH (pages_per_range = 32, autosummarize = on);
