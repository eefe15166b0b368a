-- name: forfeiture
SELECT content FROM settlement.forfeitures WHERE deposit_id = $1;

-- name: insert_forfeiture
INSERT INTO settlement.forfeitures (deposit_id, content, transfer_id, used_at) VALUES ($1, $2, $3, $4);

-- name: forfeitures_of_lot
SELECT f.deposit_id, f.content
  FROM settlement.forfeitures f JOIN settlement.deposits d ON d.id = f.deposit_id
 WHERE d.lot_id = $1 ORDER BY f.deposit_id;
