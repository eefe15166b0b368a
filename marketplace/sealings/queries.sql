-- name: of_lot
SELECT lot_id, kem, venue_key, opener_id, opener_key, coalesce((market.secret_of_sealing(lot_id)).profile, '') AS profile,
       coalesce((market.secret_of_sealing(lot_id)).profile_salt, '') AS profile_salt, profile_hash, deadline_ms, state, canary,
       canary_inner, canary_fen, canary_nonce
  FROM market.sealings WHERE lot_id = $1;

-- name: of_lot_for_update
SELECT lot_id, kem, venue_key, opener_id, opener_key, coalesce((market.secret_of_sealing(lot_id)).profile, '') AS profile,
       coalesce((market.secret_of_sealing(lot_id)).profile_salt, '') AS profile_salt, profile_hash, deadline_ms, state, canary,
       canary_inner, canary_fen, canary_nonce
  FROM market.sealings WHERE lot_id = $1 FOR UPDATE;

-- name: propose
-- A new proposal starts over: what was keyed or proved before is not this. (`excluded.profile` would need the right to read.)
INSERT INTO market.sealings (lot_id, kem, venue_key, opener_id, profile, profile_salt, profile_hash, deadline_ms, state,
                             proposed_by, proposed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'proposed', $9, $10)
ON CONFLICT (lot_id) DO UPDATE
   SET kem = excluded.kem, venue_key = excluded.venue_key, opener_id = excluded.opener_id, opener_key = NULL,
       profile = $5, profile_salt = $6, profile_hash = excluded.profile_hash,
       deadline_ms = excluded.deadline_ms, state = 'proposed', canary = NULL, canary_inner = NULL, canary_fen = NULL,
       canary_nonce = NULL, proposed_by = excluded.proposed_by, proposed_at = excluded.proposed_at, keyed_by = NULL,
       proved_by = NULL, proved_at = NULL;

-- name: key
UPDATE market.sealings
   SET opener_key = $2, canary = $3, keyed_by = $4, state = 'keyed', canary_inner = NULL, canary_fen = NULL,
       canary_nonce = NULL, proved_by = NULL, proved_at = NULL
 WHERE lot_id = $1;

-- name: peel
UPDATE market.sealings SET canary_inner = $2, state = 'peeled' WHERE lot_id = $1;

-- name: prove
UPDATE market.sealings
   SET canary_fen = $2, canary_nonce = $3, proved_by = $4, proved_at = $5, state = 'proved'
 WHERE lot_id = $1;

-- name: opening
SELECT request, share FROM market.sealed_openings WHERE lot_id = $1;

-- name: request
-- A request that is made anew needs a new share.
INSERT INTO market.sealed_openings (lot_id, request, requested_by, requested_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (lot_id) DO UPDATE
   SET request = excluded.request, requested_by = excluded.requested_by, requested_at = excluded.requested_at,
       share = NULL, shared_by = NULL, shared_at = NULL;

-- name: share
UPDATE market.sealed_openings SET share = $2, shared_by = $3, shared_at = $4 WHERE lot_id = $1;
