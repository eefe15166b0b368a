-- name: insert
-- A new package.
INSERT INTO market.asset_packages (id, organisation_id, name, indivisible_reason, asset_ids, created_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: by_id
-- One package that the caller may see: its bank's, or one of whose rights all have come to the caller's venue.
SELECT id, organisation_id, name, indivisible_reason, asset_ids, created_at
  FROM market.asset_packages p
 WHERE id = $1
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR NOT EXISTS (
         SELECT FROM unnest(p.asset_ids) AS member
          WHERE NOT EXISTS (SELECT FROM market.consigned_assets c WHERE c.asset_id = member AND c.venue_id = $3)));

-- name: page
-- The packages after a cursor that the caller may see, oldest first.
SELECT id, organisation_id, name, indivisible_reason, asset_ids, created_at
  FROM market.asset_packages p
 WHERE ($1::uuid IS NULL OR id > $1)
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR NOT EXISTS (
         SELECT FROM unnest(p.asset_ids) AS member
          WHERE NOT EXISTS (SELECT FROM market.consigned_assets c WHERE c.asset_id = member AND c.venue_id = $3)))
 ORDER BY id
 LIMIT $4;
