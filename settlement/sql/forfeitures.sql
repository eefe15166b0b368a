-- name: forfeiture
SELECT content FROM settlement.forfeitures WHERE deposit_id = $1;

-- name: insert_forfeiture
INSERT INTO settlement.forfeitures (deposit_id, content, transfer_id, used_at) VALUES ($1, $2, $3, $4);
