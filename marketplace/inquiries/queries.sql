-- name: insert_question
INSERT INTO market.lot_questions (id, lot_id, organisation_id, asked_by, question, asked_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: questions
-- What the caller may read is row-level security's to say: answered ones, my own, and all of a lot that my venue sells. Who
-- asked is a column that requests may not read.
SELECT id, question, asked_at, answer, answered_at FROM market.lot_questions WHERE lot_id = $1 ORDER BY id;

-- name: waiting
-- What was asked about lots that my organisation sells or consigned, and nobody has answered, while it can be asked.
SELECT q.id, q.question, q.asked_at, l.id AS lot_id, l.number, l.title, l.title_zh
  FROM market.lot_questions q JOIN market.lots l ON l.id = q.lot_id
 WHERE q.answered_at IS NULL AND $1 IN (l.venue_id, l.consignor_id) AND l.status = ANY ($2) ORDER BY q.id LIMIT $3;

-- name: answer
UPDATE market.lot_questions SET answer = $3, answered_by = $4, answered_at = $5
 WHERE id = $1 AND lot_id = $2 AND answered_at IS NULL;

-- name: insert_slot
INSERT INTO market.viewing_slots (id, lot_id, starts_at, ends_at, place, places) VALUES ($1, $2, $3, $4, $5, $6);

-- name: count_open
-- A bidder sees no open questions but its own.
SELECT count(*) FROM market.lot_questions WHERE lot_id = $1 AND answered_at IS NULL;

-- name: slots
SELECT s.id, s.starts_at, s.ends_at, s.place, s.places,
       s.places - (SELECT count(*) FROM market.viewing_bookings b WHERE b.slot_id = s.id)::int AS left
  FROM market.viewing_slots s WHERE s.lot_id = $1 ORDER BY s.starts_at, s.id;

-- name: booked
SELECT b.slot_id FROM market.viewing_bookings b JOIN market.viewing_slots s ON s.id = b.slot_id
 WHERE s.lot_id = $1 AND b.organisation_id = $2;

-- name: lock_slot
SELECT id FROM market.viewing_slots WHERE id = $1 AND lot_id = $2 FOR UPDATE;

-- name: book
INSERT INTO market.viewing_bookings (slot_id, organisation_id, booked_by, booked_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (slot_id, organisation_id) DO NOTHING;

-- name: acknowledge
INSERT INTO market.acknowledgements (lot_id, organisation_id, notice_sha256, warnings, acknowledged_by, acknowledged_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (lot_id, organisation_id, notice_sha256) DO NOTHING;

-- name: acknowledgement
SELECT lot_id, organisation_id, notice_sha256, warnings, acknowledged_at FROM market.acknowledgements
 WHERE lot_id = $1 AND organisation_id = $2 AND notice_sha256 = $3;
