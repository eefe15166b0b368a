-- name: visible
-- One statement that the caller may see: $2 sees all; of a sale its venue, its consignor and its pledgor; of a case its parties.
SELECT s.id
  FROM settlement.statements s
 WHERE s.id = $1
   AND ($2::boolean
        OR (s.kind = 'clearing' AND EXISTS (SELECT FROM settlement.case_parties p
                                             WHERE p.case_id = s.subject_id AND p.organisation_id = $3::uuid))
        OR (s.kind <> 'clearing' AND EXISTS (SELECT FROM settlement.sales x
                                              WHERE x.lot_id = s.subject_id AND $3::uuid IN (x.venue_id, x.consignor_id)))
        OR (s.kind <> 'clearing' AND s.subject_id IN (SELECT market.my_lots())));

-- name: page
-- The statements that the caller may see, of one subject or of all, newest first, with what people call the subject.
SELECT s.id, s.kind, s.subject_id,
       coalesce((SELECT l.number || ' ' || l.title_zh || ' ' || l.title FROM market.lots l WHERE l.id = s.subject_id),
                (SELECT c.contract_number FROM market.loan_cases c WHERE c.id = s.subject_id), '') AS subject,
       s.number, s.version, encode(s.sha256, 'hex') AS sha256, s.issued_by, s.issued_at
  FROM settlement.statements s
 WHERE ($1::uuid IS NULL OR s.id < $1)
   AND ($2::boolean
        OR (s.kind = 'clearing' AND EXISTS (SELECT FROM settlement.case_parties p
                                             WHERE p.case_id = s.subject_id AND p.organisation_id = $3::uuid))
        OR (s.kind <> 'clearing' AND EXISTS (SELECT FROM settlement.sales x
                                              WHERE x.lot_id = s.subject_id AND $3::uuid IN (x.venue_id, x.consignor_id)))
        OR (s.kind <> 'clearing' AND s.subject_id IN (SELECT market.my_lots())))
   AND ($4::uuid IS NULL OR s.subject_id = $4)
 ORDER BY s.id DESC
 LIMIT $5;

-- name: newest
-- The last version of a subject's statement of one kind.
SELECT id FROM settlement.statements WHERE subject_id = $1 AND kind = $2 ORDER BY version DESC LIMIT 1;

-- name: is_own_sale
SELECT EXISTS (SELECT FROM settlement.sales WHERE lot_id = $1 AND venue_id = $2);

-- name: is_own_case
SELECT EXISTS (SELECT FROM settlement.case_parties WHERE case_id = $1 AND organisation_id = $2);

-- name: lot_title
SELECT number || ' ' || title_zh || ' ' || title FROM market.lots WHERE id = $1;

-- name: names_of_sale
-- What the organisations and people of a sale are called.
SELECT o.id, o.name
  FROM settlement.sales s JOIN market.organisations o ON o.id IN (s.buyer_id, s.consignor_id, s.venue_id)
 WHERE s.lot_id = $1
 UNION
SELECT u.id, u.display_name
  FROM settlement.plans p JOIN market.users u ON u.id IN (p.drafted_by, p.approved_by)
 WHERE p.lot_id = $1;

-- name: names_of_case
-- What the organisations and the borrower of a case are called, and the numbers of its lots.
SELECT o.id, o.name
  FROM settlement.case_parties p JOIN market.organisations o ON o.id = p.organisation_id
 WHERE p.case_id = $1
 UNION
SELECT c.borrower_id, l.borrower_name
  FROM settlement.cases c JOIN market.loan_cases l ON l.id = c.id
 WHERE c.id = $1
 UNION
SELECT x.lot_id, t.number
  FROM settlement.sales x JOIN market.lots t ON t.id = x.lot_id
 WHERE x.case_id = $1;
