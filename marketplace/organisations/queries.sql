-- name: insert_organisation
INSERT INTO market.organisations (id, kind, name, credit_code, created_at, parent_id, is_science_branch, authority, region)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
RETURNING id, kind, name, credit_code, is_active, created_at, version, parent_id, is_science_branch, authority, region;

-- name: organisation_by_id
SELECT id, kind, name, credit_code, is_active, created_at, version, parent_id, is_science_branch, authority, region
  FROM market.organisations
 WHERE id = $1;

-- name: lock_organisation
SELECT id, kind, name, credit_code, is_active, created_at, version, parent_id, is_science_branch, authority, region
  FROM market.organisations
 WHERE id = $1
   FOR UPDATE;

-- name: organisations_after
SELECT id, kind, name, credit_code, is_active, created_at, version, parent_id, is_science_branch, authority, region
  FROM market.organisations
 WHERE $1::uuid IS NULL OR id > $1
 ORDER BY id
 LIMIT $2;

-- name: update_organisation
UPDATE market.organisations
   SET name = $2, is_active = $3, version = version + 1
 WHERE id = $1
RETURNING id, kind, name, credit_code, is_active, created_at, version, parent_id, is_science_branch, authority, region;

-- name: insert_user
INSERT INTO market.users (id, organisation_id, username, display_name, password_hash, roles, created_at, identity_digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id, organisation_id, username, display_name, roles, is_active, created_at, version;

-- name: user_by_id
SELECT id, organisation_id, username, display_name, roles, is_active, created_at, version
  FROM market.users
 WHERE id = $1;

-- name: lock_user
SELECT id, organisation_id, username, display_name, roles, is_active, created_at, version
  FROM market.users
 WHERE id = $1
   FOR UPDATE;

-- name: users_after
SELECT id, organisation_id, username, display_name, roles, is_active, created_at, version
  FROM market.users
 WHERE ($1::uuid IS NULL OR id > $1) AND ($3::uuid IS NULL OR organisation_id = $3)
 ORDER BY id
 LIMIT $2;

-- name: update_user
UPDATE market.users
   SET display_name = $2, roles = $3, is_active = $4, version = version + 1,
       administered_until = CASE WHEN is_active AND 'platform_administrator' = ANY (roles)
                                      AND NOT ($4 AND 'platform_administrator' = ANY ($3::text[])) THEN $5
                                 ELSE administered_until END
 WHERE id = $1
RETURNING id, organisation_id, username, display_name, roles, is_active, created_at, version;

-- name: has_administrator
SELECT EXISTS (SELECT FROM market.users WHERE 'platform_administrator' = ANY (roles) AND is_active);

-- name: lock_bootstrap
SELECT pg_advisory_xact_lock(hashtextextended('bootstrap', 0));

-- name: credentials
-- What sign-in compares with; an inactive user or organisation has none.
SELECT u.id, u.password_hash
  FROM market.users u
  JOIN market.organisations o ON o.id = u.organisation_id
 WHERE u.username = $1 AND u.is_active AND o.is_active;

-- name: password_hash
SELECT username, password_hash FROM market.users WHERE id = $1;

-- name: set_password_hash
UPDATE market.users SET password_hash = $2 WHERE id = $1;

-- name: replace_password_hash
-- A new hash of the same password, unless it was changed meanwhile.
UPDATE market.users SET password_hash = $3 WHERE id = $1 AND password_hash = $2;

-- name: take_token
-- One token out of a bucket of $2 that fills by $3 a second; no row: the bucket is empty.
INSERT INTO market.sign_in_buckets AS bucket (name, tokens, updated_at)
VALUES ($1, $2::float8 - 1, $4)
ON CONFLICT (name) DO UPDATE
   SET tokens = least($2, bucket.tokens + $3 * greatest(0, extract(epoch FROM $4 - bucket.updated_at))::float8) - 1,
       updated_at = greatest(bucket.updated_at, $4)
 WHERE least($2, bucket.tokens + $3 * greatest(0, extract(epoch FROM $4 - bucket.updated_at))::float8) >= 1
RETURNING true;

-- name: forget_buckets
-- The bucket of who got in, and those that have been full again for long.
DELETE FROM market.sign_in_buckets WHERE name = $1 OR updated_at < $2;

-- name: insert_session
INSERT INTO market.sessions (id, token_hash, user_id, created_at, last_seen_at, expires_at, user_agent)
VALUES ($1, $2, $3, $4, $4, $5, $6);

-- name: session_identity
-- The living session with this token, and whose it is.
SELECT s.id AS session_id, s.last_seen_at, u.id AS user_id, u.roles, u.display_name, o.id AS organisation_id,
       o.kind AS organisation_kind, o.authority,
       EXISTS (SELECT FROM market.second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL) AS has_second_factor
  FROM market.sessions s
  JOIN market.users u ON u.id = s.user_id
  JOIN market.organisations o ON o.id = u.organisation_id
 WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND s.last_seen_at > $3
   AND u.is_active AND o.is_active;

-- name: touch_session
UPDATE market.sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2;

-- name: sessions_of_user
SELECT id, created_at, last_seen_at, expires_at, user_agent, id = $4::uuid AS is_current
  FROM market.sessions
 WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND last_seen_at > $3
 ORDER BY id DESC
 LIMIT 200;

-- name: end_session
UPDATE market.sessions SET ended_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL RETURNING id;

-- name: end_session_by_token
UPDATE market.sessions SET ended_at = $2 WHERE token_hash = $1 AND ended_at IS NULL;

-- name: end_sessions_of_user
-- All of a user's sessions but one.
UPDATE market.sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $3::uuid;

-- name: insert_api_key
INSERT INTO market.api_keys (id, public_id, secret_hash, user_id, name, roles, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id, public_id, name, roles, created_at, expires_at, last_used_at, revoked_at;

-- name: api_key_identity
-- The living key with this public id, and whose it is; the caller compares the secret.
SELECT k.id AS api_key_id, k.secret_hash, k.last_used_at, k.expires_at, k.roles AS key_roles, u.id AS user_id, u.roles,
       u.display_name, o.id AS organisation_id, o.kind AS organisation_kind, o.authority,
       EXISTS (SELECT FROM market.second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL) AS has_second_factor
  FROM market.api_keys k
  JOIN market.users u ON u.id = k.user_id
  JOIN market.organisations o ON o.id = u.organisation_id
 WHERE k.public_id = $1 AND k.revoked_at IS NULL AND k.expires_at > $2 AND u.is_active AND o.is_active;

-- name: touch_api_key
UPDATE market.api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2);

-- name: api_keys_of_user
SELECT id, public_id, name, roles, created_at, expires_at, last_used_at, revoked_at
  FROM market.api_keys
 WHERE user_id = $1 AND ($2::uuid IS NULL OR id > $2)
 ORDER BY id
 LIMIT $3;

-- name: revoke_api_key
UPDATE market.api_keys SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING id;

-- name: is_taken
SELECT EXISTS (SELECT FROM market.users WHERE username = $1);

-- name: close_password
-- Nobody signs in with this password any more.
UPDATE market.users SET password_hash = NULL WHERE id = $1;

-- name: revoke_keys_of_user
UPDATE market.api_keys SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL;

-- name: agency_by_code
SELECT id FROM market.organisations WHERE kind = 'agency' AND is_active AND credit_code = $1 ORDER BY id LIMIT 1;

-- name: by_code
SELECT id FROM market.organisations WHERE is_active AND credit_code = $1 ORDER BY id LIMIT 1;

-- name: venues
SELECT id, name FROM market.organisations WHERE kind = 'venue' AND is_active ORDER BY name, id LIMIT 200;
