-- name: begin
-- A new secret in place of one that was never confirmed; no row: one is on.
INSERT INTO market.second_factors AS f (user_id, secret, is_sealed, begun_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id) DO UPDATE
   SET secret = EXCLUDED.secret, is_sealed = EXCLUDED.is_sealed, begun_at = EXCLUDED.begun_at, last_counter = -1
 WHERE f.confirmed_at IS NULL
RETURNING user_id;

-- name: lock
SELECT secret, is_sealed, last_counter, confirmed_at FROM market.second_factors WHERE user_id = $1 FOR UPDATE;

-- name: confirmed
SELECT secret, is_sealed, last_counter FROM market.second_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL;

-- name: confirm
UPDATE market.second_factors SET last_counter = $2, confirmed_at = $3 WHERE user_id = $1;

-- name: use_counter
-- A step counts once; no row: it was used.
UPDATE market.second_factors SET last_counter = $2 WHERE user_id = $1 AND last_counter < $2 RETURNING user_id;

-- name: state
SELECT EXISTS (SELECT FROM market.second_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL) AS is_on,
       (SELECT count(*) FROM market.recovery_codes WHERE user_id = $1 AND used_at IS NULL) AS left;

-- name: remove
DELETE FROM market.second_factors WHERE user_id = $1 RETURNING user_id;

-- name: forget_codes
DELETE FROM market.recovery_codes WHERE user_id = $1;

-- name: insert_code
INSERT INTO market.recovery_codes (user_id, code_hash) VALUES ($1, $2);

-- name: use_code
-- A recovery code counts once; no row: it is none, or was used.
UPDATE market.recovery_codes SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL RETURNING user_id;
