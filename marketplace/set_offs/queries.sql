-- name: insert
INSERT INTO market.set_offs
  (id, number, consignment_id, case_id, organisation_id, venue_id, price_fen, ground, reason, proposed_by, created_at, updated_at)
VALUES ($1, 'DZ-' || to_char($10::timestamptz AT TIME ZONE 'Asia/Shanghai', 'YYYY') || '-'
            || lpad(nextval('market.set_off_numbers')::text, 6, '0'), $2, $3, $4, $5, $6, $7, $8, $9, $10, $10);

-- name: by_id
SELECT * FROM market.set_offs WHERE id = $1 AND ($3::boolean OR $2::uuid IN (organisation_id, venue_id));

-- name: lock
SELECT * FROM market.set_offs WHERE id = $1 FOR UPDATE;

-- name: page
SELECT * FROM market.set_offs
 WHERE ($3::boolean OR $2::uuid IN (organisation_id, venue_id)) AND ($1::uuid IS NULL OR id < $1)
 ORDER BY id DESC LIMIT $4;

-- name: decide
UPDATE market.set_offs SET state = $2, decided_by = $3, decided_at = $4, dispose_by = $5, updated_at = $4 WHERE id = $1;

-- name: dispose
UPDATE market.set_offs SET state = 'disposed', disposal = $2, updated_at = $3 WHERE id = $1;

-- name: mark_shared
UPDATE market.set_offs SET shared_at = $2, updated_at = $2 WHERE id = $1;

-- name: mark_overdue
UPDATE market.set_offs SET is_overdue = true, updated_at = $2 WHERE id = $1;

-- name: unsold_price
-- The start price of the last round of a consignment that did not sell.
SELECT start_price_fen FROM market.lots WHERE consignment_id = $1 AND status = 'unsold' ORDER BY id DESC LIMIT 1;
