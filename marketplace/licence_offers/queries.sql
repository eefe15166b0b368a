-- name: insert
INSERT INTO market.licence_offers
  (id, number, consignment_id, case_id, organisation_id, venue_id, mandate_id, way, content, sha256, warnings, closes_at,
   opened_by, drafted_by, created_at, updated_at)
VALUES ($1, 'XK-' || to_char($13::timestamptz AT TIME ZONE 'Asia/Shanghai', 'YYYY') || '-'
            || lpad(nextval('market.licence_offer_numbers')::text, 6, '0'),
        $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $11, $12, $13, $13);

-- name: by_id
-- An offer for its sides and supervisors ($3), and for everybody once it is published.
SELECT *, warnings::text AS warnings_text FROM market.licence_offers
 WHERE id = $1 AND ($3::boolean OR $2::uuid IN (organisation_id, venue_id) OR published_at IS NOT NULL);

-- name: lock
SELECT *, warnings::text AS warnings_text FROM market.licence_offers WHERE id = $1 FOR UPDATE;

-- name: page
SELECT *, warnings::text AS warnings_text FROM market.licence_offers
 WHERE ($3::boolean OR $2::uuid IN (organisation_id, venue_id) OR published_at IS NOT NULL)
   AND ($1::uuid IS NULL OR id < $1)
 ORDER BY id DESC LIMIT $4;

-- name: open
UPDATE market.licence_offers
   SET state = 'open', approved_by = $2, published_at = $3, closes_at = $4, opened_by = $5, updated_at = $3
 WHERE id = $1;

-- name: set_state
UPDATE market.licence_offers
   SET state = $2, price_fen = coalesce($3, price_fen), reason = coalesce($4, reason), opened_by = coalesce($5, opened_by),
       updated_at = $6
 WHERE id = $1;

-- name: close_later
UPDATE market.licence_offers SET closes_at = $2, opened_by = $2, updated_at = $3 WHERE id = $1;

-- name: insert_application
INSERT INTO market.licence_applications (id, offer_id, number, organisation_id, statement, commitment, made_by, made_at)
VALUES ($1, $2, (SELECT count(*) + 1 FROM market.licence_applications WHERE offer_id = $2), $3, $4, $5, $6, $7);

-- name: applications
SELECT id, number, organisation_id, statement, commitment, amount_fen, made_at, opened_at, score_bp, is_chosen
  FROM market.licence_applications WHERE offer_id = $1 ORDER BY number;

-- name: open_application
UPDATE market.licence_applications SET amount_fen = $2, nonce = $3, opened_at = $4 WHERE id = $1;

-- name: choose
UPDATE market.licence_applications SET is_chosen = $2, score_bp = coalesce($3, score_bp) WHERE id = $1;

-- name: insert_score
INSERT INTO market.licence_scores (application_id, expert_id, score_bp, reason, scored_by, scored_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: scores
SELECT a.number, s.expert_id, s.score_bp
  FROM market.licence_scores s JOIN market.licence_applications a ON a.id = s.application_id
 WHERE a.offer_id = $1;

-- name: scores_of_expert
SELECT s.application_id, s.score_bp, s.reason
  FROM market.licence_scores s JOIN market.licence_applications a ON a.id = s.application_id
 WHERE a.offer_id = $1 AND s.expert_id = $2;

-- name: has_title
SELECT EXISTS (SELECT FROM market.set_offs WHERE consignment_id = $1 AND state = 'approved');

-- name: party
SELECT name, credit_code, kind FROM market.organisations WHERE id = $1;

-- name: has_mandate
SELECT EXISTS (SELECT FROM market.mandates
                WHERE id = $1 AND consignment_id = $2 AND state IN ('agreed', 'running', 'report_due'));
