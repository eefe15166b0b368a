-- name: insert
INSERT INTO market.lots
  (id, number, consignment_id, venue_id, consignor_id, pledgor_codes, title, title_zh, regime, format, round_number,
   previous_start_price_fen, status, valuation_fen, start_price_fen, reserve_price_fen, deposit_fen, bidding, conditions,
   registration_opens_at, priority_closes_at, opens_at, closes_at, payment_hours, release_on, objection_days,
   shortened_times, drafted_by, created_at, updated_at, origin, origin_lot_id, refund_working_days)
VALUES
  ($1, 'LC-' || to_char($2::timestamptz AT TIME ZONE 'Asia/Shanghai', 'YYYY') || '-'
       || lpad(nextval('market.lot_numbers')::text, 6, '0'),
   $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'draft', $13, $14, $15, $16, $17::jsonb, $18::jsonb,
   $19, $20, $21, $22, $23, $24, $25, $26, $27, $2, $2,
   CASE WHEN $28::uuid IS NOT NULL THEN 'reauction' END, $28, $29);

-- name: defaulted_before
-- The newest lot of a consignment that was published, if its buyer did not pay: what is drafted now is its re-auction.
SELECT id FROM (SELECT id, status FROM market.lots
                 WHERE consignment_id = $1 AND published_at IS NOT NULL AND origin IS DISTINCT FROM 'unit'
                 ORDER BY id DESC LIMIT 1) AS newest
 WHERE status = 'defaulted';

-- name: unsold_before
-- When the newest unsold lot of that round, under the same law, ended.
SELECT s.closed_at FROM market.lots l JOIN market.sales s ON s.lot_id = l.id
 WHERE l.consignment_id = $1 AND l.round_number = $2 AND l.regime = $3 AND l.status = 'unsold' AND s.outcome = 'unsold'
 ORDER BY l.id DESC LIMIT 1;

-- name: insert_sold
-- A lot that is sold from its first moment, with all that was published of the one that it follows.
INSERT INTO market.lots
  (id, number, consignment_id, venue_id, consignor_id, pledgor_codes, title, title_zh, regime, format, round_number,
   previous_start_price_fen, status, valuation_fen, start_price_fen, reserve_price_fen, deposit_fen, bidding, conditions,
   registration_opens_at, priority_closes_at, opens_at, closes_at, payment_hours, release_on, objection_days,
   refund_working_days, shortened_times, drafted_by, checked_by, published_by, published_at, profile, profile_salt, profile_hash, notice_sha256,
   origin, origin_lot_id, created_at, updated_at)
SELECT $2, number || $3, consignment_id, venue_id, consignor_id, pledgor_codes, title, title_zh, regime, format, round_number,
       previous_start_price_fen, 'sold', valuation_fen, start_price_fen, secret.reserve_price_fen, deposit_fen, bidding, conditions,
       registration_opens_at, priority_closes_at, opens_at, closes_at, payment_hours, release_on, objection_days,
       refund_working_days, shortened_times, drafted_by, checked_by, published_by, published_at, secret.profile, secret.profile_salt, profile_hash,
       notice_sha256, $4, id, $5, $5
  FROM market.lots, market.secret_of_lot($1) AS secret WHERE id = $1;

-- name: carry_assets
-- What the lot that is followed consists of; of several units none is the only one on sale.
INSERT INTO market.lot_assets (lot_id, asset_id, is_live) SELECT $2, asset_id, $3 FROM market.lot_assets WHERE lot_id = $1;

-- name: unit_statuses
SELECT status FROM market.lots WHERE origin_lot_id = $1 AND origin = 'unit';

-- name: insert_asset
INSERT INTO market.lot_assets (lot_id, asset_id) VALUES ($1, $2);

-- name: asset_ids
SELECT asset_id FROM market.lot_assets WHERE lot_id = $1 ORDER BY asset_id;

-- name: retire_assets
-- The lot was not sold: its assets may be offered again.
UPDATE market.lot_assets SET is_live = false WHERE lot_id = $1;

-- name: revise
-- New terms of a draft.
UPDATE market.lots
   SET title = $2, title_zh = $3, format = $4, bidding = $5::jsonb, conditions = $6::jsonb, registration_opens_at = $7,
       priority_closes_at = $8, opens_at = $9, closes_at = $10, payment_hours = $11, release_on = $12,
       objection_days = $13, refund_working_days = $17, shortened_times = $14, round_number = $15, version = version + 1, updated_at = $16
 WHERE id = $1;

-- name: by_id
SELECT id, number, consignment_id, venue_id, consignor_id, pledgor_codes, title, title_zh, regime, format, round_number,
       previous_start_price_fen, status, version, valuation_fen, start_price_fen,
       (market.secret_of_lot(id)).reserve_price_fen, deposit_fen,
       bidding::text, conditions::text, registration_opens_at, priority_closes_at, opens_at, closes_at, payment_hours,
       release_on, objection_days, refund_working_days, shortened_times, drafted_by, checked_by, published_by, published_at, profile_hash, notice_sha256, origin, origin_lot_id, created_at, updated_at
  FROM market.lots
 WHERE id = $1;

-- name: by_id_for_update
-- The same, locked until the transaction ends.
SELECT id, number, consignment_id, venue_id, consignor_id, pledgor_codes, title, title_zh, regime, format, round_number,
       previous_start_price_fen, status, version, valuation_fen, start_price_fen,
       (market.secret_of_lot(id)).reserve_price_fen, deposit_fen,
       bidding::text, conditions::text, registration_opens_at, priority_closes_at, opens_at, closes_at, payment_hours,
       release_on, objection_days, refund_working_days, shortened_times, drafted_by, checked_by, published_by, published_at, profile_hash, notice_sha256, origin, origin_lot_id, created_at, updated_at
  FROM market.lots
 WHERE id = $1
   FOR UPDATE;

-- name: profile
-- The frozen rule profile, as the text that was hashed behind its salt.
SELECT s.profile AS text, s.profile_salt AS salt, l.profile_hash AS hash
  FROM market.lots l CROSS JOIN market.secret_of_lot(l.id) s WHERE l.id = $1 AND l.published_at IS NOT NULL;

-- name: public_by_id
SELECT id, number, title, title_zh, regime, format, round_number, status, valuation_fen, start_price_fen, deposit_fen,
       bidding::text, conditions::text, registration_opens_at, priority_closes_at, opens_at, closes_at, payment_hours,
       release_on, objection_days, refund_working_days, shortened_times, published_at, profile_hash, notice_sha256, origin, origin_lot_id
  FROM market.lots
 WHERE id = $1 AND published_at IS NOT NULL;

-- name: of_organisation
-- Lots that a venue or a consignor may see whole, newest first: each side's newest by its own index.
SELECT id, number, consignment_id, venue_id, consignor_id, pledgor_codes, title, title_zh, regime, format, round_number,
       previous_start_price_fen, status, version, valuation_fen, start_price_fen,
       (market.secret_of_lot(id)).reserve_price_fen, deposit_fen,
       bidding::text, conditions::text, registration_opens_at, priority_closes_at, opens_at, closes_at, payment_hours,
       release_on, objection_days, refund_working_days, shortened_times, drafted_by, checked_by, published_by, published_at, profile_hash, notice_sha256, origin, origin_lot_id, created_at, updated_at
  FROM market.lots
 WHERE id IN (SELECT id FROM (
        (SELECT id FROM market.lots
          WHERE venue_id = $1 AND id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
          ORDER BY id DESC LIMIT $3)
        UNION ALL
        (SELECT id FROM market.lots
          WHERE consignor_id = $1 AND venue_id <> $1
            AND id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
          ORDER BY id DESC LIMIT $3)) AS own)
 ORDER BY id DESC
 LIMIT $3;

-- name: set_status
UPDATE market.lots SET status = $2, version = version + 1, updated_at = $3 WHERE id = $1;

-- name: set_checked
UPDATE market.lots SET checked_by = $2 WHERE id = $1;

-- name: freeze
-- What bidders will rely on; the trigger keeps it so.
UPDATE market.lots
   SET published_by = $2, published_at = $3, profile = $4, profile_salt = $5, profile_hash = $6, notice_sha256 = $7
 WHERE id = $1;

-- name: clear_findings
DELETE FROM market.lot_findings WHERE lot_id = $1;

-- name: insert_finding
INSERT INTO market.lot_findings (lot_id, position, code, severity, field, message, message_zh, found_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: findings
SELECT position, code, severity, field, message, message_zh, overridden_by, override_reason
  FROM market.lot_findings WHERE lot_id = $1 ORDER BY position;

-- name: override_finding
UPDATE market.lot_findings SET overridden_by = $3, override_reason = $4
 WHERE lot_id = $1 AND position = $2 AND severity = 'hold';

-- name: count_paused
SELECT count(*) FROM market.lots WHERE status = 'paused';

-- name: reschedule
-- A draft takes its place in a session: it opens and closes with the others.
UPDATE market.lots
   SET opens_at = $2, closes_at = $3, priority_closes_at = $2, registration_opens_at = least(registration_opens_at, $2),
       version = version + 1, updated_at = $4
 WHERE id = $1;

-- name: set_notified
UPDATE market.lots SET parties_notified_on = $2 WHERE id = $1;

-- name: notified_on
SELECT parties_notified_on FROM market.lots WHERE id = $1;

-- name: told
-- Who was told of a lot's sale in which part, how, and from when it counts.
SELECT role, method, sent_on, state, effective_on FROM market.party_notices WHERE lot_id = $1 ORDER BY id;

-- name: viewing_days
-- On how many days (in China) a lot can be viewed.
SELECT count(DISTINCT (starts_at AT TIME ZONE 'Asia/Shanghai')::date) FROM market.viewing_slots WHERE lot_id = $1;
