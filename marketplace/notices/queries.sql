-- name: next_version
SELECT coalesce(max(version), 0) + 1 FROM market.notices WHERE lot_id = $1;

-- name: insert
INSERT INTO market.notices (lot_id, version, number, kind, content, sha256, published_at, published_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: of_lot
SELECT lot_id, version, number, kind, content, sha256, published_at, published_by
  FROM market.notices WHERE lot_id = $1 ORDER BY version;
