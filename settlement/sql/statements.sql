-- name: lock_subject
SELECT pg_advisory_xact_lock(hashtextextended('settlement.statement:' || $1::text || ':' || $2::uuid::text, 0));

-- name: latest
SELECT id, kind, subject_id, version, number, document, sha256, issued_by, issued_at
  FROM settlement.statements WHERE kind = $1 AND subject_id = $2
 ORDER BY version DESC LIMIT 1;

-- name: statement
SELECT id, kind, subject_id, version, number, document, sha256, issued_by, issued_at
  FROM settlement.statements WHERE id = $1;

-- name: by_subject
SELECT id, kind, subject_id, version, number, document, sha256, issued_by, issued_at
  FROM settlement.statements WHERE subject_id = $1 ORDER BY kind, version;

-- name: next_number
-- The next number of a kind of statement; a number whose transaction failed is never given.
SELECT nextval(('settlement.' || $1::text || '_statement_numbers')::regclass);

-- name: insert_statement
INSERT INTO settlement.statements (id, kind, subject_id, version, number, document, issued_by, issued_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
