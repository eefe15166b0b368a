-- name: received
-- What came in for a loan beside its sold lots, net, each under the id that it has as a recovery of the loan's case:
-- out of licences, of rights operated, on recorded routes, by set-off, and of buyers who owed a shortfall.
SELECT 'licence:' || r.id AS event_id, r.applied_fen - r.agency_fen AS net_fen
  FROM settlement.royalty_receipts r
  JOIN settlement.licences l ON l.id = r.licence_id
  LEFT JOIN market.licence_grants g ON g.id = l.id
 WHERE $1::uuid IN (l.case_id, l.loan_id, g.case_id)
 UNION ALL
SELECT 'mandate:' || p.id, p.amount_fen
  FROM market.mandate_receipts p
  JOIN market.mandates m ON m.id = p.mandate_id
  JOIN market.consignments c ON c.id = m.consignment_id
 WHERE c.case_id = $1
 UNION ALL
SELECT 'flow:' || f.id, f.gross_fen - f.costs_fen
  FROM market.recorded_flows f JOIN market.recorded_routes r ON r.id = f.route_id
 WHERE r.case_id = $1
 UNION ALL
SELECT 'set_off:' || id, price_fen FROM market.set_offs WHERE case_id = $1 AND state IN ('approved', 'disposed')
 UNION ALL
SELECT 'buyer_claim:' || b.id, b.applied_fen - b.costs_fen
  FROM settlement.buyer_claim_receipts b JOIN settlement.sales s ON s.lot_id = b.lot_id
 WHERE s.case_id = $1;

-- name: defaulted_lots
SELECT lot_id FROM settlement.sales WHERE case_id = $1 AND state = 'DEFAULTED' ORDER BY lot_id;

-- name: lots_of_others
-- Which of these lots were sold for another loan, and stand: what such a lot gave to this one is no lot of its own.
SELECT 'lot:' || lot_id FROM settlement.sales
 WHERE case_id <> $1 AND 'lot:' || lot_id = ANY ($2::text[]) AND state NOT IN ('DEFAULTED', 'RESCINDED');
