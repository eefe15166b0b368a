-- name: add
-- A new event, due at once.
INSERT INTO market.outbox (id, kind, payload, created_at, next_attempt_at) VALUES ($1, $2, $3::jsonb, $4, $4);

-- name: set_delivered
UPDATE market.outbox SET state = 'delivered', delivered_at = $2 WHERE id = $1;

-- name: take_pending
-- The oldest events that are due, told to whoever listens; two workers never take the same.
WITH due AS (
  SELECT id FROM market.outbox
   WHERE state = 'pending' AND next_attempt_at <= $1
   ORDER BY next_attempt_at, id
   LIMIT $2
     FOR UPDATE SKIP LOCKED
), told AS (
  UPDATE market.outbox o SET state = 'delivered', delivered_at = $1, attempts = o.attempts + 1
    FROM due WHERE o.id = due.id
  RETURNING o.id, o.kind, o.payload::text, o.created_at
), announced AS (
  SELECT count(pg_notify('luochui_events', json_build_object('id', id, 'kind', kind)::text)) AS events FROM told
)
SELECT told.* FROM told, announced ORDER BY told.id;
