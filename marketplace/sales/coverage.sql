-- name: sold_lots
SELECT lot_id FROM settlement.sales WHERE case_id = $1 AND state NOT IN ('DEFAULTED', 'RESCINDED') ORDER BY lot_id;

-- name: announced_lots
-- The other lots of a loan whose auctions are not set up yet.
SELECT l.id
  FROM market.lots l JOIN market.consignments c ON c.id = l.consignment_id
 WHERE c.case_id = $1 AND l.id <> $2 AND l.status IN ('published', 'registration') AND l.priority_closes_at > $3
 ORDER BY l.id;
