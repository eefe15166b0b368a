-- name: insert
INSERT INTO market.transfers (lot_id, venue_id, consignor_id, buyer_id, opened_by, opened_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (lot_id) DO NOTHING
RETURNING lot_id;

-- name: insert_step
INSERT INTO market.transfer_steps (lot_id, position, kind, subject_id, subject, content, due_on)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7);

-- name: transfer
SELECT lot_id, venue_id, consignor_id, buyer_id, opened_at FROM market.transfers WHERE lot_id = $1;

-- name: steps
SELECT position, kind, subject_id, subject, content::text AS filing, due_on, state, number, reason, done_on, updated_at
  FROM market.transfer_steps WHERE lot_id = $1 ORDER BY position;

-- name: move
UPDATE market.transfer_steps
   SET state = $3, number = coalesce($4, number), reason = $5, done_on = $6, updated_by = $7, updated_at = $8
 WHERE lot_id = $1 AND position = $2;

-- name: rights
SELECT a.id, a.ip_type, a.number, a.title
  FROM market.lot_assets la JOIN market.assets a ON a.id = la.asset_id WHERE la.lot_id = $1 ORDER BY a.id;

-- name: winner
SELECT b.organisation_id FROM market.sales s JOIN market.bidders b ON b.id = s.winner_id WHERE s.lot_id = $1;

-- name: has_claim
-- Whether the loan behind a lot is with a compensation fund.
SELECT EXISTS (SELECT FROM market.claims c JOIN market.consignments k ON k.case_id = c.case_id WHERE k.id = $1);
