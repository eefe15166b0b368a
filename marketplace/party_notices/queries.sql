-- name: insert
INSERT INTO market.party_notices (id, lot_id, party_name, role, method, sent_on, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: of_lot
SELECT id, lot_id, party_name, role, method, sent_on, state, effective_on, evidence, recorded_at
  FROM market.party_notices WHERE lot_id = $1 ORDER BY id;

-- name: settle
UPDATE market.party_notices SET state = $2, effective_on = $3, evidence = $4 WHERE id = $1 AND state = 'sent';
