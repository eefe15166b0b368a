-- name: insert_decision
INSERT INTO settlement.bank_decisions
  (id, entry_id, action, due_reference, reason, needs_second, state, decided_by, decided_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: close_decision
UPDATE settlement.bank_decisions SET state = $2, second_by = $3, second_at = $4, second_reason = $5 WHERE id = $1;

-- name: decision
SELECT d.* FROM settlement.bank_decisions d JOIN settlement.bank_entries e ON e.id = d.entry_id
 WHERE e.holder_id = $1 AND d.id = $2;

-- name: last_decision
SELECT * FROM settlement.bank_decisions WHERE entry_id = $1 ORDER BY position DESC LIMIT 1;

-- name: decisions
SELECT d.* FROM settlement.bank_decisions d JOIN settlement.bank_entries e ON e.id = d.entry_id
 WHERE e.holder_id = $1 AND d.entry_id = $2 ORDER BY d.position;

-- name: booked
-- What was booked under this bank reference, each as what it is, and whether another entry of a statement is it.
SELECT c.kind, c.payer_id, c.amount_fen, c.subject_id,
       EXISTS (SELECT FROM settlement.bank_entries e
                WHERE e.bank_reference = $1 AND e.id <> $2 AND e.state IN ('MATCHED', 'ASSIGNED', 'BOOKED')) AS is_taken
  FROM settlement.credits c WHERE c.bank_reference = $1;
