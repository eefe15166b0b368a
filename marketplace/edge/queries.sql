-- name: lock_key
-- True if nobody else is at work under this name; held until the transaction ends.
SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0));

-- name: stored_answer
SELECT fingerprint, status, headers, body
  FROM market.idempotency_keys
 WHERE organisation_id = $1 AND key = $2;

-- name: store_answer
INSERT INTO market.idempotency_keys (organisation_id, key, fingerprint, status, headers, body, created_at)
VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7);
