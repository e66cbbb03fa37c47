-- Keeps many workers' results at once; see `Store::commit_all`.
WITH change AS (
    SELECT * FROM UNNEST(
        $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[],
        $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[], $10::integer[],
        $11::boolean[], $12::float8[], $13::text[], $14::timestamptz[], $15::text[],
        $16::jsonb[], $17::text[], $18::text[], $21::uuid[], $22::uuid[],
        $23::timestamptz[], $24::text[], $25::jsonb[], $26::text[], $27::text[]
    ) AS c (
        onboarding_id, lease_token, status, step, since,
        problem_code, problem_detail, deadline, wake_at, tries,
        keep, due_in, facts, at, event_kind, event, announces, calls, change_id, builds_on,
        earlier_at, earlier_kind, earlier_event, earlier_step, earlier_calls
    )
),
kept AS (
    UPDATE onboarding o
    SET version = o.version + CASE WHEN c.earlier_kind IS NULL THEN 1 ELSE 2 END, status = c.status, step = c.step, since = c.since,
        problem_code = c.problem_code, problem_detail = c.problem_detail,
        deadline = c.deadline, wake_at = c.wake_at, tries = c.tries, facts = c.facts::jsonb,
        last_change = c.change_id,
        -- A look that found a sign-in lost asks for it again by another link; nothing else changes the link here.
        link_generation = o.link_generation
            + CASE WHEN c.event_kind = 'reauthorization_required' THEN 1 ELSE 0 END,
        link_expires_at = CASE
            WHEN c.event_kind = 'reauthorization_required' THEN greatest(o.link_expires_at, c.deadline)
            ELSE o.link_expires_at
        END,
        -- As `Onboarding` says; the worker's own copy may be older than what a person ordered.
        assignee = CASE
            WHEN c.status NOT IN ('live', 'cancelled')
                 OR (c.status = 'live' AND c.problem_code IS NOT NULL) THEN o.assignee
        END,
        unhealthy_since = CASE
            WHEN c.status = 'live' AND c.problem_code IS NOT NULL THEN c.since
        END,
        snoozed_until = CASE
            WHEN c.status = o.status AND c.step = o.step THEN o.snoozed_until
        END,
        due_at = CASE
            WHEN NOT c.keep
                THEN coalesce($19, now()) + make_interval(secs => c.due_in)
            -- A lease with time left stays as it is: no index needs to change.
            WHEN o.due_at > coalesce($19, now()) + make_interval(secs => $20::float8 / 2)
                THEN o.due_at
            ELSE coalesce($19, now()) + make_interval(secs => $20::float8)
        END,
        lease_token = CASE WHEN c.keep THEN o.lease_token END,
        claims = CASE WHEN c.keep THEN 1 ELSE 0 END
    FROM change c
    -- The fence: whoever lost the lease writes nothing. A person's order ends the lease, but for a
    -- link that was rotated meanwhile: that touches no column of ours, so the version is the row's.
    WHERE o.onboarding_id = c.onboarding_id AND o.lease_token = c.lease_token
      -- One change after the other: a copy of an earlier one that was held up on its way comes too
      -- late, although the lease is the same.
      AND o.last_change IS NOT DISTINCT FROM c.builds_on
    RETURNING o.onboarding_id, o.tenant_id, o.due_at, o.version, c.lease_token AS token, c.keep,
              c.at, c.event_kind, c.status, c.step, c.event, c.announces, c.calls,
              c.earlier_at, c.earlier_kind, c.earlier_event, c.earlier_step, c.earlier_calls
),
journal_line AS (
    INSERT INTO journal (onboarding_id, version, at, actor, kind, status, step, detail, calls)
    SELECT onboarding_id, version, at, 'engine', event_kind, status, step, event, calls::json
    FROM kept
    WHERE event_kind IS NOT NULL
    UNION ALL
    -- The step that was taken before, in the same commit: it led straight on, so it was running.
    SELECT onboarding_id, version - 1, earlier_at, 'engine', earlier_kind, 'running', earlier_step,
           earlier_event, earlier_calls::json
    FROM kept
    WHERE earlier_kind IS NOT NULL
),
message AS (
    INSERT INTO outbox (onboarding_id, version, kind, at)
    -- One row for each that is told; none where nothing is.
    SELECT onboarding_id, version, unnest(string_to_array(announces, ',')), at FROM kept
),
stray AS (
    INSERT INTO stray_call (onboarding_id, at, calls)
    SELECT onboarding_id, at, calls::json FROM kept WHERE event_kind IS NULL AND calls IS NOT NULL
    UNION ALL
    -- Kept even for a worker that came too late: the calls were made. (NOT IN is looked up in a hash;
    -- a join would compare each with each, see `app::session`.)
    SELECT r.onboarding_id, c.at, c.calls::json
    FROM change r
    CROSS JOIN LATERAL (VALUES (r.earlier_at, r.earlier_calls), (r.at, r.calls)) AS c (at, calls)
    WHERE c.calls IS NOT NULL
      AND (r.onboarding_id, r.lease_token) NOT IN (SELECT onboarding_id, token FROM kept)
)
SELECT kept.onboarding_id AS "id!",
       kept.token AS "token!",
       kept.version AS "version!",
       coalesce(extract(epoch FROM kept.due_at - coalesce($19, now()))::float8, 0)
           AS "lease_seconds!",
       NOT kept.keep AND EXISTS (
           SELECT FROM onboarding s
           WHERE s.tenant_id = kept.tenant_id
             AND s.onboarding_id <> kept.onboarding_id
             AND s.status <> 'cancelled'
             -- Not as the index by due time knows it: the tenant's are few, all that is due is much.
             AND s.status <> 'live'
             AND coalesce(s.due_at <= coalesce($19, now()), false)
       ) AS "sibling_due!"
FROM kept
