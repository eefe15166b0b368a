-- name: valuer
-- Whether there is an active valuer of this id.
SELECT EXISTS (SELECT FROM market.organisations WHERE id = $1 AND kind = 'valuer' AND is_active);

-- name: insert
INSERT INTO market.valuation_orders (id, organisation_id, valuer_id, asset_ids, purpose, due_on, state, ordered_by, ordered_at)
VALUES ($1, $2, $3, $4, $5, $6, 'ordered', $7, $8);

-- name: by_id
-- One order of the caller's bank, or for the caller as its valuer ($2).
SELECT v.*, b.name AS bank, r.name AS valuer
  FROM market.valuation_orders v
  JOIN market.organisations b ON b.id = v.organisation_id
  JOIN market.organisations r ON r.id = v.valuer_id
 WHERE v.id = $1 AND $2::uuid IN (v.organisation_id, v.valuer_id);

-- name: page
SELECT v.*, b.name AS bank, r.name AS valuer
  FROM market.valuation_orders v
  JOIN market.organisations b ON b.id = v.organisation_id
  JOIN market.organisations r ON r.id = v.valuer_id
 WHERE ($1::uuid IS NULL OR v.id < $1) AND $2::uuid IN (v.organisation_id, v.valuer_id)
 ORDER BY v.id DESC LIMIT $3;

-- name: lock
SELECT state FROM market.valuation_orders WHERE id = $1 FOR UPDATE;

-- name: rights
SELECT id, ip_type, number, title, owner_name, legal_status, expires_on FROM market.assets WHERE id = ANY ($1::uuid[]) ORDER BY id;

-- name: finish
UPDATE market.valuation_orders SET state = $2, ended_by = $3, ended_at = $4, reason = $5, valuation_id = $6 WHERE id = $1;

-- name: valuers
-- Who may be asked for a report.
SELECT id, name FROM market.organisations WHERE kind = 'valuer' AND is_active ORDER BY name, id;
