-- name: bids
-- The accepted commands of an auction, in the order decided.
SELECT auction_id, seq, batch_seq, batch_index, paddle, action, amount_fen, bid_id, decided_ms, at_ms,
       price_after_fen, leader_after, ends_at_after_ms, previous_price_key, previous_ends_key
  FROM engine.bids
 WHERE auction_id = $1
 ORDER BY batch_seq, batch_index;

-- name: refusals
-- The refused commands of an auction, in the order decided.
SELECT auction_id, batch_seq, batch_index, paddle, action, amount_fen, bid_id, code, minimum_fen, decided_ms, at_ms
  FROM engine.refusals
 WHERE auction_id = $1
 ORDER BY batch_seq, batch_index;

-- name: auction
-- The public state of an auction.
SELECT format, profile_hash, opens_at_ms, status, seq, price_fen, leader, ends_at_ms, extensions, bids, bidders, result
  FROM engine.auctions
 WHERE auction_id = $1;
