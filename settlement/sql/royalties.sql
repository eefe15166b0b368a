-- name: insert_licence
INSERT INTO settlement.licences (id, case_id, holder_id, lender_id, licensee_id, content, state, drafted_by, drafted_at, loan_id)
VALUES ($1, $2, $3, $4, $5, $6, 'DRAFT', $7, $8, $9)
ON CONFLICT (id) DO NOTHING;

-- name: licence
SELECT id, content, content_hash, state, drafted_by, drafted_at, approved_by, approved_at
  FROM settlement.licences WHERE id = $1;

-- name: lock_licence
SELECT id, content, content_hash, state, drafted_by, drafted_at, approved_by, approved_at
  FROM settlement.licences WHERE id = $1
   FOR UPDATE;

-- name: approve_licence
UPDATE settlement.licences SET state = 'ACTIVE', approved_by = $2, approved_at = $3, approved_hash = $4 WHERE id = $1;

-- name: set_licence_state
UPDATE settlement.licences SET state = $2 WHERE id = $1;

-- name: insert_invoice
INSERT INTO settlement.royalty_invoices
  (id, licence_id, n, kind, period_from, period_to, content, due_fen, due_on, issued_by, issued_at)
SELECT $1, $2, 1 + count(*), $3, $4, $5, $6, $7, $8, $9, $10 FROM settlement.royalty_invoices WHERE licence_id = $2;

-- name: invoice
SELECT i.id, i.licence_id, l.licensee_id, i.n, i.kind, i.period_from, i.period_to, i.content, i.due_fen, i.paid_fen, i.due_on,
       i.issued_by, i.issued_at
  FROM settlement.royalty_invoices i JOIN settlement.licences l ON l.id = i.licence_id
 WHERE i.id = $1;

-- name: invoices
SELECT i.id, i.licence_id, l.licensee_id, i.n, i.kind, i.period_from, i.period_to, i.content, i.due_fen, i.paid_fen, i.due_on,
       i.issued_by, i.issued_at
  FROM settlement.royalty_invoices i JOIN settlement.licences l ON l.id = i.licence_id
 WHERE i.licence_id = $1 ORDER BY i.n;

-- name: pay_invoice
UPDATE settlement.royalty_invoices SET paid_fen = paid_fen + $2 WHERE id = $1;

-- name: insert_charge
INSERT INTO settlement.royalty_charges
  (id, licence_id, n, kind, reference, amount_fen, computation, content, recorded_by, recorded_at)
SELECT $1, $2, 1 + count(*), $3, $4, $5, $6, $7, $8, $9 FROM settlement.royalty_charges WHERE licence_id = $2
ON CONFLICT (licence_id, kind, reference) DO NOTHING
RETURNING id;

-- name: charge_by_reference
SELECT id, kind, reference, amount_fen, computation, content, invoice_id, recorded_at
  FROM settlement.royalty_charges WHERE licence_id = $1 AND kind = $2 AND reference = $3;

-- name: waiting_charges
SELECT id, kind, reference, amount_fen, computation, content, invoice_id, recorded_at
  FROM settlement.royalty_charges WHERE licence_id = $1 AND invoice_id IS NULL ORDER BY n;

-- name: invoice_charges
UPDATE settlement.royalty_charges SET invoice_id = $2 WHERE licence_id = $1 AND invoice_id IS NULL;

-- name: insert_receipt
INSERT INTO settlement.royalty_receipts
  (id, licence_id, invoice_id, bank_reference, amount_fen, applied_fen, agency_fen, received_at, recorded_by, recorded_at,
   state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'ESCROWED')
ON CONFLICT (bank_reference) DO NOTHING
RETURNING id;

-- name: receipt
SELECT id, licence_id, invoice_id, bank_reference, amount_fen, applied_fen, agency_fen, received_at, recorded_by,
       recorded_at, state, distributed_at, rows
  FROM settlement.royalty_receipts WHERE id = $1;

-- name: receipt_by_reference
SELECT id, licence_id, invoice_id, bank_reference, amount_fen, applied_fen, agency_fen, received_at, recorded_by,
       recorded_at, state, distributed_at, rows
  FROM settlement.royalty_receipts WHERE bank_reference = $1;

-- name: receipts
SELECT id, licence_id, invoice_id, bank_reference, amount_fen, applied_fen, agency_fen, received_at, recorded_by,
       recorded_at, state, distributed_at, rows
  FROM settlement.royalty_receipts WHERE licence_id = $1 ORDER BY recorded_at, id;

-- name: distribute_receipt
UPDATE settlement.royalty_receipts SET state = 'DISTRIBUTED', distributed_at = $2, rows = $3 WHERE id = $1;

-- name: escrowed_receipts
-- Receipts that wait for their case, oldest first; of one licence or of all.
SELECT r.id FROM settlement.royalty_receipts r
 WHERE r.state = 'ESCROWED' AND ($1::uuid IS NULL OR r.licence_id = $1)
 ORDER BY r.recorded_at, r.id;

-- name: audits
-- What audits found of a licence's periods, oldest first.
SELECT content FROM settlement.royalty_charges WHERE licence_id = $1 AND kind = 'AUDIT' ORDER BY n;
