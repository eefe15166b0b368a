-- name: append
-- One entry; position and hashes are set by the trigger.
INSERT INTO market.audit_entries
       (id, at, organisation_id, user_id, action, subject, subject_id, before, after, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10);
