-- name: insert
INSERT INTO market.disclosure_changes
  (id, lot_id, kind, cycle, state, reason, conditions, priority_closes_at, opens_at, closes_at, proposed_by, proposed_at,
   decided_by, decided_at, profile_hash, notice_sha256)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: of_lot
-- All changes of a lot's notice, oldest first.
SELECT id, lot_id, kind, cycle, state, reason, conditions::text, priority_closes_at, opens_at, closes_at, proposed_by,
       proposed_at, decided_by, decided_at, profile_hash, notice_sha256
  FROM market.disclosure_changes WHERE lot_id = $1 ORDER BY id;

-- name: proposed
-- The one that waits for its decision; the lot's row lock, which the caller holds, keeps it.
SELECT id, lot_id, kind, cycle, state, reason, conditions::text, priority_closes_at, opens_at, closes_at, proposed_by,
       proposed_at, decided_by, decided_at, profile_hash, notice_sha256
  FROM market.disclosure_changes WHERE lot_id = $1 AND state = 'proposed';

-- name: decide
UPDATE market.disclosure_changes
   SET state = $2, decided_by = $3, decided_at = $4, profile_hash = $5, notice_sha256 = $6 WHERE id = $1;

-- name: cycles
SELECT count(*) FROM market.disclosure_changes WHERE lot_id = $1 AND kind = 'extension';

-- name: ready
-- How many could bid: their deposit is held, and they were not barred.
SELECT count(*) FROM market.bidders WHERE lot_id = $1 AND status IN ('deposited', 'active');

-- name: follow
-- The lot after a published change of its notice; the trigger compares it with the change.
UPDATE market.lots
   SET profile = $2, profile_salt = $3, profile_hash = $4, notice_sha256 = $5, conditions = $6, priority_closes_at = $7,
       opens_at = $8, closes_at = $9, version = version + 1, updated_at = $10
 WHERE id = $1;

-- name: is_in_session
SELECT EXISTS (SELECT FROM market.session_lots WHERE lot_id = $1);
