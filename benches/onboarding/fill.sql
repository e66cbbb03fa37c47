-- So many onboardings as if they had been started a second apart: nearly all wait for a person.
WITH made AS (
    SELECT n,
           CASE WHEN n % 1000 < 5 THEN 'stuck'
                WHEN n % 1000 < 15 THEN 'cancelled'
                WHEN n % 1000 < 60 THEN 'live'
                WHEN n % 1000 = 60 THEN 'retrying'
                ELSE 'waiting' END AS status,
           -- Few of those that wait have been asked something.
           n % 997 = 0 AS asked
    FROM generate_series(1, $1::bigint) n
),
tenants AS (
    INSERT INTO tenant (tenant_id, account_id, account_named, created_at)
    SELECT 'tenant-' || n, 'tenant-' || n, false, now() FROM made
)
INSERT INTO onboarding
    (onboarding_id, reference, tenant_id, blueprint_key, blueprint_version, created_at, profile,
     link_generation, link_expires_at, version, status, step, since, problem_code, deadline, wake_at,
     tries, due_at, claims, facts)
SELECT (lpad(to_hex(1700000000000 + n * 1000), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
       'GW-' || lpad((n / 10000)::text, 4, '0') || '-' || lpad((n % 10000)::text, 4, '0'),
       'tenant-' || n,
       CASE WHEN n % 50000 = 70 THEN 'rare' ELSE 'bench' END, 1,
       now() - interval '1 day', '{"name": "Acme", "return_urls": {}}', 1, now() + interval '7 days',
       4, status,
       CASE WHEN status = 'live' THEN 'live' WHEN asked THEN 'map' ELSE 'connect' END,
       now() - interval '1 hour',
       CASE WHEN status IN ('stuck', 'retrying') THEN 'cyclr_unreachable' END,
       CASE WHEN status = 'waiting' THEN now() + interval '7 days' END,
       CASE WHEN status = 'retrying' THEN now() + interval '1 day' END,
       0,
       CASE WHEN status = 'retrying' THEN now() + interval '1 day' END,
       0,
       jsonb_build_object(
           'account_id', 'tenant-' || n,
           'account', jsonb_build_object('id', 'tenant-' || n, 'origin', 'made'),
           'slots', jsonb_build_array(jsonb_build_object(
               'template', '7ad2265e-2ff0-477b-b913-cae1dfde2ea8',
               'install', '{"at": "2026-01-01T00:00:00Z"}'::jsonb,
               'cycle', gen_random_uuid())
               || CASE WHEN status = 'live'
                      THEN '{"mapped": 1, "active": 1}'
                      ELSE '{}' END::jsonb),
           'connections', jsonb_build_array(jsonb_build_object(
               'connector', n, 'name', 'CRM', 'auth', 'api_key')
               || CASE WHEN status = 'live' OR asked
                      THEN '{"authenticated": 1}' ELSE '{}' END::jsonb))
FROM made
