-- name: insert_order
INSERT INTO settlement.money_orders (id, kind, subject_id, content, state, proposed_by, proposed_at)
VALUES ($1, $2, $3, $4, 'PROPOSED', $5, $6)
ON CONFLICT DO NOTHING;

-- name: standing
-- The order about a subject that stands or was done; of corrections, which may follow each other, the last.
SELECT id, kind, subject_id, content, content_hash, state, proposed_by, proposed_at, decided_by, decided_at, refusal
  FROM settlement.money_orders WHERE kind = $1 AND subject_id = $2 AND state <> 'REFUSED'
 ORDER BY proposed_at DESC, id DESC LIMIT 1
   FOR UPDATE;

-- name: orders_of
SELECT id, kind, subject_id, content, content_hash, state, proposed_by, proposed_at, decided_by, decided_at, refusal
  FROM settlement.money_orders WHERE subject_id = $1 ORDER BY proposed_at, id;

-- name: do_order
UPDATE settlement.money_orders SET state = 'DONE', decided_by = $2, decided_at = $3, decided_hash = $4 WHERE id = $1;

-- name: refuse_order
UPDATE settlement.money_orders SET state = 'REFUSED', decided_by = $2, decided_at = $3, refusal = $4 WHERE id = $1;

-- name: insert_instalment
INSERT INTO settlement.instalments (lot_id, number, amount_fen, interest_fen, due_at, order_id) VALUES ($1, $2, $3, $4, $5, $6);

-- name: instalments
SELECT number, amount_fen, interest_fen, due_at FROM settlement.instalments WHERE lot_id = $1 ORDER BY number;

-- name: set_deadline
UPDATE settlement.sales SET deadline_at = $2, interest_due_fen = $3 WHERE lot_id = $1;

-- name: mark_returned
UPDATE settlement.sales SET returned_fen = paid_fen WHERE lot_id = $1;

-- name: frozen_deposit
-- What the buyer's deposit, which is the last part of the price, already covers.
SELECT coalesce(sum(d.amount_fen), 0)::bigint
  FROM settlement.deposits d JOIN settlement.sales s ON s.lot_id = d.lot_id AND s.buyer_id = d.bidder_id
 WHERE d.lot_id = $1 AND d.state = 'FROZEN';
