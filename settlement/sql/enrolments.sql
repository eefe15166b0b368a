-- name: insert_enrolment
INSERT INTO settlement.enrolments
  (id, scheme_id, scheme_version, lender_id, borrower_id, loan_number, contract_hash, principal_fen, granted_on, due_on,
   enrolled_on, enrolled_by, enrolled_at, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'FILED')
ON CONFLICT DO NOTHING
RETURNING id;

-- name: enrolment
SELECT * FROM settlement.enrolments WHERE id = $1;

-- name: lock_enrolment
SELECT * FROM settlement.enrolments WHERE id = $1 FOR UPDATE;

-- name: enrolment_of_loan
SELECT * FROM settlement.enrolments WHERE lender_id = $1 AND loan_number = $2;

-- name: enrolments
-- Those that may be seen (of one lender, if $1), before a cursor, newest first.
SELECT * FROM settlement.enrolments
 WHERE ($1::uuid IS NULL OR lender_id = $1) AND ($2::uuid IS NULL OR id < $2)
 ORDER BY id DESC LIMIT $3;

-- name: decide_enrolment
UPDATE settlement.enrolments SET state = $2, accepted_by = $3, accepted_at = $4, reason = $5 WHERE id = $1;

-- name: enrolled
-- Principal that a lender enrolled under a scheme in a period.
SELECT coalesce(sum(principal_fen), 0)::bigint FROM settlement.enrolments
 WHERE scheme_id = $1 AND lender_id = $2 AND state = 'ACCEPTED' AND enrolled_on BETWEEN $3 AND $4;

-- name: lost
-- The losses that a lender applied for under a scheme in a period of Chinese days, and what was promised on them.
SELECT coalesce(sum((convert_from(c.opening, 'UTF8')::jsonb -> 'bearing' ->> 'loss_fen')::bigint), 0)::bigint AS loss_fen,
       coalesce(sum(p.promised_fen), 0)::bigint AS promised_fen
  FROM settlement.cases c
  JOIN settlement.case_steps s ON s.case_id = c.id AND s.step = 'apply_claim'
  LEFT JOIN LATERAL (SELECT sum(promised_fen) AS promised_fen FROM settlement.case_promises WHERE case_id = c.id) p ON true
 WHERE c.scheme_id = $1 AND c.lender_id = $2 AND c.state NOT IN ('REJECTED', 'CLAWED_BACK')
   AND (s.at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN $3 AND $4;

-- name: insert_trip
INSERT INTO settlement.breaker_trips
  (id, scheme_id, lender_id, case_id, metric, action, threshold_bp, loss_fen, enrolled_fen, period_from, period_to, tripped_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: is_terminated
SELECT EXISTS (SELECT FROM settlement.breaker_trips WHERE scheme_id = $1 AND lender_id = $2 AND action = 'TERMINATE');
