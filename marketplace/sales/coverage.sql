-- name: sold_lots
SELECT lot_id FROM settlement.sales WHERE case_id = $1 AND state NOT IN ('DEFAULTED', 'RESCINDED') ORDER BY lot_id;

-- name: consent
-- The document by which the debtor agreed to a lot's sale, or to that of its whole session for a loan that it stands for.
SELECT document_sha256 FROM market.lot_consents WHERE lot_id = $1
 UNION ALL
SELECT a.document_sha256
  FROM market.session_lots s
  JOIN market.session_consents a ON a.session_id = s.session_id AND (a.case_id = s.case_id OR a.case_id = ANY (s.other_loans))
 WHERE s.lot_id = $1
 LIMIT 1;

-- name: insert_consent
INSERT INTO market.lot_consents (lot_id, document_sha256, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (lot_id) DO NOTHING
RETURNING lot_id;

-- name: announced_lots
-- The other lots of a loan whose auctions are not set up yet, and to whose sale the debtor did not agree.
SELECT l.id
  FROM market.lots l JOIN market.consignments c ON c.id = l.consignment_id
 WHERE c.case_id = $1 AND l.id <> $2 AND l.status IN ('published', 'registration') AND l.priority_closes_at > $3
   AND NOT EXISTS (SELECT FROM market.lot_consents a WHERE a.lot_id = l.id)
   AND NOT EXISTS (SELECT FROM market.session_lots s
                     JOIN market.session_consents a ON a.session_id = s.session_id
                                                   AND (a.case_id = s.case_id OR a.case_id = ANY (s.other_loans))
                    WHERE s.lot_id = l.id)
 ORDER BY l.id;

-- name: lot_numbers
SELECT id, number FROM market.lots WHERE id = ANY ($1::uuid[]);

-- name: loans_of_session_lot
SELECT other_loans FROM market.session_lots WHERE lot_id = $1 AND freed_at IS NULL;

-- name: stated_for
-- The lots of sessions that stand for any of these loans, with the further loans that were stated.
SELECT lot_id, other_loans FROM market.session_lots
 WHERE freed_at IS NULL AND (case_id = ANY ($1::uuid[]) OR other_loans && $1::uuid[]);
