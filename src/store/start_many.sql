-- Keeps many fresh onboardings at once, each of another tenant; see `Store::start_fresh`. One that needs
-- a closer look (a repeated request, a tenant with another account, an open onboarding of the same
-- blueprint) is left out here and looked at by itself afterwards. So is the whole batch if somebody is
-- quicker between our look and our write: an index says so. (ON CONFLICT would write two records more for
-- each onboarding. Nothing is joined with what was just inserted: that compares each with each.) The
-- blueprint is compared in a way that no index knows: a session that plans this while the tables are empty
-- may else look up a tenant's open onboarding among all of its blueprint, and goes on doing so.
WITH new AS (
    SELECT * FROM UNNEST(
        $1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::timestamptz[],
        $7::jsonb[], $8::integer[], $9::timestamptz[], $10::text[], $11::text[], $12::jsonb[],
        $13::text[], $14::boolean[], $15::text[], $16::uuid[], $17::text[], $18::bytea[],
        $19::smallint[], $20::text[]
    ) AS n (
        onboarding_id, reference, tenant_id, blueprint_key, blueprint_version, created_at,
        profile, link_generation, link_expires_at, status, step, facts,
        account_id, account_named, actor, api_key_id, idempotency_key, request_digest,
        answer_status, answer_body
    )
),
plain AS (
    SELECT n.* FROM new n
    WHERE NOT EXISTS (
          SELECT FROM tenant t WHERE t.tenant_id = n.tenant_id AND t.account_id <> n.account_id)
      AND NOT EXISTS (
          SELECT FROM onboarding s WHERE s.tenant_id = n.tenant_id AND s.lease_token IS NOT NULL)
      AND NOT EXISTS (
          SELECT FROM onboarding s
          WHERE s.tenant_id = n.tenant_id
            AND s.blueprint_key IS NOT DISTINCT FROM n.blueprint_key
            AND s.status <> 'cancelled')
      AND NOT EXISTS (
          SELECT FROM idempotency i
          WHERE i.api_key_id = n.api_key_id AND i.idempotency_key = n.idempotency_key)
),
tenant_row AS (
    INSERT INTO tenant (tenant_id, account_id, account_named, created_at)
    SELECT tenant_id, account_id, account_named, created_at FROM plain p
    WHERE NOT EXISTS (SELECT FROM tenant t WHERE t.tenant_id = p.tenant_id)
),
fresh AS (
    INSERT INTO onboarding
        (onboarding_id, reference, tenant_id, blueprint_key, blueprint_version, created_at,
         profile, link_generation, link_expires_at, version, status, step, since, tries,
         due_at, lease_token, claims, facts)
    SELECT onboarding_id, reference, tenant_id, blueprint_key, blueprint_version, created_at,
           profile, link_generation, link_expires_at, 1, status, step, created_at, 0,
           coalesce($21, now()) + make_interval(secs => $22::float8), $23::uuid, 1, facts
    FROM plain
    RETURNING onboarding_id
),
journal_line AS (
    INSERT INTO journal (onboarding_id, version, at, actor, kind, status, step, detail)
    SELECT p.onboarding_id, 1, p.created_at, p.actor, $24, p.status, p.step, $25
    FROM plain p
),
message AS (
    INSERT INTO outbox (onboarding_id, version, kind, at)
    SELECT p.onboarding_id, 1, 'onboarding.started', p.created_at
    FROM plain p
),
answer AS (
    INSERT INTO idempotency (api_key_id, idempotency_key, request_digest, status, body,
                             onboarding_id, link_generation, created_at)
    SELECT p.api_key_id, p.idempotency_key, p.request_digest, p.answer_status, p.answer_body,
           p.onboarding_id, p.link_generation, p.created_at
    FROM plain p
    WHERE p.api_key_id IS NOT NULL
)
SELECT onboarding_id FROM fresh
