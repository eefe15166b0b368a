-- name: standing
-- Price and end of auctions, as of their last journalled batches; lots whose auction is not set up yet are left out.
SELECT auction_id, price_fen, ends_at_ms FROM engine.auctions WHERE auction_id = ANY ($1::uuid[]);
