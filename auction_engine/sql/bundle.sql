-- name: auction
SELECT shard, final, result FROM engine.auctions WHERE auction_id = $1;

-- name: span
SELECT min(batch_seq) AS first, max(batch_seq) AS last FROM engine.auction_batches WHERE auction_id = $1;

-- name: batches
SELECT shard, seq, header, commands, decisions, auctions, previous_chain
  FROM engine.batches
 WHERE shard = $1 AND seq BETWEEN $2 AND $3
 ORDER BY seq;

-- name: checkpoints
-- Up to the first that covers the batch.
SELECT size, note
  FROM engine.checkpoints
 WHERE shard = $1
   AND size <= coalesce((SELECT min(size) FROM engine.checkpoints WHERE shard = $1 AND size >= $2), $2)
 ORDER BY size;
