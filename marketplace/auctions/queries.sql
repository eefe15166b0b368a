-- name: state
-- A published lot's auction as of its last journalled batch; the engine's part is null before it is created. A lot that
-- is sold by offers has none.
SELECT l.id, l.number, l.status AS lot_status, l.format, l.start_price_fen, l.opens_at, l.closes_at, l.shown_profile AS profile, l.profile_hash,
       a.status, a.price_fen, a.leader, a.ends_at_ms, a.extensions, a.bids, a.bidders, a.seq, a.final,
       a.result::text, a.batch_seq
  FROM market.lots l
  LEFT JOIN engine.auctions a ON a.auction_id = l.id
 WHERE l.id = $1 AND l.published_at IS NOT NULL AND l.format <> 'collection'
   AND coalesce(l.origin, 'reauction') = 'reauction';  -- others were sold without an auction of their own

-- name: record
-- Decided commands of whole batches after a position, in the order decided.
WITH chosen AS (
  SELECT batch_seq FROM engine.auction_batches
   WHERE auction_id = $1 AND batch_seq > $2
   ORDER BY batch_seq LIMIT $3
)
SELECT shard, batch_seq, batch_index, action, paddle, amount_fen::bigint AS amount_fen, true AS accepted, seq,
       price_after_fen AS price_fen, leader_after AS leader, ends_at_after_ms AS ends_at_ms, NULL AS reason, at_ms
  FROM engine.bids WHERE auction_id = $1 AND batch_seq IN (SELECT batch_seq FROM chosen)
UNION ALL
SELECT shard, batch_seq, batch_index, action, paddle,
       CASE WHEN amount_fen BETWEEN 1 AND 10000000000000 THEN amount_fen::bigint END, false, NULL,
       NULL, NULL, NULL, code, at_ms
  FROM engine.refusals WHERE auction_id = $1 AND batch_seq IN (SELECT batch_seq FROM chosen)
 ORDER BY batch_seq, batch_index;

-- name: paddle
-- The number under which an organisation bids in a lot, once its deposit is held.
SELECT paddle FROM market.bidders
 WHERE lot_id = $1 AND organisation_id = $2
   AND (deposit_id IS NOT NULL OR (exempt_fen IS NOT NULL AND status NOT IN ('applied', 'qualified')));

-- name: bundle_readers
-- Whose lot it is, whether it was sold, and whether an organisation took part: who may read the bundle.
SELECT l.venue_id, l.consignor_id, coalesce(a.final, false) AS is_final, coalesce(a.result ->> 'outcome' = 'sold', false) AS is_sold,
       market.oversees_lot(l.id) AS is_overseen,
       EXISTS (SELECT FROM market.bidders b
                WHERE b.lot_id = l.id AND b.organisation_id = $2
                  AND (b.deposit_id IS NOT NULL OR (b.exempt_fen IS NOT NULL AND b.status NOT IN ('applied', 'qualified')))) AS took_part
  FROM market.lots l LEFT JOIN engine.auctions a ON a.auction_id = l.id
 WHERE l.id = $1 AND l.published_at IS NOT NULL;

-- name: insert_order
INSERT INTO market.auction_orders (id, lot_id, action, bidder_id, reason, ordered_by, ordered_at, state, not_before)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: approve_order
UPDATE market.auction_orders SET state = 'pending', approved_by = $2 WHERE id = $1 AND state = 'proposed';

-- name: order
SELECT o.id, o.lot_id, o.action, o.bidder_id, o.reason, o.ordered_by, o.ordered_at, o.state, o.code, o.not_before, b.paddle
  FROM market.auction_orders o LEFT JOIN market.bidders b ON b.id = o.bidder_id
 WHERE o.id = $1;

-- name: order_for_update
SELECT o.id, o.lot_id, o.action, o.bidder_id, o.reason, o.ordered_by, o.ordered_at, o.state, o.code, o.not_before, b.paddle
  FROM market.auction_orders o LEFT JOIN market.bidders b ON b.id = o.bidder_id
 WHERE o.id = $1 FOR UPDATE OF o;

-- name: decide_order
UPDATE market.auction_orders SET state = $2, code = $3, done_at = $4 WHERE id = $1 AND state = 'pending';

-- name: engine_suspension
-- Why the engine was rebuilt when it last suspended this auction, and in which epoch.
SELECT 'rebuilt from the journal in epoch ' || epoch || ': ' || reason
  FROM engine.epochs WHERE $1::uuid = ANY (suspended) ORDER BY begun_at DESC, epoch DESC LIMIT 1;
