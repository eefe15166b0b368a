-- name: insert
INSERT INTO market.invitations (id, organisation_id, user_id, username, display_name, roles, is_reset, token_hash, invited_by,
                                created_at, expires_at, identity_digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
RETURNING id, organisation_id, user_id, username, display_name, roles, is_reset, invited_by, created_at, expires_at, accepted_at,
          revoked_at;

-- name: page
SELECT id, organisation_id, user_id, username, display_name, roles, is_reset, invited_by, created_at, expires_at, accepted_at, revoked_at
  FROM market.invitations
 WHERE ($1::uuid IS NULL OR id < $1)
 ORDER BY id DESC
 LIMIT $2;

-- name: by_token
-- The invitation of this token that still stands, kept from others until the transaction ends.
SELECT id, organisation_id, user_id, username, display_name, roles, is_reset, invited_by, created_at, expires_at, accepted_at, revoked_at
  FROM market.invitations
 WHERE token_hash = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $2
   FOR UPDATE;

-- name: identity
-- By which digest the person behind an invitation is known, if by any.
SELECT identity_digest FROM market.invitations WHERE id = $1;

-- name: accept
UPDATE market.invitations SET accepted_at = $2, user_id = $3 WHERE id = $1;

-- name: revoke
UPDATE market.invitations SET revoked_at = $2 WHERE id = $1 AND accepted_at IS NULL AND revoked_at IS NULL RETURNING id;

-- name: revoke_stale
-- What has run out, or is another reset of the same person, makes room.
UPDATE market.invitations SET revoked_at = $2
 WHERE username = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND (expires_at <= $2 OR (is_reset AND $3));
