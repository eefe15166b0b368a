-- name: insert_hold
INSERT INTO settlement.holds (id, source_id, held_id, amount_fen, state, ref, expires_at, held_at)
VALUES ($1, $2, $3, $4, 'HELD', $5, $6, $7)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: lock_hold
-- The hold with the accounts that it stands between, locked.
SELECT h.id, h.amount_fen, h.captured_fen, h.state, h.ref, h.expires_at,
       s.kind AS source_kind, s.owner AS source_owner, s.ref AS source_ref,
       t.kind AS held_kind, t.owner AS held_owner, t.ref AS held_ref
  FROM settlement.holds h
  JOIN settlement.accounts s ON s.id = h.source_id
  JOIN settlement.accounts t ON t.id = h.held_id
 WHERE h.id = $1
   FOR UPDATE OF h;

-- name: close_hold
UPDATE settlement.holds SET state = $2, captured_fen = $3, closed_at = $4 WHERE id = $1;

-- name: expired_holds
-- Holds whose time is over; another worker's are skipped.
SELECT id FROM settlement.holds
 WHERE state = 'HELD' AND expires_at <= $1
 ORDER BY expires_at LIMIT $2
   FOR UPDATE SKIP LOCKED;
