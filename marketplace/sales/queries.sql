-- name: insert
-- The end of an auction, once.
INSERT INTO market.sales
  (lot_id, outcome, reason, winner_id, winner_paddle, price_fen, underbidder_paddle, extensions, closed_at, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: insert_unit_winner
INSERT INTO market.unit_winners (lot_id, bidder_id, paddle, price_fen) VALUES ($1, $2, $3, $4);

-- name: unit_winners
SELECT paddle FROM market.unit_winners WHERE lot_id = $1 ORDER BY paddle;

-- name: by_lot
SELECT lot_id, outcome, reason, winner_id, winner_paddle, price_fen, underbidder_paddle, extensions, closed_at, recorded_at
  FROM market.sales WHERE lot_id = $1;

-- name: insert_confirmation
INSERT INTO market.confirmations (lot_id, number, content, sha256, payment_due_at, issued_by, issued_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: confirmation
SELECT lot_id, number, content, sha256, payment_due_at, issued_by, issued_at
  FROM market.confirmations WHERE lot_id = $1;

-- name: carry_bidder
-- A bidder of one lot as the winner of another that follows it, under its paddle.
INSERT INTO market.bidders
  (id, lot_id, organisation_id, registered_by, status, disclosure_sha256, conflict_statement, limit_fen, paddle, rank,
   rank_nature, rank_confirmed_by, deposit_id, exempt_fen, registered_at, updated_at)
SELECT $2, $3, organisation_id, registered_by, 'won', disclosure_sha256, conflict_statement, limit_fen, paddle, rank,
       rank_nature, rank_confirmed_by, $4, exempt_fen, registered_at, $5
  FROM market.bidders WHERE id = $1;

-- name: carry_declaration
INSERT INTO market.bidder_declarations
  (bidder_id, lot_id, organisation_id, controllers, related, account_sha256, device_sha256, origin, is_foreign,
   letter_of_intent, source_of_funds, content, declared_at)
SELECT $2, $3, organisation_id, controllers, related, account_sha256, device_sha256, origin, is_foreign,
       letter_of_intent, source_of_funds, content, declared_at
  FROM market.bidder_declarations WHERE bidder_id = $1;

-- name: lots_of_pledges
-- The lots whose rights each of these pledges is over.
SELECT DISTINCT p.pledge_id, l.id
  FROM market.lots l
  JOIN market.consignment_assets c ON c.consignment_id = l.consignment_id
  JOIN market.pledge_assets p ON p.asset_id = c.asset_id
 WHERE p.pledge_id = ANY ($1::uuid[]);

-- name: units
SELECT id FROM market.lots WHERE origin_lot_id = $1 AND origin = 'unit' ORDER BY number;
