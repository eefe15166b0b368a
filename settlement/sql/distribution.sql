-- name: withdraw_cost_sheet
UPDATE settlement.cost_sheets SET state = 'WITHDRAWN' WHERE lot_id = $1 AND state = 'DRAFT';

-- name: insert_cost_sheet
INSERT INTO settlement.cost_sheets (id, lot_id, content, state, drafted_by, drafted_at)
VALUES ($1, $2, $3, 'DRAFT', $4, $5);

-- name: cost_sheet
SELECT id, lot_id, content, content_hash, state, drafted_by, drafted_at, locked_by, locked_at
  FROM settlement.cost_sheets WHERE lot_id = $1 AND state <> 'WITHDRAWN'
   FOR UPDATE;

-- name: lock_cost_sheet
UPDATE settlement.cost_sheets SET state = 'LOCKED', locked_by = $2, locked_at = $3 WHERE id = $1;

-- name: insert_plan
INSERT INTO settlement.plans (id, lot_id, content, state, drafted_by, drafted_at, objection_until)
VALUES ($1, $2, $3, 'DRAFT', $4, $5, $6);

-- name: lock_plan
SELECT id, lot_id, content, content_hash, state, drafted_by, drafted_at, objection_until, approved_by,
       approved_at, approved_hash, paid_at, transfer_id
  FROM settlement.plans WHERE id = $1
   FOR UPDATE;

-- name: plan_of_lot
SELECT id, lot_id, content, content_hash, state, drafted_by, drafted_at, objection_until, approved_by,
       approved_at, approved_hash, paid_at, transfer_id
  FROM settlement.plans WHERE lot_id = $1 AND state <> 'WITHDRAWN';

-- name: approve_plan
UPDATE settlement.plans SET state = 'APPROVED', approved_by = $2, approved_at = $3, approved_hash = $4
 WHERE id = $1;

-- name: withdraw_plan
UPDATE settlement.plans SET state = 'WITHDRAWN' WHERE id = $1;

-- name: mark_paid
UPDATE settlement.plans SET state = 'PAID', paid_at = $2, transfer_id = $3 WHERE id = $1;
