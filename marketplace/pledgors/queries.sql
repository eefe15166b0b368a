-- Whose rows these are is row-level security's to say: the policies `pledging` know a pledgor by its credit code.

-- name: debts
SELECT c.id, o.name AS bank, c.contract_number, c.principal_fen, c.interest_fen, c.penalty_fen, c.due_on, c.state
  FROM market.loan_cases c JOIN market.organisations o ON o.id = c.organisation_id
 WHERE c.borrower_code = (SELECT market.my_code()) ORDER BY c.id;

-- name: rights
SELECT a.id, o.name AS bank, a.ip_type, a.number, a.title, a.legal_status,
       ARRAY(SELECT p.registration_number FROM market.pledge_assets x JOIN market.pledges p ON p.id = x.pledge_id
              WHERE x.asset_id = a.id AND p.pledgor_code = (SELECT market.my_code()) ORDER BY 1) AS pledges
  FROM market.assets a JOIN market.organisations o ON o.id = a.organisation_id
 WHERE a.id IN (SELECT market.my_rights()) ORDER BY a.id;

-- name: lots
SELECT l.id, l.number, l.title, l.title_zh, l.status, l.start_price_fen, l.opens_at, l.closes_at,
       p.state AS plan_state, p.content AS plan, p.objection_until
  FROM market.lots l LEFT JOIN settlement.plans p ON p.lot_id = l.id AND p.state <> 'WITHDRAWN'
 WHERE l.id IN (SELECT market.my_lots()) AND l.published_at IS NOT NULL ORDER BY l.id;

-- name: consents
-- Of the pledgor's lots those for whose debt it is the debtor, with its consent. Consents are the venue's rows.
SELECT l.id, s.document_sha256
  FROM market.lots l JOIN market.consignments c ON c.id = l.consignment_id JOIN market.loan_cases k ON k.id = c.case_id
  LEFT JOIN market.lot_consents s ON s.lot_id = l.id
 WHERE l.id = ANY ($1::uuid[]) AND k.borrower_code = (SELECT market.my_code());

-- name: my_code
SELECT market.my_code();

-- name: licences
-- The licences back to a party, by the ledger's id of it.
SELECT g.id, g.offer_id, o.number AS offer_number, b.name AS bank, g.kind, g.entry_fee_fen, g.starts_on, g.ends_on, g.sha256, g.state,
       g.sign_by, g.held_since
  FROM market.licence_grants g JOIN market.licence_offers o ON o.id = g.offer_id JOIN market.organisations b ON b.id = g.organisation_id
 WHERE g.licensee_id = $1 ORDER BY g.id;

-- name: notices
SELECT n.id, n.lot_id, n.role, n.method, n.sent_on, n.state, n.effective_on
  FROM market.party_notices n WHERE n.lot_id IN (SELECT market.my_lots()) ORDER BY n.id;

-- name: notice
SELECT n.sent_on, n.state FROM market.party_notices n WHERE n.id = $1 AND n.lot_id IN (SELECT market.my_lots());

-- name: receive
UPDATE market.party_notices SET state = 'received', effective_on = $2, evidence = $3 WHERE id = $1 AND state = 'sent';

-- name: objections
SELECT j.id, p.lot_id, j.grounds, j.state, j.entered_at, j.answer
  FROM settlement.objections j
  JOIN settlement.plans p ON p.id = j.plan_id
  JOIN market.users u ON u.id = j.entered_by
 WHERE u.organisation_id = $1 ORDER BY j.id;

-- name: is_my_lot
SELECT $1::uuid IN (SELECT market.my_lots());

-- name: owes_for_lot
SELECT EXISTS (SELECT FROM market.lots l JOIN market.consignments c ON c.id = l.consignment_id
                 JOIN market.loan_cases k ON k.id = c.case_id WHERE l.id = $1 AND k.borrower_code = (SELECT market.my_code()));

-- name: name
SELECT name FROM market.organisations WHERE id = $1;
