-- name: insert
-- A new alert; nothing if the same signal was seen before.
INSERT INTO market.alerts
       (id, organisation_id, code, level, case_id, asset_id, subject, message, message_zh, evidence, fingerprint,
        signals_version, state, raised_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::jsonb, $11, $12, 'open', $13, $13)
ON CONFLICT (organisation_id, fingerprint) DO NOTHING
RETURNING id;

-- name: by_id
-- One alert of an organisation; NULL asks for any.
SELECT id, organisation_id, code, level, case_id, asset_id, subject, message, message_zh, evidence::text AS evidence,
       signals_version, state, reviewer_id, closed_by, version, raised_at, updated_at
  FROM market.alerts WHERE id = $1 AND ($2::uuid IS NULL OR organisation_id = $2);

-- name: lock
-- The same, locked until the transaction ends.
SELECT id, organisation_id, code, level, case_id, asset_id, subject, message, message_zh, evidence::text AS evidence,
       signals_version, state, reviewer_id, closed_by, version, raised_at, updated_at
  FROM market.alerts WHERE id = $1 AND organisation_id = $2 FOR UPDATE;

-- name: page
-- Alerts after a cursor, of one state if $3 names one.
SELECT id, organisation_id, code, level, case_id, asset_id, subject, message, message_zh, evidence::text AS evidence,
       signals_version, state, reviewer_id, closed_by, version, raised_at, updated_at
  FROM market.alerts
 WHERE ($1::uuid IS NULL OR id > $1) AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::text IS NULL OR state = $3)
 ORDER BY id
 LIMIT $4;

-- name: open_over
-- What is not closed about a loan or any of these rights, and what is confirmed of the loan and stands ($3).
SELECT id, organisation_id, code, level, case_id, asset_id, subject, message, message_zh, evidence::text AS evidence,
       signals_version, state, reviewer_id, closed_by, version, raised_at, updated_at
  FROM market.alerts
 WHERE (case_id = $1 OR asset_id = ANY ($2::uuid[])) AND state IN ('open', 'under_review', 'frozen')
 UNION ALL
SELECT id, organisation_id, code, level, case_id, asset_id, subject, message, message_zh, evidence::text AS evidence,
       signals_version, state, reviewer_id, closed_by, version, raised_at, updated_at
  FROM market.alerts
 WHERE case_id = $1 AND state = 'confirmed' AND code = ANY ($3::text[])
 ORDER BY id;

-- name: open_of_lender
-- What is not closed about a loan's bank itself and holds its listings: a return that does not hold (MON-02).
SELECT a.id, a.organisation_id, a.code, a.level, a.case_id, a.asset_id, a.subject, a.message, a.message_zh,
       a.evidence::text AS evidence, a.signals_version, a.state, a.reviewer_id, a.closed_by, a.version, a.raised_at, a.updated_at
  FROM market.alerts a JOIN market.loan_cases c ON c.id = $1 AND c.organisation_id = a.organisation_id
 WHERE a.code = 'MON-02' AND a.case_id IS NULL AND a.asset_id IS NULL AND a.state IN ('open', 'under_review', 'frozen')
 ORDER BY a.id;

-- name: schemes_of_lender
-- The schemes by which a loan's bank has claimed, each with the funds that pay under it.
SELECT c.scheme_id, max(c.scheme_version) AS scheme_version, c.organisation_id AS lender_id, o.name AS lender_name,
       array_agg(DISTINCT f.fund_id) AS fund_ids
  FROM market.loan_cases l
  JOIN market.claims c ON c.organisation_id = l.organisation_id
  JOIN market.organisations o ON o.id = c.organisation_id
  CROSS JOIN LATERAL unnest(c.fund_ids) AS f (fund_id)
 WHERE l.id = $1
 GROUP BY c.scheme_id, c.organisation_id, o.name ORDER BY c.scheme_id;

-- name: steps
SELECT position, state, reason, taken_by, taken_at FROM market.alert_steps WHERE alert_id = $1 ORDER BY position;

-- name: insert_step
INSERT INTO market.alert_steps (alert_id, position, state, reason, taken_by, taken_at)
SELECT $1, count(*) + 1, $2, $3, $4, $5 FROM market.alert_steps WHERE alert_id = $1;

-- name: set_state
UPDATE market.alerts
   SET state = $2, reviewer_id = coalesce($3, reviewer_id), closed_by = $4, version = version + 1, updated_at = $5
 WHERE id = $1;

-- name: alike
-- Other loans, of whichever bank, that may be the same as this one.
SELECT o.id AS case_id, o.organisation_id = c.organisation_id AS is_own, o.contract_number, o.borrower_code, o.loan_amount_fen,
       o.granted_on
  FROM market.loan_cases c
  JOIN market.loan_cases o ON o.id <> c.id
   AND (o.contract_number = c.contract_number
        OR (o.borrower_code = c.borrower_code AND o.loan_amount_fen = c.loan_amount_fen))
 WHERE c.id = $1
 LIMIT 100;

-- name: assets_of_case
-- The rights that secure a loan, by pledges that stand.
SELECT DISTINCT a.asset_id FROM market.pledge_assets a JOIN market.pledges p ON p.id = a.pledge_id
 WHERE p.case_id = $1 AND p.state <> 'cancelled';
