-- name: are_two
-- Whether two people, not accounts, administer the platform, or did since $1.
SELECT count(DISTINCT person_id) > 1
  FROM market.users
 WHERE ('platform_administrator' = ANY (roles) AND is_active) OR administered_until > $1;

-- name: deciders
-- Who could agree to what $1 asks about the user $2 (null: nobody yet) of the organisation $3: other people than these two.
WITH able AS (
  SELECT u.organisation_id, o.kind, o.created_at, u.roles
    FROM market.users u
    JOIN market.organisations o ON o.id = u.organisation_id
   WHERE u.is_active AND o.is_active
     AND u.roles && ARRAY['bank_checker', 'venue_checker', 'fund_checker', 'platform_administrator']
     AND NOT EXISTS (SELECT FROM market.users a WHERE a.id IN ($1, $2) AND a.person_id = u.person_id)
)
SELECT (SELECT count(DISTINCT person_id) > 1 FROM market.users
         WHERE ('platform_administrator' = ANY (roles) AND is_active) OR administered_until > $4) AS are_two,
       EXISTS (SELECT FROM able WHERE 'platform_administrator' = ANY (roles)) AS has_other_administrator,
       EXISTS (SELECT FROM able WHERE organisation_id = $3 AND kind <> 'platform') AS has_own_checker,
       (SELECT organisation_id FROM able WHERE 'venue_checker' = ANY (roles) ORDER BY created_at, organisation_id LIMIT 1) AS venue_id,
       EXISTS (SELECT FROM market.users s
                WHERE s.id = $2 AND s.is_active AND 'platform_administrator' = ANY (s.roles)
                  AND s.person_id <> (SELECT a.person_id FROM market.users a WHERE a.id = $1)) AS subject_administers;
