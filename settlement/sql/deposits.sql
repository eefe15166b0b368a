-- name: insert_deposit
INSERT INTO settlement.deposits (id, lot_id, bidder_id, amount_fen, state, created_at)
VALUES ($1, $2, $3, $4, 'CREATED', $5)
ON CONFLICT (lot_id, bidder_id) DO NOTHING;

-- name: lock_by_lot_and_bidder
SELECT id, lot_id, bidder_id, amount_fen, kept_fen, state, hold_id, created_at, closed_at
  FROM settlement.deposits WHERE lot_id = $1 AND bidder_id = $2
   FOR UPDATE;

-- name: lock_deposit
SELECT id, lot_id, bidder_id, amount_fen, kept_fen, state, hold_id, created_at, closed_at
  FROM settlement.deposits WHERE id = $1
   FOR UPDATE;

-- name: deposits_of_lot
SELECT id, lot_id, bidder_id, amount_fen, kept_fen, state, hold_id, created_at, closed_at
  FROM settlement.deposits WHERE lot_id = $1
 ORDER BY created_at, id;

-- name: freeze_deposit
UPDATE settlement.deposits SET state = 'FROZEN', hold_id = $2 WHERE id = $1;

-- name: close_deposit
UPDATE settlement.deposits SET state = $2, kept_fen = $3, closed_at = $4 WHERE id = $1;
