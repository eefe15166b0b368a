-- name: add
-- A new event, due at once.
INSERT INTO market.outbox (id, kind, payload, created_at, next_attempt_at) VALUES ($1, $2, $3::jsonb, $4, $4);
