-- name: insert_payment
INSERT INTO settlement.payments_in
  (id, bank_reference, payer_id, lot_id, amount_fen, applied_fen, interest_fen, match, received_at, recorded_at, holder_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (bank_reference) DO NOTHING
RETURNING id;

-- name: payment_by_reference
SELECT id, bank_reference, payer_id, holder_id, lot_id, amount_fen, applied_fen, interest_fen, match, received_at, recorded_at
  FROM settlement.payments_in WHERE bank_reference = $1;

-- name: payments_of_lot
SELECT id, bank_reference, payer_id, holder_id, lot_id, amount_fen, applied_fen, interest_fen, match, received_at, recorded_at
  FROM settlement.payments_in WHERE lot_id = $1 ORDER BY recorded_at, id;

-- name: insert_payout
INSERT INTO settlement.payouts (id, source_id, payee_id, payee_name, amount_fen, purpose, ref, state, queued_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'QUEUED', $8);

-- name: lock_payout
SELECT p.id, p.payee_id, p.payee_name, p.amount_fen, p.purpose, p.ref, p.state, p.bank_reference, p.queued_at,
       p.paid_at, a.kind AS source_kind, a.owner AS source_owner, a.ref AS source_ref
  FROM settlement.payouts p JOIN settlement.accounts a ON a.id = p.source_id
 WHERE p.id = $1
   FOR UPDATE OF p;

-- name: payouts_of
-- The payouts from the payable accounts of a lot or a case.
SELECT p.id, p.payee_id, p.payee_name, p.amount_fen, p.purpose, p.ref, p.state, p.bank_reference, p.queued_at,
       p.paid_at, a.kind AS source_kind, a.owner AS source_owner, a.ref AS source_ref
  FROM settlement.payouts p JOIN settlement.accounts a ON a.id = p.source_id
 WHERE a.ref = $1
 ORDER BY p.queued_at, p.id;

-- name: payout_by_reference
SELECT id FROM settlement.payouts WHERE bank_reference = $1;

-- name: correct_payout
UPDATE settlement.payouts SET bank_reference = $2 WHERE id = $1 AND state = 'PAID';

-- name: pay_payout
UPDATE settlement.payouts SET state = 'PAID', bank_reference = $2, paid_at = $3 WHERE id = $1;
