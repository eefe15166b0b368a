-- name: insert
INSERT INTO market.bidders
  (id, lot_id, organisation_id, registered_by, status, disclosure_sha256, conflict_statement, limit_fen, registered_at, updated_at)
VALUES ($1, $2, $3, $4, 'applied', $5, $6, $7, $8, $8);

-- name: by_id
SELECT id, lot_id, organisation_id, registered_by, status, version, disclosure_sha256, conflict_statement, limit_fen,
       paddle, rank, rank_nature, deposit_id, exempt_fen, barred_reason, registered_at, updated_at
  FROM market.bidders WHERE id = $1;

-- name: by_id_for_update
SELECT id, lot_id, organisation_id, registered_by, status, version, disclosure_sha256, conflict_statement, limit_fen,
       paddle, rank, rank_nature, deposit_id, exempt_fen, barred_reason, registered_at, updated_at
  FROM market.bidders WHERE id = $1 FOR UPDATE;

-- name: of_lot
SELECT id, lot_id, organisation_id, registered_by, status, version, disclosure_sha256, conflict_statement, limit_fen,
       paddle, rank, rank_nature, deposit_id, exempt_fen, barred_reason, registered_at, updated_at
  FROM market.bidders WHERE lot_id = $1 ORDER BY id;

-- name: of_lot_for_update
SELECT id, lot_id, organisation_id, registered_by, status, version, disclosure_sha256, conflict_statement, limit_fen,
       paddle, rank, rank_nature, deposit_id, exempt_fen, barred_reason, registered_at, updated_at
  FROM market.bidders WHERE lot_id = $1 ORDER BY id FOR UPDATE;

-- name: of_organisation
SELECT id, lot_id, organisation_id, registered_by, status, version, disclosure_sha256, conflict_statement, limit_fen,
       paddle, rank, rank_nature, deposit_id, exempt_fen, barred_reason, registered_at, updated_at
  FROM market.bidders
 WHERE organisation_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3;

-- name: by_lot_and_organisation
SELECT id, lot_id, organisation_id, registered_by, status, version, disclosure_sha256, conflict_statement, limit_fen,
       paddle, rank, rank_nature, deposit_id, exempt_fen, barred_reason, registered_at, updated_at
  FROM market.bidders WHERE lot_id = $1 AND organisation_id = $2;

-- name: by_paddle
SELECT id, lot_id, organisation_id, registered_by, status, version, disclosure_sha256, conflict_statement, limit_fen,
       paddle, rank, rank_nature, deposit_id, exempt_fen, barred_reason, registered_at, updated_at
  FROM market.bidders WHERE lot_id = $1 AND paddle = $2;

-- name: taken_paddles
SELECT paddle FROM market.bidders WHERE lot_id = $1 AND paddle IS NOT NULL;

-- name: set_paddle
UPDATE market.bidders SET paddle = $2, version = version + 1, updated_at = $3 WHERE id = $1;

-- name: set_status
UPDATE market.bidders SET status = $2, barred_reason = $3, version = version + 1, updated_at = $4 WHERE id = $1;

-- name: set_deposit
UPDATE market.bidders SET deposit_id = $2 WHERE id = $1;

-- name: set_disclosure
UPDATE market.bidders SET disclosure_sha256 = $2, version = version + 1, updated_at = $3 WHERE id = $1;

-- name: set_limit
UPDATE market.bidders SET limit_fen = $2, version = version + 1, updated_at = $3 WHERE id = $1;

-- name: set_exempt
UPDATE market.bidders SET exempt_fen = $2, version = version + 1, updated_at = $3 WHERE id = $1;

-- name: set_priority
UPDATE market.bidders
   SET rank = $2, rank_nature = $3, rank_confirmed_by = $4, version = version + 1, updated_at = $5 WHERE id = $1;

-- name: confirmed_holders
-- All whose right was confirmed, with those who were barred since or before.
SELECT paddle, rank, status = 'barred' AS barred FROM market.bidders
 WHERE lot_id = $1 AND rank IS NOT NULL AND paddle IS NOT NULL ORDER BY rank, paddle;

-- name: priority_holders
-- Who holds a confirmed right, best rank first.
SELECT paddle, rank FROM market.bidders
 WHERE lot_id = $1 AND rank IS NOT NULL AND status <> 'barred' ORDER BY rank, paddle;
