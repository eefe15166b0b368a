-- name: bearers
-- Who bears a part of an approved claim's loss and pays it itself.
SELECT p.party, p.organisation_id
  FROM settlement.case_parties p WHERE p.case_id = $1 AND p.role = ANY ($2::text[]) ORDER BY p.party;

-- name: insert
INSERT INTO market.liabilities (id, claim_id, case_id, party, organisation_id, lender_id, state, notified_at)
VALUES ($1, $2, $3, $4, $5, $6, 'notified', $7);

-- name: liability
-- One liability; row-level security says whose: its party's, its bank's, the case's other parties', overseers'.
SELECT l.*, encode(c.claim_sha256, 'hex') AS claim_sha256, o.name AS organisation, k.loan_number
  FROM market.liabilities l
  JOIN market.claims c ON c.id = l.claim_id
  JOIN settlement.cases k ON k.id = l.case_id
  JOIN market.organisations o ON o.id = l.organisation_id
 WHERE l.id = $1 AND ($2::boolean OR l.organisation_id = $3::uuid OR l.lender_id = $3::uuid
                      OR settlement.is_party(l.case_id, $3::uuid));

-- name: page
SELECT l.*, encode(c.claim_sha256, 'hex') AS claim_sha256, o.name AS organisation, k.loan_number
  FROM market.liabilities l
  JOIN market.claims c ON c.id = l.claim_id
  JOIN settlement.cases k ON k.id = l.case_id
  JOIN market.organisations o ON o.id = l.organisation_id
 WHERE ($1::uuid IS NULL OR l.id > $1)
   AND ($2::boolean OR l.organisation_id = $3::uuid OR l.lender_id = $3::uuid OR settlement.is_party(l.case_id, $3::uuid))
   AND ($4::uuid IS NULL OR l.claim_id = $4)
 ORDER BY l.id
 LIMIT $5;

-- name: lock_own
-- A liability of the caller's own organisation, locked until the transaction ends.
SELECT id FROM market.liabilities WHERE id = $1 AND organisation_id = $2 FOR UPDATE;

-- name: answer
UPDATE market.liabilities SET state = $2, answer = $3, asked_by = $4, decided_by = $5, decided_at = $6 WHERE id = $1;

-- name: first_day
-- From which day on money counts as a payout: the default; the claim, where it counts what came in before it.
SELECT CASE WHEN $2 THEN (c.drafted_at AT TIME ZONE 'Asia/Shanghai')::date ELSE k.defaulted_on END AS day
  FROM market.claims c JOIN market.loan_cases k ON k.id = c.case_id
 WHERE c.id = $1;

-- name: names
-- What those who have a part in a case are called, and its borrower.
SELECT o.id, o.name FROM settlement.case_parties p JOIN market.organisations o ON o.id = p.organisation_id WHERE p.case_id = $1
 UNION
SELECT c.borrower_id, l.borrower_name FROM settlement.cases c JOIN market.loan_cases l ON l.id = c.id WHERE c.id = $1;
