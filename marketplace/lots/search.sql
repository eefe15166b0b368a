-- name: newest
-- Published lots before the cursor, newest first.
SELECT id, number, title, title_zh, regime, format, round_number, status, valuation_fen, start_price_fen, deposit_fen,
       bidding::text, conditions::text, registration_opens_at, priority_closes_at, opens_at, closes_at, payment_hours,
       release_on, objection_days, refund_working_days, shortened_times, published_at, profile_hash, notice_sha256, origin, origin_lot_id
  FROM market.lots
 WHERE published_at IS NOT NULL AND id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
 ORDER BY id DESC
 LIMIT $2;

-- name: newest_of_status
SELECT id, number, title, title_zh, regime, format, round_number, status, valuation_fen, start_price_fen, deposit_fen,
       bidding::text, conditions::text, registration_opens_at, priority_closes_at, opens_at, closes_at, payment_hours,
       release_on, objection_days, refund_working_days, shortened_times, published_at, profile_hash, notice_sha256, origin, origin_lot_id
  FROM market.lots
 WHERE published_at IS NOT NULL AND status = $3 AND id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
 ORDER BY id DESC
 LIMIT $2;

-- name: words
-- What is asked for, spelled as it is stored, word by word.
SELECT string_to_array(market.search_text($1), ' ');

-- name: found_among_newest
-- Of the $5 newest lots before the cursor, those that hold all words: quick where many lots do.
SELECT lot_id
  FROM (SELECT lot_id, body, status FROM market.lot_search
         WHERE lot_id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
         ORDER BY lot_id DESC LIMIT $5) AS newest
 WHERE ($3::text IS NULL OR status = $3)
   AND NOT EXISTS (SELECT 1 FROM unnest($4::text[]) AS w (word) WHERE strpos(body, word) = 0)
 ORDER BY lot_id DESC
 LIMIT $2;

-- name: found_by_index
-- All lots before the cursor that hold all words, by the index of character pairs: quick where few lots do.
WITH holding AS MATERIALIZED (
  SELECT lot_id, body, status FROM market.lot_search
   WHERE grams @> (SELECT array_agg(DISTINCT gram) FROM unnest($4::text[]) AS w (word)
                     CROSS JOIN LATERAL unnest(market.bigrams(word)) AS g (gram))
)
SELECT lot_id FROM holding
 WHERE lot_id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
   AND ($3::text IS NULL OR status = $3)
   AND NOT EXISTS (SELECT 1 FROM unnest($4::text[]) AS w (word) WHERE strpos(body, word) = 0)
 ORDER BY lot_id DESC
 LIMIT $2;

-- name: by_ids
SELECT id, number, title, title_zh, regime, format, round_number, status, valuation_fen, start_price_fen, deposit_fen,
       bidding::text, conditions::text, registration_opens_at, priority_closes_at, opens_at, closes_at, payment_hours,
       release_on, objection_days, refund_working_days, shortened_times, published_at, profile_hash, notice_sha256, origin, origin_lot_id
  FROM market.lots
 WHERE id = ANY ($1::uuid[]) AND published_at IS NOT NULL
 ORDER BY id DESC;
