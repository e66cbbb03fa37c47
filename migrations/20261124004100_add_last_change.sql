-- Which change of a worker was kept last. Each change has a name of its own and names the one it
-- builds on, so a change whose answer was lost can be sent again: it is known if it was kept, and a
-- late copy of it finds that the row has moved on. Not indexed, so that updates stay on the page.
-- NULL: no worker has changed the row yet, or only one of an earlier version.
ALTER TABLE onboarding ADD COLUMN last_change uuid;
