-- name: add
-- A duty; asked for again it stays as it is.
INSERT INTO market.duties (id, kind, subject_id, due_at, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, subject_id) DO NOTHING;

-- name: ask_again
-- A duty that is asked for anew however often: one that is done, or being done, begins again; whoever has it in hand is no
-- longer believed.
INSERT INTO market.duties AS d (id, kind, subject_id, due_at, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, subject_id) DO UPDATE
   SET state = 'waiting', due_at = EXCLUDED.due_at, claims = d.claims + 1, attempts = 0, lease_until = NULL, done_at = NULL;

-- name: claim_next
-- The duty that has waited longest, or one whose worker has not come back; what may wait only after all others. Nobody
-- waits for another's lock.
UPDATE market.duties
   SET state = 'running', claims = claims + 1, lease_until = $2
 WHERE id = coalesce(
         (SELECT id FROM market.duties WHERE state = 'waiting' AND NOT is_patient AND due_at <= $1
           ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED),
         (SELECT id FROM market.duties WHERE state = 'running' AND lease_until <= $1
           ORDER BY is_patient, lease_until, id LIMIT 1 FOR UPDATE SKIP LOCKED),
         (SELECT id FROM market.duties WHERE state = 'waiting' AND is_patient AND due_at <= $1
           ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED))
RETURNING id, kind, subject_id, due_at, state, attempts, claims, last_error;

-- name: claim_one
-- The duty named, if it is due and nobody works on it.
UPDATE market.duties
   SET state = 'running', claims = claims + 1, lease_until = $2
 WHERE id = (SELECT id FROM market.duties
              WHERE id = $3
                AND ((state = 'waiting' AND due_at <= $1) OR (state = 'running' AND lease_until <= $1))
                FOR UPDATE SKIP LOCKED)
RETURNING id, kind, subject_id, due_at, state, attempts, claims, last_error;

-- name: renew
-- Still in hand: only the latest claim goes on, and no lease gets shorter.
UPDATE market.duties SET lease_until = $3 WHERE id = $1 AND claims = $2 AND state = 'running' AND lease_until < $3;

-- name: finish
-- Done; only the latest claim may say so.
UPDATE market.duties
   SET state = 'done', done_at = $3, lease_until = NULL, last_error = NULL
 WHERE id = $1 AND claims = $2 AND state = 'running';

-- name: postpone
-- Not due after all: waits until its new time, and no attempt is counted.
UPDATE market.duties
   SET state = 'waiting', due_at = $3, lease_until = NULL, last_error = NULL, attempts = 0
 WHERE id = $1 AND claims = $2 AND state = 'running';

-- name: hasten
UPDATE market.duties SET due_at = $3
 WHERE kind = $1 AND subject_id = $2 AND state = 'waiting' AND due_at > $3;

-- name: fail
-- Tried in vain: waits for its next attempt, or for people.
UPDATE market.duties
   SET state = $3, due_at = $4, lease_until = NULL, last_error = $5, attempts = attempts + 1
 WHERE id = $1 AND claims = $2 AND state = 'running';

-- name: revive
-- A stuck duty is tried again from now on.
UPDATE market.duties SET state = 'waiting', due_at = $2, attempts = 0 WHERE id = $1 AND state = 'stuck'
RETURNING id, kind, subject_id, due_at, state, attempts, claims, last_error;

-- name: stuck
-- What people must look at, longest waiting first.
SELECT id, kind, subject_id, due_at, state, attempts, claims, last_error
  FROM market.duties WHERE state = 'stuck' ORDER BY due_at, id LIMIT 100;

-- name: count_stuck
SELECT count(*) FROM market.duties WHERE state = 'stuck';

-- name: count_unfinished
-- What has not been done though it was due at $1.
SELECT count(*) FROM market.duties WHERE state IN ('waiting', 'running') AND due_at <= $1;

-- name: due
-- What is due, for whoever wakes workers; of what may wait only so many, so that it never stands in line before the rest.
(SELECT id, kind FROM market.duties
  WHERE (state = 'waiting' AND NOT is_patient AND due_at <= $1) OR (state = 'running' AND lease_until <= $1)
  ORDER BY due_at, id LIMIT $2)
UNION ALL
(SELECT id, kind FROM market.duties WHERE state = 'waiting' AND is_patient AND due_at <= $1 ORDER BY due_at, id LIMIT $3);

-- name: next_due_at
-- When the next duty falls due, if any waits.
SELECT least((SELECT min(due_at) FROM market.duties WHERE state = 'waiting' AND NOT is_patient),
             (SELECT min(due_at) FROM market.duties WHERE state = 'waiting' AND is_patient));
