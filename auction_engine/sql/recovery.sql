-- name: begin_epoch
UPDATE engine.shards SET epoch = epoch + 1 WHERE shard = $1 RETURNING epoch;

-- name: record_epoch
INSERT INTO engine.epochs (shard, epoch, reason, journal_seq, engine_seq, suspended, begun_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: fenced_positions
SELECT shard, epoch, seq FROM engine.shards ORDER BY shard;

-- name: unfinished_auctions
SELECT auction_id FROM engine.auctions WHERE shard = $1 AND NOT final ORDER BY auction_id;

-- name: batches_after
SELECT shard, seq, header, commands, decisions, auctions
  FROM engine.batches
 WHERE shard = $1 AND seq > $2
 ORDER BY seq
 LIMIT $3;

-- name: head_at
SELECT head FROM engine.batches WHERE shard = $1 AND seq = $2;

-- name: unfinished_states
-- What the engine's books must say of the auctions that go on, as of their last batch.
SELECT auction_id, seq, price_fen, leader, ends_at_ms AS ends_at, extensions
  FROM engine.auctions
 WHERE shard = $1 AND NOT final
 ORDER BY auction_id;
