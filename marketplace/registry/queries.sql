-- name: insert_extract
INSERT INTO market.registry_extracts (id, organisation_id, source, as_of, sha256, rows, brought_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: insert_record
INSERT INTO market.registry_records (extract_id, ip_type, number, nice_class, record) VALUES ($1, $2, $3, $4, $5::text::jsonb);

-- name: extracts
-- The extracts that an organisation may ask: its own and the platform's, the newest first.
SELECT id, organisation_id, source, as_of, encode(sha256, 'hex') AS sha256, rows, created_at
  FROM market.registry_extracts WHERE organisation_id = ANY ($1::uuid[]) ORDER BY as_of DESC, id DESC LIMIT 200;

-- name: by_hash
SELECT id, organisation_id, source, as_of, encode(sha256, 'hex') AS sha256, rows, created_at
  FROM market.registry_extracts WHERE organisation_id = $1 AND sha256 = $2;

-- name: look_up
-- What the newest extract says of a right.
SELECT r.record::text AS record, e.as_of, e.source, e.id, encode(e.sha256, 'hex') AS sha256
  FROM market.registry_records r JOIN market.registry_extracts e ON e.id = r.extract_id
 WHERE r.ip_type = $1 AND r.number = $2 AND r.nice_class IS NOT DISTINCT FROM $3 AND e.organisation_id = ANY ($4::uuid[])
 ORDER BY e.as_of DESC, e.id DESC
 LIMIT 1;

-- name: insert_enquiry
INSERT INTO market.registry_enquiries (id, organisation_id, user_id, ip_type, number, extract_id, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);
