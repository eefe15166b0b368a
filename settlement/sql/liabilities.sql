-- name: insert
INSERT INTO settlement.liability_payouts (id, case_id, party, to_party, organisation_id, payee_id, amount_fen, bank_reference,
                                          paid_on, reported_by, confirmed_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: of_party
SELECT id, case_id, party, to_party AS "to", organisation_id, payee_id, amount_fen, bank_reference, paid_on, reported_by,
       confirmed_by, recorded_at
  FROM settlement.liability_payouts WHERE case_id = $1 AND party = $2 ORDER BY id;

-- name: is_used
-- Whether an organisation has paid something else under this reference.
SELECT EXISTS (SELECT FROM settlement.liability_payouts WHERE organisation_id = $1 AND bank_reference = $2);

-- name: is_payout
SELECT EXISTS (SELECT FROM settlement.liability_payouts WHERE case_id = $1 AND bank_reference = $2);

-- name: is_recovery
-- Whether the bank entered money under this reference as a recovery: its event is "origin:reference".
SELECT EXISTS (SELECT FROM settlement.case_events
                WHERE case_id = $1 AND substr(event_id, 1 + strpos(event_id, ':')) = $2);
