-- name: latest_batch_before
-- The position after which only the newest batches of an auction lie; 0 where there are no more than so many.
SELECT coalesce((SELECT batch_seq FROM engine.auction_batches
                  WHERE auction_id = $1 ORDER BY batch_seq DESC OFFSET $2 LIMIT 1), 0);

-- name: own_marks
-- Whether a paddle has a bid, and whether it has a hidden maximum; how high that is stands in no table.
SELECT coalesce(bool_or(action IN ('bid', 'proxy')), false) AS has_bid,
       coalesce(bool_or(action = 'proxy'), false) AS has_maximum
  FROM engine.bids WHERE auction_id = $1 AND paddle = $2;
