-- name: rights
-- The rights of a lot.
SELECT asset_id FROM market.lot_assets WHERE lot_id = $1;

-- name: later_lots
-- Lots drafted after a lot that offer any of its rights, and have not ended without a sale.
SELECT DISTINCT l.id, l.number, l.status, s.state AS sale_state
  FROM market.lots l
  JOIN market.lot_assets own ON own.lot_id = l.id
  JOIN market.lot_assets first ON first.asset_id = own.asset_id AND first.lot_id = $1
  LEFT JOIN settlement.sales s ON s.lot_id = l.id
 WHERE l.id <> $1 AND l.created_at > $2 AND l.status NOT IN ('unsold', 'withdrawn', 'defaulted', 're_auction', 'revoked')
 ORDER BY l.number;
