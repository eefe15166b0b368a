-- name: insert_sale
INSERT INTO settlement.sales (lot_id, buyer_id, consignor_id, venue_id, case_id, hammer_price_fen,
  buyer_premium_fen, state, release_on, objection_days, sold_at, deadline_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'PRICE_DUE', $8, $9, $10, $11)
ON CONFLICT (lot_id) DO NOTHING;

-- name: lock_sale
SELECT * FROM settlement.sales WHERE lot_id = $1 FOR UPDATE;

-- name: sale
SELECT * FROM settlement.sales WHERE lot_id = $1;

-- name: add_payment
UPDATE settlement.sales
   SET paid_fen = paid_fen + $2::bigint, deposit_fen = deposit_fen + $3::bigint,
       interest_paid_fen = interest_paid_fen + $5::bigint,
       state = CASE WHEN paid_fen + $2::bigint = hammer_price_fen + buyer_premium_fen THEN 'PRICE_PAID' ELSE state END,
       price_paid_at = CASE WHEN paid_fen + $2::bigint = hammer_price_fen + buyer_premium_fen THEN $4::timestamptz END
 WHERE lot_id = $1
RETURNING *;

-- name: set_state
UPDATE settlement.sales SET state = $2 WHERE lot_id = $1 RETURNING *;

-- name: set_title_recorded
-- Not of a sale whose price is still owed, or that came to nothing; a date that stands is answered in any state.
UPDATE settlement.sales SET title_recorded_at = coalesce(title_recorded_at, $2::timestamptz)
 WHERE lot_id = $1 AND (title_recorded_at IS NOT NULL OR state NOT IN ('PRICE_DUE', 'DEFAULTED', 'RESCINDED'))
RETURNING *;

-- name: overdue
-- Sales whose price is still due after the deadline.
SELECT * FROM settlement.sales WHERE state = 'PRICE_DUE' AND deadline_at < $1 ORDER BY deadline_at, lot_id;
