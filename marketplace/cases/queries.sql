-- name: insert
-- A new defaulted loan.
INSERT INTO market.loan_cases
       (id, organisation_id, contract_number, borrower_name, borrower_code, loan_amount_fen, principal_fen, interest_fen,
        penalty_fen, granted_on, due_on, defaulted_on, demanded_on, limitation_ends_on, grade, flags, ip_part_bp, state,
        import_id, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20);

-- name: by_id
-- One loan that the caller may see.
SELECT id, organisation_id, contract_number, borrower_name, borrower_code, loan_amount_fen, principal_fen, interest_fen,
       penalty_fen, granted_on, due_on, defaulted_on, demanded_on, limitation_ends_on, grade, flags, ip_part_bp, state,
       frozen_from, import_id, version, created_at, updated_at
  FROM market.loan_cases l
 WHERE id = $1
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR EXISTS (SELECT FROM market.consigned_cases c WHERE c.case_id = l.id AND c.venue_id = $3));

-- name: lock
-- One loan, locked until the transaction ends.
SELECT id, organisation_id, contract_number, borrower_name, borrower_code, loan_amount_fen, principal_fen, interest_fen,
       penalty_fen, granted_on, due_on, defaulted_on, demanded_on, limitation_ends_on, grade, flags, ip_part_bp, state,
       frozen_from, import_id, version, created_at, updated_at
  FROM market.loan_cases
 WHERE id = $1
   FOR UPDATE;

-- name: page
-- The loans after a cursor that the caller may see, oldest first.
SELECT id, organisation_id, contract_number, borrower_name, borrower_code, loan_amount_fen, principal_fen, interest_fen,
       penalty_fen, granted_on, due_on, defaulted_on, demanded_on, limitation_ends_on, grade, flags, ip_part_bp, state,
       frozen_from, import_id, version, created_at, updated_at
  FROM market.loan_cases l
 WHERE ($1::uuid IS NULL OR id > $1)
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR EXISTS (SELECT FROM market.consigned_cases c WHERE c.case_id = l.id AND c.venue_id = $3))
 ORDER BY id
 LIMIT $4;

-- name: set_state
-- The loan's next state.
UPDATE market.loan_cases SET state = $2, frozen_from = $4, version = version + 1, updated_at = $3 WHERE id = $1;

-- name: known
-- Which of these contracts an organisation has on record.
SELECT id, contract_number, loan_amount_fen FROM market.loan_cases
 WHERE organisation_id = $1 AND contract_number = ANY ($2::text[]);

-- name: update_figures
-- What moved in a loan, if nobody changed it since `version`.
UPDATE market.loan_cases
   SET principal_fen = $3, interest_fen = $4, penalty_fen = $5, demanded_on = $6, limitation_ends_on = $7, grade = $8, flags = $9,
       ip_part_bp = $10, version = version + 1, updated_at = $11
 WHERE id = $1 AND version = $2 AND organisation_id = $12;
