-- name: insert
-- A new burden.
INSERT INTO market.burdens
       (id, organisation_id, asset_id, kind, holder_name, holder_code, territories, fields, starts_on, ends_on, record_number,
        recorded_on, has_pledgee_consent, terms, royalty_fen_a_year, source, state, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'standing', $17, $17);

-- name: by_id
-- One burden that the caller may see.
SELECT b.* FROM market.burdens b
 WHERE id = $1
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR EXISTS (SELECT FROM market.consigned_assets c WHERE c.asset_id = b.asset_id AND c.venue_id = $3));

-- name: of_assets
-- Everything that rested on any of these rights, oldest first.
SELECT * FROM market.burdens WHERE asset_id = ANY ($1::uuid[]) ORDER BY id;

-- name: lock
-- One burden of an organisation, locked until the transaction ends.
SELECT * FROM market.burdens WHERE id = $1 AND organisation_id = $2 FOR UPDATE;

-- name: end
-- It rests on the right no more.
UPDATE market.burdens
   SET state = 'ended', ended_on = $2, reason = $3, version = version + 1, updated_at = $4
 WHERE id = $1;
