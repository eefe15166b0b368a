-- name: ensure_shard
INSERT INTO engine.shards (shard) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: lock_shard
-- The position, held until the transaction ends: one writer a shard.
SELECT epoch, seq, head, chain,
       coalesce((SELECT decided_ms FROM engine.batches b WHERE b.shard = s.shard AND b.seq = s.seq), 0) AS decided_ms,
       coalesce((SELECT epoch FROM engine.batches b WHERE b.shard = s.shard AND b.seq = s.seq), 0) AS batch_epoch
  FROM engine.shards s
 WHERE shard = $1
   FOR UPDATE OF s;

-- name: positions
SELECT shard, seq FROM engine.shards;

-- name: insert_batch
INSERT INTO engine.batches
       (shard, seq, epoch, decided_ms, head, chain, header_hash, leaf_root, commands_count, header, commands, decisions,
        auctions, previous_epoch, previous_decided_ms, previous_head, previous_chain)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17);

-- name: advance_shard
UPDATE engine.shards SET seq = $2, head = $3, chain = $4 WHERE shard = $1;

-- name: upsert_auction
INSERT INTO engine.auctions
       (auction_id, shard, format, profile_hash, opens_at_ms, status, seq, price_fen, leader, ends_at_ms, extensions,
        bids, bidders, final, result, batch_seq, decided_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (auction_id) DO UPDATE
   SET (shard, profile_hash, status, seq, price_fen, leader, ends_at_ms, extensions, bids, bidders, final, result, batch_seq,
        decided_ms)
     = ROW (excluded.shard, excluded.profile_hash, excluded.status, excluded.seq, excluded.price_fen, excluded.leader,
        excluded.ends_at_ms, excluded.extensions, excluded.bids, excluded.bidders, excluded.final, excluded.result,
        excluded.batch_seq, excluded.decided_ms);

-- name: insert_auction_batches
INSERT INTO engine.auction_batches (auction_id, shard, batch_seq)
SELECT auction_id, $1, batch_seq FROM unnest($2::uuid[], $3::bigint[]) AS t (auction_id, batch_seq);

-- name: insert_bids
INSERT INTO engine.bids
       (shard, auction_id, seq, batch_seq, batch_index, paddle, action, amount_fen, bid_id, decided_ms, at_ms,
        price_after_fen, leader_after, ends_at_after_ms, previous_price_key, previous_ends_key)
SELECT $1, t.*
  FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::int[], $6::int[], $7::text[], $8::bigint[], $9::text[],
              $10::bigint[], $11::bigint[], $12::bigint[], $13::int[], $14::bigint[], $15::bigint[], $16::bigint[]) AS t;

-- name: insert_refusals
INSERT INTO engine.refusals
       (shard, auction_id, batch_seq, batch_index, paddle, action, amount_fen, bid_id, code, minimum_fen, decided_ms, at_ms)
SELECT $1, t.*
  FROM unnest($2::uuid[], $3::bigint[], $4::int[], $5::int[], $6::text[], $7::numeric[], $8::text[], $9::text[],
              $10::bigint[], $11::bigint[], $12::bigint[]) AS t;

-- name: last_keys
-- The tuple that an auction's next row must continue.
SELECT auction_id, price_key, ends_key
  FROM (SELECT DISTINCT ON (auction_id) auction_id, price_key, ends_key
          FROM engine.bids
         WHERE auction_id = ANY ($1::uuid[])
         ORDER BY auction_id, seq DESC) AS last;

-- name: batches_of_auction
SELECT b.shard, b.seq, b.header, b.commands, b.decisions, b.auctions
  FROM engine.auction_batches a
  JOIN engine.batches b ON b.shard = a.shard AND b.seq = a.batch_seq
 WHERE a.auction_id = $1
 ORDER BY b.seq;

-- name: batch
SELECT shard, seq, header, commands, decisions, auctions
  FROM engine.batches
 WHERE shard = $1 AND seq = $2;

-- name: nodes
SELECT n.level, n.index, n.hash
  FROM engine.tree_nodes n
  JOIN unnest($2::int[], $3::bigint[]) AS wanted (level, index) ON n.level = wanted.level AND n.index = wanted.index
 WHERE n.shard = $1;

-- name: insert_nodes
INSERT INTO engine.tree_nodes (shard, level, index, hash)
SELECT $1, t.* FROM unnest($2::int[], $3::bigint[], $4::bytea[]) AS t;

-- name: notify
SELECT pg_notify('luochui_auction', auction_id::text) FROM unnest($1::uuid[]) AS t (auction_id);

-- name: beat
INSERT INTO engine.pulse (seen_ms) VALUES ($1)
ON CONFLICT (one) DO UPDATE SET seen_ms = excluded.seen_ms WHERE engine.pulse.seen_ms < excluded.seen_ms;

-- name: pulse
SELECT coalesce((SELECT seen_ms FROM engine.pulse), 0);

-- name: last_checkpoint
SELECT size, root, note, public_key FROM engine.checkpoints WHERE shard = $1 ORDER BY size DESC LIMIT 1;

-- name: insert_checkpoint
INSERT INTO engine.checkpoints (shard, size, root, public_key, note, signed_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: shard_size
SELECT seq FROM engine.shards WHERE shard = $1;

-- name: is_journalled
-- Whether batch $2 with head $3 is committed. For $2 = 0, where a call wrote nothing, whether everything up to head $3 is:
-- that head is the newest or nearly so.
SELECT CASE
  WHEN $2::bigint > 0 THEN EXISTS (SELECT FROM engine.batches WHERE shard = $1 AND seq = $2 AND head = $3)
  WHEN $3::text = '' THEN true
  ELSE EXISTS (SELECT FROM engine.batches b
                WHERE b.shard = $1 AND b.head = $3
                  AND b.seq > (SELECT s.seq FROM engine.shards s WHERE s.shard = $1) - 10000)
END;

-- name: durability_settings
SELECT name, setting FROM pg_settings WHERE name = ANY ($1::text[]);

-- name: synchronous_standbys
SELECT application_name FROM engine.standbys() WHERE is_synchronous AND state = 'streaming' ORDER BY 1;

-- name: flushed_by_standby
SELECT EXISTS (SELECT FROM engine.standbys() WHERE is_synchronous AND flushed >= $1::text::pg_lsn);

-- name: positions_and_epochs
SELECT shard, epoch, seq FROM engine.shards ORDER BY shard;

-- name: flushed_everywhere
-- Where the log is, and up to where everybody has it who may be promoted: null where there is nobody, 0/0 where a
-- synchronous standby is demanded and none is there. A standby that is away is known by its slot.
SELECT pg_current_wal_flush_lsn()::text AS here,
       CASE
         WHEN current_setting('synchronous_standby_names') <> ''
              AND NOT EXISTS (SELECT FROM engine.standbys() WHERE is_synchronous) THEN '0/0'
         ELSE least((SELECT min(flushed) FROM engine.standbys()),
                    (SELECT min(restart_lsn) FROM pg_replication_slots WHERE slot_type = 'physical'))::text
       END AS flushed;
