-- name: insert
INSERT INTO market.mandates
  (id, number, consignment_id, organisation_id, venue_id, agency_id, content, sha256, drafted_by, starts_on, ends_on, created_at,
   updated_at)
VALUES ($1, 'YY-' || to_char($11::timestamptz AT TIME ZONE 'Asia/Shanghai', 'YYYY') || '-'
            || lpad(nextval('market.mandate_numbers')::text, 6, '0'), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11);

-- name: by_id
-- A mandate for its bank, its venue, its agency once the bank's checker approved it, and supervisors ($3).
SELECT * FROM market.mandates
 WHERE id = $1 AND ($3::boolean OR $2::uuid IN (organisation_id, venue_id) OR (agency_id = $2 AND approved_by IS NOT NULL));

-- name: lock
SELECT * FROM market.mandates WHERE id = $1 FOR UPDATE;

-- name: page
SELECT * FROM market.mandates
 WHERE ($3::boolean OR $2::uuid IN (organisation_id, venue_id) OR (agency_id = $2 AND approved_by IS NOT NULL))
   AND ($1::uuid IS NULL OR id < $1)
 ORDER BY id DESC LIMIT $4;

-- name: approve
UPDATE market.mandates SET approved_by = $2, updated_at = $3 WHERE id = $1;

-- name: set_state
UPDATE market.mandates
   SET state = $2, agreed_by = coalesce($3, agreed_by), reason = coalesce($4, reason), updated_at = $5
 WHERE id = $1;

-- name: insert_report
INSERT INTO market.mandate_reports (id, mandate_id, n, period_from, period_to, due_on, pay_by)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: reports
SELECT r.id, r.n, r.period_from, r.period_to, r.due_on, r.state, r.income_fen, r.costs_fen, r.activities, r.submitted_by,
       r.submitted_at, r.was_late, r.pay_by, r.payment_was_late,
       (SELECT coalesce(sum(p.amount_fen), 0)::bigint FROM market.mandate_receipts p WHERE p.report_id = r.id) AS received_fen
  FROM market.mandate_reports r WHERE r.mandate_id = $1 ORDER BY r.n;

-- name: receipt
SELECT report_id, amount_fen FROM market.mandate_receipts WHERE mandate_id = $1 AND reference = $2;

-- name: insert_receipt
INSERT INTO market.mandate_receipts (id, report_id, mandate_id, reference, amount_fen, received_on, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: lock_receipt
SELECT p.amount_fen, p.shared_at, m.consignment_id
  FROM market.mandate_receipts p JOIN market.mandates m ON m.id = p.mandate_id WHERE p.id = $1 FOR UPDATE OF p;

-- name: mark_receipt_shared
UPDATE market.mandate_receipts SET shared_at = $2 WHERE id = $1;

-- name: reports_without_due
-- Periods of a bank's mandates that were reported on and are not entered as due.
SELECT r.id, r.mandate_id, g.name AS agency_name
  FROM market.mandate_reports r JOIN market.mandates m ON m.id = r.mandate_id JOIN market.organisations g ON g.id = m.agency_id
 WHERE m.organisation_id = $1 AND r.state = 'submitted'
   AND NOT EXISTS (SELECT FROM settlement.dues d WHERE d.period_id = r.id)
 ORDER BY r.id;

-- name: mandate_of_report
SELECT mandate_id FROM market.mandate_reports WHERE id = $1;

-- name: set_report_state
UPDATE market.mandate_reports SET state = $2, was_late = was_late OR $2 = 'late' WHERE id = $1;

-- name: mark_payment_late
UPDATE market.mandate_reports SET payment_was_late = true WHERE id = $1;

-- name: submit
UPDATE market.mandate_reports
   SET state = 'submitted', income_fen = $2, costs_fen = $3, activities = $4, submitted_by = $5, submitted_at = $6
 WHERE id = $1;
