-- name: insert
-- A new right.
INSERT INTO market.assets
       (id, organisation_id, ip_type, number, nice_class, title, owner_name, owner_code, co_owners, filed_on, granted_on,
        expires_on, legal_status, status_as_of, status_source, fee_paid_to, has_evaluation_report, flags, import_id,
        created_at, updated_at, details, export_class, grade, region, industry)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20,
        $21::text::jsonb, $22, $23, $24, $25);

-- name: by_id
-- One right that the caller may see.
SELECT id, organisation_id, ip_type, number, nice_class, title, owner_name, owner_code, co_owners::text AS co_owners,
       filed_on, granted_on, expires_on, legal_status, status_as_of, status_source, fee_paid_to, has_evaluation_report,
       flags, details::text AS details, export_class, grade, region, industry, import_id, version, created_at, updated_at
  FROM market.assets a
 WHERE id = $1
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR EXISTS (SELECT FROM market.consigned_assets c WHERE c.asset_id = a.id AND c.venue_id = $3));

-- name: by_ids
-- Several rights of one organisation, locked in order, for a change that rests on them.
SELECT id, organisation_id, ip_type, number, nice_class, title, owner_name, owner_code, co_owners::text AS co_owners,
       filed_on, granted_on, expires_on, legal_status, status_as_of, status_source, fee_paid_to, has_evaluation_report,
       flags, details::text AS details, export_class, grade, region, industry, import_id, version, created_at, updated_at
  FROM market.assets
 WHERE id = ANY ($1::uuid[]) AND organisation_id = $2
 ORDER BY id
   FOR UPDATE;

-- name: of_ids
-- Several rights of one organisation.
SELECT id, organisation_id, ip_type, number, nice_class, title, owner_name, owner_code, co_owners::text AS co_owners,
       filed_on, granted_on, expires_on, legal_status, status_as_of, status_source, fee_paid_to, has_evaluation_report,
       flags, details::text AS details, export_class, grade, region, industry, import_id, version, created_at, updated_at
  FROM market.assets
 WHERE id = ANY ($1::uuid[]) AND organisation_id = $2
 ORDER BY id;

-- name: page
-- The rights after a cursor that the caller may see, oldest first.
SELECT id, organisation_id, ip_type, number, nice_class, title, owner_name, owner_code, co_owners::text AS co_owners,
       filed_on, granted_on, expires_on, legal_status, status_as_of, status_source, fee_paid_to, has_evaluation_report,
       flags, details::text AS details, export_class, grade, region, industry, import_id, version, created_at, updated_at
  FROM market.assets a
 WHERE ($1::uuid IS NULL OR id > $1)
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR EXISTS (SELECT FROM market.consigned_assets c WHERE c.asset_id = a.id AND c.venue_id = $3))
 ORDER BY id
 LIMIT $4;

-- name: newest
-- The rights that an organisation entered last.
SELECT id, organisation_id, ip_type, number, nice_class, title, owner_name, owner_code, co_owners::text AS co_owners,
       filed_on, granted_on, expires_on, legal_status, status_as_of, status_source, fee_paid_to, has_evaluation_report,
       flags, details::text AS details, export_class, grade, region, industry, import_id, version, created_at, updated_at
  FROM market.assets
 WHERE organisation_id = $1
 ORDER BY id DESC
 LIMIT $2;

-- name: update_status
-- A newer reading of the register, if nobody changed the right since `version`.
UPDATE market.assets
   SET legal_status = $3, status_as_of = $4, status_source = $5, fee_paid_to = $6, has_evaluation_report = $7,
       flags = $8, co_owners = $9::text::jsonb, version = version + 1, updated_at = $10
 WHERE id = $1 AND version = $2;

-- name: update_particulars
-- What people found out about it, if nobody changed the right since `version`.
UPDATE market.assets
   SET details = $3::text::jsonb, export_class = $4, grade = $5, region = $6, industry = $7, version = version + 1,
       updated_at = $8
 WHERE id = $1 AND version = $2;

-- name: known
-- What an organisation has of the numbers asked for.
SELECT id, ip_type, number, nice_class FROM market.assets WHERE organisation_id = $1 AND number = ANY ($2::text[]);
