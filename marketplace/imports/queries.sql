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
-- The imports before a cursor that the caller may see, newest first; of their findings how many there are.
SELECT id, file_name, state, counts::text AS counts, jsonb_array_length(findings) AS found, created_at
  FROM market.imports
 WHERE ($1::uuid IS NULL OR id < $1) AND ($2::uuid IS NULL OR organisation_id = $2)
 ORDER BY id DESC
 LIMIT $3;

-- name: report
-- One import that the caller may see, with its first findings.
SELECT id, file_name, encode(sha256, 'hex') AS sha256, state, counts::text AS counts, created_at,
       jsonb_array_length(findings) AS found,
       coalesce((SELECT jsonb_agg(f.one ORDER BY f.n)
                   FROM jsonb_array_elements(findings) WITH ORDINALITY AS f (one, n) WHERE f.n <= $3), '[]')::text AS findings
  FROM market.imports
 WHERE id = $1 AND ($2::uuid IS NULL OR organisation_id = $2);

-- name: kinds_of_findings
-- What is wrong how often and in which column, the most frequent first; the caller has seen the import.
SELECT f.one ->> 'message' AS message, f.one ->> 'message_zh' AS message_zh, f.one ->> 'sheet' AS sheet,
       rtrim(f.one ->> 'cell', '0123456789') AS letters, count(*) AS times,
       (array_agg(f.one ->> 'address' ORDER BY f.n))[1] AS first
  FROM market.imports i, jsonb_array_elements(i.findings) WITH ORDINALITY AS f (one, n)
 WHERE i.id = $1
 GROUP BY 1, 2, 3, 4 ORDER BY times DESC, min(f.n) LIMIT $2;

-- name: maker_by_username
-- An active user of an active organisation, for the command line.
SELECT u.id, u.organisation_id, u.display_name, u.roles, o.kind
  FROM market.users u JOIN market.organisations o ON o.id = u.organisation_id
 WHERE u.username = $1 AND u.is_active AND o.is_active;
