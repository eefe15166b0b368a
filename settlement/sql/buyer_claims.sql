-- name: insert_claim
INSERT INTO settlement.buyer_claims (lot_id, deposit_id, debtor_id, holder_id, content, amount_fen, claimed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: claim
SELECT lot_id, deposit_id, debtor_id, holder_id, content, amount_fen, paid_fen, claimed_at
  FROM settlement.buyer_claims WHERE lot_id = $1;

-- name: lock_claim
SELECT lot_id, deposit_id, debtor_id, holder_id, content, amount_fen, paid_fen, claimed_at
  FROM settlement.buyer_claims WHERE lot_id = $1 FOR UPDATE;

-- name: add_paid
UPDATE settlement.buyer_claims SET paid_fen = paid_fen + $2 WHERE lot_id = $1;

-- name: insert_receipt
INSERT INTO settlement.buyer_claim_receipts
  (id, lot_id, bank_reference, amount_fen, applied_fen, costs_fen, received_at, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: receipts
SELECT id, lot_id, bank_reference, amount_fen, applied_fen, costs_fen, received_at, recorded_at
  FROM settlement.buyer_claim_receipts WHERE lot_id = $1 ORDER BY recorded_at, id;

-- name: receipt
SELECT id, lot_id, bank_reference, amount_fen, applied_fen, costs_fen, received_at, recorded_at
  FROM settlement.buyer_claim_receipts WHERE id = $1;
