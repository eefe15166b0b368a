-- name: turnout
-- How many came, how many were let in, and how far they bid.
SELECT (SELECT count(*) FROM market.bidders WHERE lot_id = $1) AS registered,
       (SELECT count(*) FROM market.bidders WHERE lot_id = $1 AND deposit_id IS NOT NULL) AS admitted,
       (SELECT count(*) FROM engine.bids WHERE auction_id = $1 AND action IN ('bid', 'proxy')) AS bids,
       (SELECT price_fen FROM engine.auctions WHERE auction_id = $1) AS highest_bid_fen;
