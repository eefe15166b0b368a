-- name: insert
INSERT INTO market.import_jobs (id, organisation_id, file_name, content, state, created_by, created_at, updated_at)
VALUES ($1, $2, $3, $4, 'waiting', $5, $6, $6);

-- name: by_id
-- How far an import is.
SELECT id, organisation_id, file_name, state, rows_total, rows_done, import_id, problem, problem_zh, created_by, created_at,
       updated_at
  FROM market.import_jobs WHERE id = $1 AND organisation_id = $2;

-- name: newest
-- The last files that a bank handed in; what was refused or cannot be read among them.
SELECT id, organisation_id, file_name, state, rows_total, rows_done, import_id, problem, problem_zh, created_by, created_at,
       updated_at
  FROM market.import_jobs WHERE organisation_id = $1 ORDER BY id DESC LIMIT $2;

-- name: work
-- An import that is not over, with the person who handed it in.
SELECT j.content, j.file_name, j.organisation_id, j.created_by, u.roles, u.display_name, o.kind
  FROM market.import_jobs j
  JOIN market.users u ON u.id = j.created_by
  JOIN market.organisations o ON o.id = j.organisation_id
 WHERE j.id = $1 AND j.state NOT IN ('completed', 'refused', 'unreadable');

-- name: progress
UPDATE market.import_jobs SET state = $2, rows_done = $3, rows_total = $4, updated_at = $5
 WHERE id = $1 AND state NOT IN ('completed', 'refused', 'unreadable');

-- name: end
UPDATE market.import_jobs
   SET state = $2, import_id = $3, problem = $4, problem_zh = $5, rows_done = CASE WHEN $2 = 'completed' THEN rows_total ELSE rows_done END,
       updated_at = $6
 WHERE id = $1;
