-- name: insert
INSERT INTO market.quarterly_returns (id, organisation_id, quarter, version, content, recipients, due_on, state, drafted_by,
                                      drafted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'drafted', $8, $9);

-- name: latest
SELECT * FROM market.quarterly_returns WHERE organisation_id = $1 AND quarter = $2 ORDER BY version DESC LIMIT 1;

-- name: lock_quarter
SELECT pg_advisory_xact_lock(hashtextextended('return:' || $1::uuid::text || $2::text, 0));

-- name: visible
-- One return that the caller may see: $2 sees all; its bank; who it was sent to, once it was.
SELECT * FROM market.quarterly_returns
 WHERE id = $1 AND ($2::boolean OR organisation_id = $3::uuid OR (state <> 'drafted' AND $3::uuid = ANY (recipients)));

-- name: lock
SELECT * FROM market.quarterly_returns WHERE id = $1 FOR UPDATE;

-- name: page
SELECT * FROM market.quarterly_returns
 WHERE ($1::uuid IS NULL OR id > $1)
   AND ($2::boolean OR organisation_id = $3::uuid OR (state <> 'drafted' AND $3::uuid = ANY (recipients)))
   AND ($4::text IS NULL OR quarter = $4)
 ORDER BY id LIMIT $5;

-- name: redraft
UPDATE market.quarterly_returns SET content = $2, recipients = $3, drafted_by = $4, drafted_at = $5 WHERE id = $1;

-- name: submit
UPDATE market.quarterly_returns
   SET state = $2, submitted_by = $3, submitted_at = $4, is_late = $5, receipt = $6, alerts = $7
 WHERE id = $1;

-- name: set_state
UPDATE market.quarterly_returns SET state = $2, alerts = $3 WHERE id = $1;

-- name: acknowledge
INSERT INTO market.return_receipts (return_id, recipient_id, received_by, received_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING;

-- name: receipts
SELECT recipient_id, received_at FROM market.return_receipts WHERE return_id = $1 ORDER BY received_at, recipient_id;

-- name: authorities
-- Which of these are active authorities.
SELECT id FROM market.organisations WHERE id = ANY ($1::uuid[]) AND kind = 'regulator' AND is_active;

-- name: names
SELECT id, name FROM market.organisations WHERE id = ANY ($1::uuid[]);

-- name: disposals
-- What of a bank's collateral was sold in a span of Chinese days, by format.
SELECT l.format, count(*) AS sold, sum(s.hammer_price_fen)::bigint AS sold_fen
  FROM settlement.sales s JOIN market.lots l ON l.id = s.lot_id
 WHERE s.consignor_id = $1 AND s.state NOT IN ('DEFAULTED', 'RESCINDED')
   AND (s.sold_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN $2 AND $3
 GROUP BY l.format ORDER BY l.format;

-- name: compensation
-- What a bank's claims recovered, lost, were advanced and cleared in a span of Chinese days.
SELECT coalesce((SELECT sum((convert_from(e.recovered, 'UTF8')::jsonb ->> 'net_fen')::bigint)
                   FROM settlement.case_events e JOIN settlement.cases c ON c.id = e.case_id
                  WHERE c.lender_id = $1 AND (e.recorded_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN $2 AND $3),
                0)::bigint AS recovered_net_fen,
       coalesce((SELECT sum((convert_from(c.opening, 'UTF8')::jsonb -> 'bearing' ->> 'loss_fen')::bigint)
                   FROM settlement.cases c WHERE c.lender_id = $1 AND c.state NOT IN ('REJECTED', 'COMP_APPLIED')),
                0)::bigint AS loss_fen,
       coalesce((SELECT sum(p.advance_fen) FROM settlement.case_promises p
                   JOIN settlement.cases c ON c.id = p.case_id
                   JOIN settlement.case_steps s ON s.case_id = c.id AND s.step = 'pay_advance'
                  WHERE c.lender_id = $1 AND (s.at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN $2 AND $3),
                0)::bigint AS advanced_fen,
       (SELECT count(*) FROM settlement.case_finals f JOIN settlement.cases c ON c.id = f.case_id
         WHERE c.lender_id = $1 AND f.version = 1
           AND (f.cleared_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN $2 AND $3) AS cleared_cases;

-- name: ledger_npl
-- The principal of a bank's bad loans as tracked one by one: defaulted by a day, and not over.
SELECT coalesce(sum(principal_fen), 0)::bigint FROM market.loan_cases
 WHERE organisation_id = $1 AND defaulted_on <= $2 AND grade IN ('substandard', 'doubtful', 'loss')
   AND state NOT IN ('satisfied', 'released');

-- name: submitted
-- The returns of a quarter that stand, with the banks' names: of banks that the authority oversees, or sent to it ($2).
SELECT r.*, o.name FROM market.quarterly_returns r JOIN market.organisations o ON o.id = r.organisation_id
 WHERE r.quarter = $1 AND r.state IN ('submitted', 'locked')
   AND (o.id IN (SELECT market.oversees('returns')) OR $2 = ANY (r.recipients))
 ORDER BY o.name, r.id;

-- name: silent_banks
-- Banks that the authority oversees, with loans in default, whose return of a quarter does not stand.
SELECT o.name FROM market.organisations o
 WHERE o.kind = 'bank' AND o.is_active AND o.id IN (SELECT market.oversees('returns'))
   AND EXISTS (SELECT FROM market.loan_cases c WHERE c.organisation_id = o.id)
   AND NOT EXISTS (SELECT FROM market.quarterly_returns r
                    WHERE r.organisation_id = o.id AND r.quarter = $1 AND r.state IN ('submitted', 'locked'))
 ORDER BY o.name;

-- name: all_authorities
-- Who may receive a return: regulators that are not switched off.
SELECT id, name FROM market.organisations WHERE kind = 'regulator' AND is_active ORDER BY name, id;
