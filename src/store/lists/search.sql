-- What somebody may mean who types this. Where it is the beginning of something, the order makes sure
-- that no more of the index is read than is wanted.
SELECT DISTINCT f.onboarding_id AS "id!"
FROM (
    SELECT onboarding_id FROM onboarding WHERE reference = $1
    UNION ALL
    SELECT onboarding_id FROM onboarding WHERE onboarding_id = $2
    UNION ALL
    -- The journal names the cycle; a few others may begin like it.
    SELECT onboarding_id FROM journal
    WHERE kind = 'installed' AND left(detail ->> 'cycle', 8) = left($2::uuid::text, 8)
      AND detail ->> 'cycle' = $2::uuid::text
    UNION ALL
    (SELECT onboarding_id FROM journal
     WHERE detail ? 'connectors' AND detail -> 'connectors' @> to_jsonb($3::bigint)
     LIMIT $5)
    UNION ALL
    -- Each half of a tenant's onboardings has an index of its own.
    (SELECT onboarding_id FROM onboarding
     WHERE tenant_id ~>=~ $4 AND tenant_id ~<~ ($4 || U&'\+10FFFF') AND status <> 'cancelled'
     ORDER BY tenant_id USING ~<~
     LIMIT $5)
    UNION ALL
    (SELECT onboarding_id FROM onboarding
     WHERE tenant_id ~>=~ $4 AND tenant_id ~<~ ($4 || U&'\+10FFFF') AND status = 'cancelled'
     ORDER BY tenant_id USING ~<~
     LIMIT $5)
    UNION ALL
    (SELECT o.onboarding_id FROM tenant t
     CROSS JOIN LATERAL (
         SELECT a.onboarding_id FROM onboarding a
         WHERE a.tenant_id = t.tenant_id AND a.status <> 'cancelled'
         UNION ALL
         SELECT c.onboarding_id FROM onboarding c
         WHERE c.tenant_id = t.tenant_id AND c.status = 'cancelled'
     ) o
     WHERE lower(t.account_id) = lower($4)
     LIMIT $5)
    UNION ALL
    (SELECT onboarding_id FROM onboarding
     WHERE lower(profile #>> '{contact,email}') = lower($4)
       AND profile #>> '{contact,email}' IS NOT NULL AND status <> 'running'
     LIMIT $5)
    UNION ALL
    (SELECT onboarding_id FROM onboarding
     WHERE left(lower(profile ->> 'name'), 32) ~>=~ left(lower($4), 32)
       AND left(lower(profile ->> 'name'), 32) ~<~ (left(lower($4), 32) || U&'\+10FFFF')
       AND status <> 'running'
     ORDER BY left(lower(profile ->> 'name'), 32) USING ~<~
     LIMIT $5)
    UNION ALL
    (SELECT onboarding_id FROM onboarding
     WHERE profile ? 'tags' AND profile -> 'tags' ? $4 AND status <> 'running'
     LIMIT $5)
    UNION ALL
    -- What is running stands in none of the three indexes before; there is little of it.
    (SELECT o.onboarding_id FROM (SELECT DISTINCT blueprint_key FROM blueprint) b
     CROSS JOIN LATERAL (
         SELECT r.onboarding_id FROM onboarding r
         WHERE r.blueprint_key = b.blueprint_key AND r.status = 'running' AND r.rests_at = ''
           AND (lower(r.profile #>> '{contact,email}') = lower($4)
                OR starts_with(lower(r.profile ->> 'name'), lower($4))
                OR r.profile -> 'tags' ? $4)
     ) o
     LIMIT $5)
) f
LIMIT $5
