-- name: lock_kind
SELECT pg_advisory_xact_lock(hashtextextended('settlement.paper:' || $1::text, 0));

-- name: latest
SELECT id, kind, subject_id, version, number, document, sha256, issued_by, issued_at
  FROM settlement.papers WHERE kind = $1 AND subject_id = $2 ORDER BY version DESC LIMIT 1;

-- name: paper
SELECT id, kind, subject_id, version, number, document, sha256, issued_by, issued_at FROM settlement.papers WHERE id = $1;

-- name: next_serial
SELECT 1 + coalesce(max(serial), 0) FROM settlement.papers WHERE kind = $1;

-- name: insert_paper
INSERT INTO settlement.papers (id, kind, subject_id, version, serial, number, document, issued_by, issued_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: cases_of
-- The claims in which an organisation has a part and that were reviewed, by loan number.
SELECT c.id FROM settlement.cases c
 WHERE c.book IS NOT NULL AND c.state NOT IN ('COMP_APPLIED', 'REJECTED', 'SUSPENDED_BY_BREAKER')
   AND EXISTS (SELECT FROM settlement.case_parties p WHERE p.case_id = c.id AND p.organisation_id = $1)
 ORDER BY c.loan_number, c.id;
