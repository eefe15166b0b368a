-- name: insert
INSERT INTO market.search_subscriptions (id, organisation_id, name, query, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: by_id
SELECT id, name, query, is_active, created_at FROM market.search_subscriptions WHERE id = $1 AND organisation_id = $2;

-- name: page
SELECT id, name, query, is_active, created_at FROM market.search_subscriptions
 WHERE organisation_id = $2 AND ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $3;

-- name: count_active
SELECT count(*) FROM market.search_subscriptions WHERE organisation_id = $1 AND is_active;

-- name: end
UPDATE market.search_subscriptions SET is_active = false WHERE id = $1 AND organisation_id = $2;

-- name: matching
-- The kept searches whose words a published lot holds, all of them: spelled as the lot's text is stored.
SELECT s.id, s.organisation_id
  FROM market.search_subscriptions s
  JOIN market.lot_search t ON t.lot_id = $1
 WHERE s.is_active
   AND NOT EXISTS (SELECT 1 FROM unnest(string_to_array(market.search_text(s.query), ' ')) AS w (word)
                    WHERE word <> '' AND strpos(t.body, word) = 0)
 ORDER BY s.id;

-- name: insert_hit
INSERT INTO market.subscription_hits (subscription_id, lot_id, found_at) VALUES ($1, $2, $3)
ON CONFLICT (subscription_id, lot_id) DO NOTHING;

-- name: hits
SELECT h.subscription_id, h.lot_id, l.number, l.title, l.title_zh, h.found_at
  FROM market.subscription_hits h JOIN market.lots l ON l.id = h.lot_id
 WHERE h.subscription_id = $1 ORDER BY h.found_at DESC, h.lot_id DESC LIMIT 100;
