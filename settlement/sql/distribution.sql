-- name: withdraw_cost_sheet
UPDATE settlement.cost_sheets SET state = 'WITHDRAWN' WHERE lot_id = $1 AND state = 'DRAFT';

-- name: insert_cost_sheet
INSERT INTO settlement.cost_sheets (id, lot_id, content, state, drafted_by, drafted_at)
VALUES ($1, $2, $3, 'DRAFT', $4, $5);

-- name: cost_sheet
-- Whoever changes it has locked its sale.
SELECT id, lot_id, content, content_hash, state, drafted_by, drafted_at, locked_by, locked_at
  FROM settlement.cost_sheets WHERE lot_id = $1 AND state <> 'WITHDRAWN';

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

-- name: withdraw_standing
-- The plan of a lot that is not paid, if there is one.
UPDATE settlement.plans SET state = 'WITHDRAWN' WHERE lot_id = $1 AND state IN ('DRAFT', 'APPROVED');

-- name: insert_objection
INSERT INTO settlement.objections (id, plan_id, objector, grounds, state, entered_by, entered_at)
VALUES ($1, $2, $3, $4, 'OPEN', $5, $6);

-- name: objections
SELECT id, plan_id, objector, grounds, state, entered_by, entered_at, answer, answered_by, answered_at
  FROM settlement.objections WHERE plan_id = $1 ORDER BY entered_at, id;

-- name: lock_objection
SELECT id, plan_id, objector, grounds, state, entered_by, entered_at, answer, answered_by, answered_at
  FROM settlement.objections WHERE id = $1 FOR UPDATE;

-- name: answer_objection
UPDATE settlement.objections SET state = $2, answer = $3, answered_by = $4, answered_at = $5 WHERE id = $1;

-- name: open_objections
SELECT count(*) FROM settlement.objections WHERE plan_id = $1 AND state = 'OPEN';

-- name: insert_sale_claims
INSERT INTO settlement.sale_claims (lot_id, version, content, entered_by, entered_at)
VALUES ($1, 1 + coalesce((SELECT max(version) FROM settlement.sale_claims WHERE lot_id = $1), 0), $2, $3, $4);

-- name: sale_claims
SELECT content FROM settlement.sale_claims WHERE lot_id = $1 ORDER BY version DESC LIMIT 1;

-- name: plans_of_case
-- What stands for a loan by the plans of lots but one ($2), its own and those that stand for several loans; or what was paid ($3).
SELECT p.lot_id, p.content, s.consignor_id
  FROM settlement.plans p JOIN settlement.sales s ON s.lot_id = p.lot_id
 WHERE (s.case_id = $1 OR convert_from(p.content, 'UTF8')::jsonb -> 'debts'
                            @> jsonb_build_array(jsonb_build_object('debt', $1::uuid::text)))
   AND ($2::uuid IS NULL OR p.lot_id <> $2) AND p.state <> 'WITHDRAWN' AND s.state <> 'RESCINDED'
   AND ($3::boolean IS NOT TRUE OR p.state = 'PAID')
 ORDER BY p.drafted_at, p.id;

-- name: sold_for_cases
-- The lots that were sold and stand for any of these loans, their own or one that was entered with their claims, and these
-- lots ($3), with the costs that are known, in the order sold.
SELECT s.lot_id, s.case_id, s.hammer_price_fen, c.content, k.content AS claims
  FROM settlement.sales s
  LEFT JOIN settlement.cost_sheets c ON c.lot_id = s.lot_id AND c.state <> 'WITHDRAWN'
  LEFT JOIN LATERAL (SELECT content FROM settlement.sale_claims WHERE lot_id = s.lot_id ORDER BY version DESC LIMIT 1) k ON true
 WHERE s.state NOT IN ('DEFAULTED', 'RESCINDED') AND s.case_id IS NOT NULL
   AND (s.case_id = ANY ($1::uuid[]) OR s.lot_id = ANY ($3::uuid[])
        OR s.lot_id IN (SELECT e.lot_id FROM settlement.sale_claims e
                         WHERE convert_from(e.content, 'UTF8')::jsonb -> 'other_loans' ?| $2::text[]))
 ORDER BY s.sold_at, s.lot_id;

-- name: sold_of_case
-- The lots of a loan that were sold and stand, with the costs that are known, in the order sold.
SELECT s.lot_id, s.hammer_price_fen, c.content
  FROM settlement.sales s
  LEFT JOIN settlement.cost_sheets c ON c.lot_id = s.lot_id AND c.state <> 'WITHDRAWN'
 WHERE s.case_id = $1 AND s.state NOT IN ('DEFAULTED', 'RESCINDED')
 ORDER BY s.sold_at, s.lot_id;
