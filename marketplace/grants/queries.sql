-- name: insert
INSERT INTO market.licence_grants
  (id, offer_id, consignment_id, case_id, organisation_id, venue_id, licensee_id, licensee_name, kind, sha256, entry_fee_fen,
   starts_on, ends_on, option_price_fen, option_until, option_state, created_at, updated_at, sign_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $18);

-- name: by_id
SELECT * FROM market.licence_grants
 WHERE id = $1 AND ($3::boolean OR $2::uuid IN (organisation_id, venue_id, licensee_id));

-- name: lock
SELECT * FROM market.licence_grants WHERE id = $1 FOR UPDATE;

-- name: page
SELECT * FROM market.licence_grants
 WHERE ($3::boolean OR $2::uuid IN (organisation_id, venue_id, licensee_id)) AND ($1::uuid IS NULL OR id < $1)
 ORDER BY id DESC LIMIT $4;

-- name: of_offer
SELECT * FROM market.licence_grants WHERE offer_id = $1 ORDER BY id;

-- name: content_of_offer
-- What was agreed to when the licence was offered.
SELECT content FROM market.licence_offers WHERE id = $1;

-- name: sign
UPDATE market.licence_grants SET state = 'signed', signed_by = $2, signed_at = $3, held_since = NULL, updated_at = $3 WHERE id = $1;

-- name: hold
UPDATE market.licence_grants SET held_since = $2, updated_at = $2 WHERE id = $1;

-- name: resume
UPDATE market.licence_grants SET held_since = NULL, sign_by = $2, updated_at = $3 WHERE id = $1;

-- name: awaited
-- The licences over a consignment that wait for their signature.
SELECT id FROM market.licence_grants WHERE consignment_id = $1 AND state = 'offered' ORDER BY id;

-- name: shown_of_offer
-- The licences of an offer that the caller may see.
SELECT * FROM market.licence_grants
 WHERE offer_id = $1 AND ($3::boolean OR $2::uuid IN (organisation_id, venue_id, licensee_id)) ORDER BY id;

-- name: take_effect
UPDATE market.licence_grants
   SET state = 'effective', effective_at = $2, recordal_due_on = $3, updated_at = $2,
       option_state = CASE WHEN option_price_fen IS NULL THEN 'none' ELSE 'open' END
 WHERE id = $1;

-- name: record
UPDATE market.licence_grants
   SET state = 'recorded', recordal_number = $2, recorded_on = $3, is_recordal_late = is_recordal_late OR $3 > recordal_due_on,
       updated_at = $4
 WHERE id = $1;

-- name: mark_late
UPDATE market.licence_grants SET is_recordal_late = true, updated_at = $2 WHERE id = $1;

-- name: activate
UPDATE market.licence_grants SET state = 'active', updated_at = $2 WHERE id = $1;

-- name: end
UPDATE market.licence_grants
   SET state = 'ended', ended_at = $2, reason = $3, updated_at = $2,
       option_state = CASE option_state WHEN 'open' THEN 'lapsed' ELSE option_state END
 WHERE id = $1;

-- name: set_option
UPDATE market.licence_grants
   SET option_state = $2, option_lot_id = $3, option_credited_fen = $4, updated_at = $5 WHERE id = $1;

-- name: of_option_lot
-- The licence whose holder buys by this lot, if it is one, locked.
SELECT id FROM market.licence_grants WHERE option_lot_id = $1 FOR UPDATE;

-- name: is_going_on
-- Whether a licence of the consignment has not ended, or an offer of it may still lead to one.
SELECT EXISTS (SELECT FROM market.licence_grants WHERE consignment_id = $1 AND state <> 'ended')
    OR EXISTS (SELECT FROM market.licence_offers WHERE consignment_id = $1 AND state IN ('open', 'scoring', 'opening', 'awarded'));

-- name: burdens
-- The burdens that a licence put on the rights, by the reference that it wrote into them.
SELECT id FROM market.burdens WHERE source = $1 AND state = 'standing' ORDER BY id;
