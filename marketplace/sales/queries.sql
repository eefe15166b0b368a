-- name: insert
-- The end of an auction, once.
INSERT INTO market.sales
  (lot_id, outcome, reason, winner_id, winner_paddle, price_fen, underbidder_paddle, extensions, closed_at, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: insert_unit_winner
INSERT INTO market.unit_winners (lot_id, bidder_id, paddle, price_fen) VALUES ($1, $2, $3, $4);

-- name: unit_winners
SELECT paddle FROM market.unit_winners WHERE lot_id = $1 ORDER BY paddle;

-- name: by_lot
SELECT lot_id, outcome, reason, winner_id, winner_paddle, price_fen, underbidder_paddle, extensions, closed_at, recorded_at
  FROM market.sales WHERE lot_id = $1;

-- name: insert_confirmation
INSERT INTO market.confirmations (lot_id, number, content, sha256, payment_due_at, issued_by, issued_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: confirmation
SELECT lot_id, number, content, sha256, payment_due_at, issued_by, issued_at
  FROM market.confirmations WHERE lot_id = $1;
