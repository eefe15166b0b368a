-- name: append
-- One entry; position and hashes are set by the trigger.
INSERT INTO market.audit_entries
       (id, at, organisation_id, user_id, action, subject, subject_id, before, after, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10);

-- name: entries_after
-- Entries by id (which is by time), of one subject or of all.
SELECT id, at, organisation_id, user_id, action, subject, subject_id, before, after, reason, position,
       encode(previous_hash, 'hex') AS previous_hash, encode(hash, 'hex') AS hash
  FROM market.audit_entries
 WHERE ($1::uuid IS NULL OR id > $1)
   AND ($3::text IS NULL OR subject = $3)
   AND ($4::text IS NULL OR subject_id = $4)
 ORDER BY id
 LIMIT $2;

-- name: entries_before
-- The same, from the newest back.
SELECT id, at, organisation_id, user_id, action, subject, subject_id, before, after, reason, position,
       encode(previous_hash, 'hex') AS previous_hash, encode(hash, 'hex') AS hash
  FROM market.audit_entries
 WHERE ($1::uuid IS NULL OR id < $1)
   AND ($3::text IS NULL OR subject = $3)
   AND ($4::text IS NULL OR subject_id = $4)
 ORDER BY id DESC
 LIMIT $2;

-- name: broken_entries
-- Entries that do not say what their hash says, or do not follow the one before them.
SELECT entry.id
  FROM (SELECT e, e.id, e.position, e.previous_hash, e.hash,
               lag(e.hash, 1, decode(repeat('00', 32), 'hex')) OVER chain AS expected_previous,
               row_number() OVER chain AS expected_position
          FROM market.audit_entries e
        WINDOW chain AS (PARTITION BY e.subject, e.subject_id ORDER BY e.position)) AS entry
 WHERE entry.previous_hash <> entry.expected_previous
    OR entry.position <> entry.expected_position
    OR entry.hash <> market.audit_digest(entry.e)
 ORDER BY entry.id
 LIMIT 100;
