-- name: insert_review
INSERT INTO market.result_reviews (lot_id, venue_id, reviewed_at, lots_seen, state) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (lot_id) DO NOTHING
RETURNING lot_id;

-- name: review
SELECT lot_id, venue_id, state, reviewed_at, lots_seen, proposed_by, reason, released_by, released_at
  FROM market.result_reviews WHERE lot_id = $1;

-- name: propose
UPDATE market.result_reviews SET state = 'release_proposed', proposed_by = $2, proposed_at = $3, reason = $4
 WHERE lot_id = $1;

-- name: release
UPDATE market.result_reviews SET state = 'released', released_by = $2, released_at = $3 WHERE lot_id = $1;

-- name: insert_anomaly
INSERT INTO market.anomalies (id, lot_id, venue_id, bidder_id, kind, score_bp, detail, found_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8);

-- name: of_lot
SELECT id, lot_id, bidder_id, kind, score_bp, detail::text, found_at FROM market.anomalies WHERE lot_id = $1 ORDER BY id;

-- name: of_venue
-- What was found at a venue ($1; null: wherever the caller may look), newest first; $4: of results on hold alone.
SELECT a.id, a.lot_id, a.bidder_id, a.kind, a.score_bp, a.detail::text, a.found_at
  FROM market.anomalies a JOIN market.result_reviews r USING (lot_id)
 WHERE ($1::uuid IS NULL OR a.venue_id = $1) AND ($2::uuid IS NULL OR a.id < $2)
   AND (NOT $4::boolean OR r.state IN ('held', 'release_proposed'))
 ORDER BY a.id DESC LIMIT $3;

-- name: about
-- What people call the lots and bidders of these anomalies, and how far their reviews are.
SELECT a.id, l.number, l.title, l.title_zh, v.name AS venue, r.state, r.reason, r.released_at, b.paddle, o.name AS bidder
  FROM market.anomalies a
  JOIN market.result_reviews r USING (lot_id)
  JOIN market.lots l ON l.id = a.lot_id
  JOIN market.organisations v ON v.id = a.venue_id
  LEFT JOIN market.bidders b ON b.id = a.bidder_id
  LEFT JOIN market.organisations o ON o.id = b.organisation_id
 WHERE a.id = ANY ($1::uuid[]);

-- name: sale
SELECT s.outcome, s.winner_id, b.organisation_id AS winner_organisation_id
  FROM market.sales s LEFT JOIN market.bidders b ON b.id = s.winner_id WHERE s.lot_id = $1;

-- name: unit_winners
SELECT u.bidder_id, b.organisation_id FROM market.unit_winners u JOIN market.bidders b ON b.id = u.bidder_id
 WHERE u.lot_id = $1 ORDER BY u.paddle;

-- name: traces
-- What each bidder who was let in left behind: accounts, devices, networks, parties; and how often it defaulted since $2.
WITH bidders AS (
  SELECT b.id, b.paddle, b.organisation_id FROM market.bidders b
   WHERE b.lot_id = $1 AND b.paddle IS NOT NULL AND b.status IN ('active', 'won', 'lost')
), traces AS (
  SELECT d.bidder_id, 'account 账户' AS kind, d.account_sha256 AS value FROM market.bidder_declarations d WHERE d.lot_id = $1
  UNION SELECT d.bidder_id, 'device 设备', d.device_sha256 FROM market.bidder_declarations d WHERE d.lot_id = $1
  UNION SELECT d.bidder_id, 'network 网段', d.origin FROM market.bidder_declarations d WHERE d.lot_id = $1
  UNION SELECT d.bidder_id, 'party 关联方', p.code FROM market.bidder_declarations d
          CROSS JOIN LATERAL unnest(d.controllers || d.related) AS p (code) WHERE d.lot_id = $1
)
SELECT b.paddle, t.kind, t.value, 0::bigint AS defaults
  FROM bidders b JOIN traces t ON t.bidder_id = b.id AND t.value IS NOT NULL
UNION ALL
SELECT b.paddle, NULL, NULL,
       (SELECT count(*) FROM market.bidders o
          JOIN market.sales s ON s.winner_id = o.id AND s.closed_at >= $2
          JOIN market.lots l ON l.id = o.lot_id AND l.status IN ('defaulted', 're_auction')
         WHERE o.organisation_id = b.organisation_id)
  FROM bidders b
 ORDER BY 1, 2, 3;

-- name: is_journalled
-- Whether all that the engine decided of an auction is in the database; what was sold without it has nothing there.
SELECT coalesce((SELECT final FROM engine.auctions WHERE auction_id = $1), true);

-- name: played
-- The venue's newest auctions that have ended, this one among them, with the accepted bids of each.
WITH lots AS (
  SELECT l.id, l.consignor_id, l.opens_at, s.closed_at, w.organisation_id AS winner
    FROM market.sales s
    JOIN market.lots l ON l.id = s.lot_id AND l.venue_id = $1
    LEFT JOIN market.bidders w ON w.id = s.winner_id
   ORDER BY s.closed_at DESC
   LIMIT $2
)
SELECT lots.id, lots.consignor_id, lots.opens_at, lots.closed_at, lots.winner, bid.bidder, bid.amount_fen, bid.at_ms
  FROM lots
  CROSS JOIN LATERAL (
    SELECT b.organisation_id AS bidder, e.amount_fen, e.at_ms, e.seq
      FROM engine.bids e JOIN market.bidders b ON b.lot_id = e.auction_id AND b.paddle = e.paddle
     WHERE e.auction_id = lots.id AND e.action = 'bid' AND e.amount_fen IS NOT NULL) AS bid
 ORDER BY lots.id, bid.seq;

-- name: bidders
SELECT id, organisation_id FROM market.bidders WHERE lot_id = $1;
