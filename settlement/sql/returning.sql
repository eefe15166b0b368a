-- name: settlements
SELECT fund_party, party, version, amount_fen, due_on, settled_at, bank_reference
  FROM settlement.case_settlements WHERE case_id = $1 ORDER BY fund_party, party, version;

-- name: settle
UPDATE settlement.case_settlements SET settled_at = $5, bank_reference = $6
 WHERE case_id = $1 AND fund_party = $2 AND party = $3 AND version = $4 AND settled_at IS NULL;

-- name: insert_settlement
INSERT INTO settlement.case_settlements (case_id, fund_party, party, version, amount_fen, due_on, settled_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: insert_charge
INSERT INTO settlement.case_charges
  (id, case_id, kind, fund_party, party, version, amount_fen, computation, due_on, charged_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (case_id, kind, fund_party, party, version) DO NOTHING;

-- name: charges
SELECT id, kind, fund_party, party, version, amount_fen, computation, due_on, charged_at, settled_at, bank_reference
  FROM settlement.case_charges WHERE case_id = $1 ORDER BY charged_at, id;

-- name: settle_charge
UPDATE settlement.case_charges SET settled_at = $2, bank_reference = $3 WHERE id = $1;

-- name: insert_final
INSERT INTO settlement.case_finals (case_id, version, final, event_id, cleared_by, cleared_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: finals
SELECT version, final, event_id, cleared_by, cleared_at FROM settlement.case_finals WHERE case_id = $1 ORDER BY version;

-- name: set_book_only
UPDATE settlement.cases SET state = $2, book = $3 WHERE id = $1;

-- name: insert_clawback
INSERT INTO settlement.clawbacks (case_id, reason, evidence, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (case_id) DO NOTHING;

-- name: clawback
SELECT case_id, reason, evidence, proposed_by, proposed_at, decided_by, decided_at FROM settlement.clawbacks WHERE case_id = $1;

-- name: decide_clawback
UPDATE settlement.clawbacks SET decided_by = $2, decided_at = $3 WHERE case_id = $1;

-- name: overdue
-- What should have come back to a fund by a day and has not: by case, party and version, oldest first.
SELECT s.case_id, c.loan_number, s.fund_party, s.party, s.version, -s.amount_fen AS amount_fen, s.due_on, 'RETURN' AS kind
  FROM settlement.case_settlements s
  JOIN settlement.cases c ON c.id = s.case_id
  JOIN settlement.case_parties p ON p.case_id = s.case_id AND p.party = s.fund_party
 WHERE p.organisation_id = $1 AND s.amount_fen < 0 AND s.settled_at IS NULL
 UNION ALL
SELECT h.case_id, c.loan_number, h.fund_party, h.party, h.version, h.amount_fen, h.due_on, h.kind
  FROM settlement.case_charges h
  JOIN settlement.cases c ON c.id = h.case_id
  JOIN settlement.case_parties p ON p.case_id = h.case_id AND p.party = h.fund_party
 WHERE p.organisation_id = $1 AND h.settled_at IS NULL
 ORDER BY 7, 2, 4, 5, 8;
