-- name: lock_name
-- One draft of a name at a time takes its next number.
SELECT pg_advisory_xact_lock(hashtextextended('white_list:' || $1::uuid::text || ':' || $2::text, 0));

-- name: insert
-- A new draft under the next number of its name.
INSERT INTO market.white_lists
       (id, organisation_id, name, authority, criteria, number, entries, state, drafted_by, created_at, updated_at)
SELECT $1, $2, $3, $4, $5, coalesce(max(number), 0) + 1, $6::text::jsonb, 'draft', $7, $8, $8
  FROM market.white_lists WHERE organisation_id = $2 AND name = $3;

-- name: change
-- A draft's new content, if nobody changed it since `version`.
UPDATE market.white_lists
   SET authority = $3, criteria = $4, entries = $5::text::jsonb, drafted_by = $6, version = version + 1, updated_at = $7
 WHERE id = $1 AND version = $2 AND state = 'draft';

-- name: by_id
-- One list that the caller may see: their own, one pushed to them, or any for supervisors (NULL).
SELECT id, organisation_id, name, authority, criteria, number, entries::text AS entries, encode(sha256, 'hex') AS sha256, state,
       drafted_by, published_by, version, created_at, updated_at
  FROM market.white_lists w
 WHERE id = $1
   AND ($2::uuid IS NULL OR organisation_id = $2
        OR EXISTS (SELECT FROM market.white_list_pushes p WHERE p.list_id = w.id AND p.bank_id = $2));

-- name: page
SELECT id, organisation_id, name, authority, criteria, number, entries::text AS entries, encode(sha256, 'hex') AS sha256, state,
       drafted_by, published_by, version, created_at, updated_at
  FROM market.white_lists w
 WHERE ($1::uuid IS NULL OR id > $1)
   AND ($2::uuid IS NULL OR organisation_id = $2
        OR EXISTS (SELECT FROM market.white_list_pushes p WHERE p.list_id = w.id AND p.bank_id = $2))
 ORDER BY id
 LIMIT $3;

-- name: lock
SELECT id FROM market.white_lists WHERE id = $1 AND organisation_id = $2 FOR UPDATE;

-- name: publish
UPDATE market.white_lists
   SET state = 'published', published_by = $2, sha256 = $3, version = version + 1, updated_at = $4
 WHERE id = $1;

-- name: supersede
-- Older lists of the same name make way.
UPDATE market.white_lists SET state = 'superseded', version = version + 1, updated_at = $4
 WHERE organisation_id = $1 AND name = $2 AND number < $3 AND state IN ('published', 'pushed');

-- name: set_pushed
UPDATE market.white_lists SET state = 'pushed', version = version + 1, updated_at = $2 WHERE id = $1;

-- name: banks
-- Which of these are active banks.
SELECT id FROM market.organisations WHERE id = ANY ($1::uuid[]) AND kind = 'bank' AND is_active;

-- name: bank_names
-- The active banks to which a list may go.
SELECT id, name FROM market.organisations WHERE kind = 'bank' AND is_active ORDER BY name LIMIT 500;

-- name: insert_push
INSERT INTO market.white_list_pushes (list_id, organisation_id, bank_id, pushed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (list_id, bank_id) DO NOTHING;

-- name: receive
-- The bank's receipt, once.
UPDATE market.white_list_pushes SET receipt = $3, received_by = $4, received_at = $5
 WHERE list_id = $1 AND bank_id = $2 AND receipt IS NULL;

-- name: pushes
SELECT list_id, bank_id, pushed_at, receipt, received_at FROM market.white_list_pushes
 WHERE list_id = ANY ($1::uuid[]) AND ($2::uuid IS NULL OR organisation_id = $2 OR bank_id = $2) ORDER BY list_id, bank_id;

-- name: insert_answer
INSERT INTO market.white_list_answers
       (list_id, organisation_id, bank_id, code, outcome, amount_fen, note, answered_by, answered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: answers
-- What banks said about a list: all for its keeper, a bank's own for the bank.
SELECT bank_id, code, outcome, amount_fen, note, answered_at FROM market.white_list_answers
 WHERE list_id = $1 AND ($2::uuid IS NULL OR organisation_id = $2 OR bank_id = $2) ORDER BY answered_at, code;
