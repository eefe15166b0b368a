-- name: places
-- Where what is asked about has its room: the thing's own id, what people call it, and what its page goes by.
SELECT id, 'consignment' AS room, number || ' ' || title AS name, id AS page_id FROM market.consignments WHERE id = ANY ($1::uuid[])
UNION ALL SELECT l.id, CASE WHEN s.id IS NULL THEN 'lot' ELSE 'session' END, l.number || ' ' || l.title_zh, coalesce(s.id, l.id)
  FROM market.lots l
  LEFT JOIN market.session_lots arranged ON arranged.lot_id = l.id AND arranged.freed_at IS NULL
  LEFT JOIN market.auction_sessions s ON s.id = arranged.session_id AND s.state <> 'withdrawn'
 WHERE l.id = ANY ($1::uuid[])
UNION ALL SELECT id, 'plan', number, id FROM market.plans WHERE id = ANY ($1::uuid[])
UNION ALL SELECT c.id, 'plan_change', p.number, p.id
  FROM market.plan_changes c JOIN market.plans p ON p.id = c.plan_id WHERE c.id = ANY ($1::uuid[])
UNION ALL SELECT s.id, 'set_off', s.number || ' ' || c.title, s.id
  FROM market.set_offs s JOIN market.consignments c ON c.id = s.consignment_id WHERE s.id = ANY ($1::uuid[])
UNION ALL SELECT c.id, 'claim', loan.contract_number || ' ' || loan.borrower_name, c.id
  FROM market.claims c JOIN market.loan_cases loan ON loan.id = c.case_id WHERE c.id = ANY ($1::uuid[])
UNION ALL SELECT l.id, 'liability', loan.contract_number || ' ' || loan.borrower_name, l.id
  FROM market.liabilities l JOIN market.loan_cases loan ON loan.id = l.case_id WHERE l.id = ANY ($1::uuid[])
UNION ALL SELECT p.id, 'distribution', l.number || ' ' || l.title_zh, l.id
  FROM settlement.plans p JOIN market.lots l ON l.id = p.lot_id WHERE p.id = ANY ($1::uuid[]);

-- name: waits_besides
-- Whether something else about the subject still waits for checkers of the organisation.
SELECT EXISTS (SELECT FROM market.approvals
                WHERE subject_id = $1 AND organisation_id = $2 AND id <> $3 AND state = 'pending');

-- name: session_waits
-- Whether a lot of the session has not got its checkers' yes yet.
SELECT EXISTS (SELECT FROM market.session_lots arranged
                WHERE arranged.session_id = $1 AND arranged.freed_at IS NULL
                  AND NOT EXISTS (SELECT FROM market.approvals a
                                   WHERE a.subject_id = arranged.lot_id AND a.kind = 'listing' AND a.organisation_id = $2
                                     AND a.state = 'approved'));
