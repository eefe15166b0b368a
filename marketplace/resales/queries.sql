-- name: underbid
-- The highest that a paddle offered of its own: bids, what its maximum was answered with, offers of a collection.
SELECT max(amount_fen)::bigint FROM (
  SELECT amount_fen FROM engine.bids WHERE auction_id = $1 AND paddle = $2 AND amount_fen IS NOT NULL
  UNION ALL
  SELECT price_after_fen FROM engine.bids WHERE auction_id = $1 AND leader_after = $2
  UNION ALL
  SELECT amount_fen FROM market.collection_offers WHERE lot_id = $1 AND paddle = $2) AS own (amount_fen);

-- name: insert
INSERT INTO market.underbidder_offers
  (lot_id, bidder_id, price_fen, state, answer_hours, reason, proposed_by, proposed_at, updated_at)
VALUES ($1, $2, $3, 'proposed', $4, $5, $6, $7, $7)
ON CONFLICT (lot_id) DO NOTHING;

-- name: by_lot
SELECT lot_id, bidder_id, price_fen, state, answer_hours, reason, proposed_by, proposed_at, consented_by, answer_by, answered_by,
       sold_lot_id
  FROM market.underbidder_offers WHERE lot_id = $1;

-- name: lock
SELECT lot_id, bidder_id, price_fen, state, answer_hours, reason, proposed_by, proposed_at, consented_by, answer_by, answered_by,
       sold_lot_id
  FROM market.underbidder_offers WHERE lot_id = $1 FOR UPDATE;

-- name: consent
UPDATE market.underbidder_offers SET state = $2, consented_by = $3, answer_by = $4, updated_at = $5 WHERE lot_id = $1;

-- name: answer
UPDATE market.underbidder_offers SET state = $2, answered_by = $3, sold_lot_id = $4, updated_at = $5 WHERE lot_id = $1;

-- name: successors
-- Whether a lot follows this one already; one that was taken back, or whose result was set aside, does not count.
SELECT EXISTS (SELECT FROM market.lots WHERE origin_lot_id = $1 AND status NOT IN ('withdrawn', 'revoked'));
