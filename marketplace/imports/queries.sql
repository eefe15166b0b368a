-- name: lock_imports
-- One import of a bank at a time, so that each sees what the one before it entered; held until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('import:' || $1::text, 0));

-- name: completed
-- The import of the same file that was completed, if there is one.
SELECT id, organisation_id, file_name, encode(sha256, 'hex') AS sha256, state, counts::text AS counts,
       findings::text AS findings, created_by, created_at
  FROM market.imports
 WHERE organisation_id = $1 AND sha256 = $2 AND state = 'completed';

-- name: insert
-- What was handed in, and what became of it.
INSERT INTO market.imports
       (id, organisation_id, file_name, sha256, content, state, counts, findings, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8::text::jsonb, $9, $10);

-- name: by_id
-- One import that the caller may see.
SELECT id, organisation_id, file_name, encode(sha256, 'hex') AS sha256, state, counts::text AS counts,
       findings::text AS findings, created_by, created_at
  FROM market.imports
 WHERE id = $1 AND ($2::uuid IS NULL OR organisation_id = $2);

-- name: content
-- The file as it came.
SELECT content FROM market.imports WHERE id = $1;

-- name: page
-- The imports after a cursor that the caller may see, oldest first.
SELECT id, organisation_id, file_name, encode(sha256, 'hex') AS sha256, state, counts::text AS counts,
       findings::text AS findings, created_by, created_at
  FROM market.imports
 WHERE ($1::uuid IS NULL OR id > $1) AND ($2::uuid IS NULL OR organisation_id = $2)
 ORDER BY id
 LIMIT $3;

-- name: newest
-- The imports before a cursor that the caller may see, newest first.
SELECT id, organisation_id, file_name, encode(sha256, 'hex') AS sha256, state, counts::text AS counts,
       findings::text AS findings, created_by, created_at
  FROM market.imports
 WHERE ($1::uuid IS NULL OR id < $1) AND ($2::uuid IS NULL OR organisation_id = $2)
 ORDER BY id DESC
 LIMIT $3;

-- name: maker_by_username
-- An active user of an active organisation, for the command line.
SELECT u.id, u.organisation_id, u.display_name, u.roles, o.kind
  FROM market.users u JOIN market.organisations o ON o.id = u.organisation_id
 WHERE u.username = $1 AND u.is_active AND o.is_active;
