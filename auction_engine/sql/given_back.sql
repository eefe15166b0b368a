-- name: due
-- Final auctions whose last batch is older than $1 and whose ids the engine holds, as far as is known.
SELECT a.auction_id, a.shard, a.seq, s.epoch
  FROM engine.auctions a
  JOIN engine.shards s USING (shard)
  LEFT JOIN engine.given_back_ids g USING (auction_id)
 WHERE a.final AND a.decided_ms < $1 AND (g.epoch IS NULL OR g.epoch < s.epoch)
 ORDER BY a.decided_ms, a.auction_id
 LIMIT $2;

-- name: record
INSERT INTO engine.given_back_ids (auction_id, epoch, given_back_at) VALUES ($1, $2, $3)
ON CONFLICT (auction_id) DO UPDATE SET (epoch, given_back_at) = ROW (excluded.epoch, excluded.given_back_at);

-- name: accepted_under
-- The batches in which these ids of one auction were accepted, and where in them. Paddle 0 stands for none.
SELECT w.place, i.batch_index, b.shard, b.seq, b.header, b.commands, b.decisions, b.auctions
  FROM unnest($2::int[], $3::bigint[], $4::text[]) AS w (place, paddle, bid_id)
  JOIN engine.bids i
    ON i.auction_id = $1 AND i.bid_id = w.bid_id
   AND (i.paddle = w.paddle OR (w.paddle = 0 AND i.paddle IS NULL))
  JOIN engine.batches b ON b.shard = i.shard AND b.seq = i.batch_seq;
