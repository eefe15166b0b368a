-- name: insert_scheme
INSERT INTO settlement.schemes (scheme_id, version, content, is_complete, loaded_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (scheme_id, version) DO NOTHING;

-- name: scheme_content
SELECT content FROM settlement.schemes WHERE scheme_id = $1 AND version = $2;

-- name: scheme_versions
SELECT scheme_id, version, is_complete, loaded_at FROM settlement.schemes ORDER BY scheme_id, version;

-- name: insert_case
INSERT INTO settlement.cases
  (id, scheme_id, scheme_version, lender_id, borrower_id, loan_number, contract_hash, state, enrolled_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'LOAN_ENROLLED', $8)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: case_id_of_loan
SELECT id FROM settlement.cases WHERE lender_id = $1 AND loan_number = $2 AND contract_hash = $3;

-- name: case_id_of_number
SELECT id FROM settlement.cases WHERE lender_id = $1 AND loan_number = $2;

-- name: insert_party
INSERT INTO settlement.case_parties (case_id, party, organisation_id, role) VALUES ($1, $2, $3, $4);

-- name: lock_case
SELECT id, scheme_id, scheme_version, lender_id, borrower_id, loan_number, contract_hash, state, enrolled_at,
       claim, opening, book, final, applied_by
  FROM settlement.cases WHERE id = $1
   FOR UPDATE;

-- name: case_by_id
SELECT id, scheme_id, scheme_version, lender_id, borrower_id, loan_number, contract_hash, state, enrolled_at,
       claim, opening, book, final, applied_by
  FROM settlement.cases WHERE id = $1;

-- name: parties
SELECT party, organisation_id FROM settlement.case_parties WHERE case_id = $1;

-- name: set_state
UPDATE settlement.cases SET state = $2 WHERE id = $1;

-- name: apply_claim
UPDATE settlement.cases SET state = 'COMP_APPLIED', claim = $2, opening = $3, book = $4, applied_by = $5
 WHERE id = $1;

-- name: set_book
UPDATE settlement.cases SET state = $2, book = $3 WHERE id = $1;

-- name: set_final
UPDATE settlement.cases SET state = 'FINAL_CLEARING', book = $2, final = $3 WHERE id = $1;

-- name: lock_credit
-- As the guards of what is booked under a bank's reference do it.
SELECT pg_advisory_xact_lock(hashtextextended('credit ' || $1::text, 0));

-- name: was_given_back
-- Whether a credit of this reference was booked as what a party gave back to this fund ($2), or was charged.
SELECT EXISTS (SELECT FROM settlement.case_settlements s JOIN settlement.case_parties p ON p.case_id = s.case_id AND p.party = s.fund_party
                WHERE s.bank_reference = $1 AND s.amount_fen < 0 AND p.organisation_id = $2)
    OR EXISTS (SELECT FROM settlement.case_charges c JOIN settlement.case_parties p ON p.case_id = c.case_id AND p.party = c.fund_party
                WHERE c.bank_reference = $1 AND p.organisation_id = $2);

-- name: lock_fund
-- One claim at a time looks at what a fund has left.
SELECT pg_advisory_xact_lock(hashtextextended('settlement.fund:' || $1::uuid::text, 0));

-- name: fund_use
-- What a fund has promised: to a borrower, in a year, and what of it may still be called on. A year not asked for is 0.
SELECT coalesce(sum(p.promised_fen) FILTER (WHERE p.borrower_id = $2), 0)::bigint AS borrower_fen,
       coalesce(sum(p.promised_fen) FILTER (WHERE p.year = $3), 0)::bigint AS year_fen,
       coalesce(sum(CASE WHEN c.state IN ('ADVANCE_PAID', 'DISPOSAL') THEN p.promised_fen - p.advance_fen
                         WHEN c.state IN ('COMP_APPLIED', 'COMP_REVIEWED', 'SUSPENDED_BY_BREAKER') THEN p.promised_fen
                         ELSE 0 END), 0)::bigint AS callable_fen,
       coalesce(sum(p.promised_fen), 0)::bigint AS promised_fen,
       coalesce(sum(p.advance_fen) FILTER (WHERE c.state NOT IN ('COMP_APPLIED', 'COMP_REVIEWED')), 0)::bigint
         AS advanced_fen
  FROM settlement.case_promises p JOIN settlement.cases c ON c.id = p.case_id
 WHERE p.fund_id = $1 AND c.state NOT IN ('REJECTED', 'CLAWED_BACK');

-- name: insert_promise
INSERT INTO settlement.case_promises (case_id, party, fund_id, borrower_id, year, promised_fen, advance_fen)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: insert_review
INSERT INTO settlement.case_reviews (case_id, reviewer_id, approved, reason, reviewed_hash, reviewed_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: reviews
SELECT reviewer_id, approved, reason, reviewed_hash, reviewed_at
  FROM settlement.case_reviews WHERE case_id = $1 ORDER BY reviewed_at, reviewer_id;

-- name: insert_step
INSERT INTO settlement.case_steps (case_id, n, step, lines, by_user, at)
SELECT $1, 1 + count(*), $2, $3, $4, $5 FROM settlement.case_steps WHERE case_id = $1;

-- name: steps
SELECT n, step, lines, by_user, at FROM settlement.case_steps WHERE case_id = $1 ORDER BY n;

-- name: event_by_id
SELECT event, recovered FROM settlement.case_events WHERE case_id = $1 AND event_id = $2;

-- name: insert_event
INSERT INTO settlement.case_events (case_id, event_id, n, event, recovered, recorded_at)
SELECT $1, $2, 1 + count(*), $3, $4, $5 FROM settlement.case_events WHERE case_id = $1;

-- name: events
SELECT event, recovered, recorded_at FROM settlement.case_events WHERE case_id = $1 ORDER BY n;

-- name: party_year_use
-- What a fund has promised to one lender's claims in a year.
SELECT coalesce(sum(p.promised_fen), 0)::bigint
  FROM settlement.case_promises p JOIN settlement.cases c ON c.id = p.case_id
 WHERE p.fund_id = $1 AND c.lender_id = $2 AND p.year = $3 AND c.state NOT IN ('REJECTED', 'CLAWED_BACK');
