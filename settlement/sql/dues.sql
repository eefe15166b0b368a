-- name: insert_due
INSERT INTO settlement.dues (reference, kind, lot_id, invoice_id, period_id, party_id, party_name, holder_id, amount_fen, created_at)
VALUES ($1, $2, CASE WHEN $2 NOT IN ('ROYALTY', 'MANDATE') THEN $3::uuid END, CASE WHEN $2 = 'ROYALTY' THEN $3::uuid END,
        CASE WHEN $2 = 'MANDATE' THEN $3::uuid END, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING;

-- name: dues
SELECT reference, kind, coalesce(lot_id, invoice_id, period_id) AS subject_id, party_id, party_name, holder_id, amount_fen, created_at
  FROM settlement.dues WHERE holder_id = $1 AND reference = ANY ($2::text[]) ORDER BY reference;

-- name: paid_fen
-- What came in for a due and was attributed to it.
SELECT coalesce(sum(amount_fen), 0)::bigint
  FROM settlement.bank_entries
 WHERE due_reference = $1 AND state IN ('MATCHED', 'ASSIGNED', 'BOOKED');

-- name: period_paid_fen
-- What came in for a period of a mandate, by hand or from a statement.
SELECT coalesce(sum(amount_fen), 0)::bigint FROM settlement.period_receipts WHERE period_id = $1;
