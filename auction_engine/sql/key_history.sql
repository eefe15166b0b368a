-- name: lock
-- One writer of the history at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('engine.signing_keys ' || $1, 0));

-- name: all
SELECT public_key, previous, handover, added_at FROM engine.signing_keys WHERE log_name = $1 ORDER BY number;

-- name: add
INSERT INTO engine.signing_keys (log_name, public_key, previous, handover, added_at) VALUES ($1, $2, $3, $4, $5);

-- name: checkpoint
SELECT size, note FROM engine.checkpoints WHERE shard = $1 AND size >= $2 ORDER BY size LIMIT 1;

-- name: last_checkpoint
SELECT size, note FROM engine.checkpoints WHERE shard = $1 ORDER BY size DESC LIMIT 1;

-- name: batch
SELECT previous_chain FROM engine.batches WHERE shard = $1 AND seq = $2;
