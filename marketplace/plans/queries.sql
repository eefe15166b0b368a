-- name: insert
INSERT INTO market.plans (id, number, consignment_id, organisation_id, venue_id, content, sha256, drafted_by, created_at, updated_at)
VALUES ($1, 'CZ-' || to_char($8::timestamptz AT TIME ZONE 'Asia/Shanghai', 'YYYY') || '-'
            || lpad(nextval('market.plan_numbers')::text, 6, '0'), $2, $3, $4, $5, $6, $7, $8, $8);

-- name: insert_step
INSERT INTO market.plan_steps (plan_id, n, kind, terms) VALUES ($1, $2, $3, $4::jsonb);

-- name: delete_planned
-- What has not begun gives way to what was approved instead.
DELETE FROM market.plan_steps WHERE plan_id = $1 AND state = 'planned';

-- name: by_id
-- A plan, for its bank, its venue, and whoever sees all ($3).
SELECT id, number, consignment_id, organisation_id, venue_id, state, content, sha256, drafted_by, approved_by, started_by,
       reason, version, created_at, updated_at
  FROM market.plans WHERE id = $1 AND ($3::boolean OR $2::uuid IN (organisation_id, venue_id));

-- name: lock
SELECT id, number, consignment_id, organisation_id, venue_id, state, content, sha256, drafted_by, approved_by, started_by,
       reason, version, created_at, updated_at
  FROM market.plans WHERE id = $1 FOR UPDATE;

-- name: page
SELECT id, number, consignment_id, organisation_id, venue_id, state, content, sha256, drafted_by, approved_by, started_by,
       reason, version, created_at, updated_at
  FROM market.plans
 WHERE ($3::boolean OR $2::uuid IN (organisation_id, venue_id)) AND ($1::uuid IS NULL OR id < $1)
 ORDER BY id DESC LIMIT $4;

-- name: plan_of_subject
SELECT plan_id FROM market.plan_steps WHERE subject_id = $1;

-- name: steps
SELECT n, kind, terms::text, state, subject_id, reason, begun_at, ended_at
  FROM market.plan_steps WHERE plan_id = $1 ORDER BY n;

-- name: set_state
UPDATE market.plans
   SET state = $2, approved_by = coalesce($3, approved_by), started_by = coalesce($4, started_by),
       reason = coalesce($5, reason), version = version + 1, updated_at = $6
 WHERE id = $1;

-- name: set_content
UPDATE market.plans SET content = $2, sha256 = $3, version = version + 1, updated_at = $4 WHERE id = $1;

-- name: set_step
UPDATE market.plan_steps
   SET state = $3, subject_id = coalesce($4, subject_id), reason = coalesce($5, reason),
       begun_at = coalesce(begun_at, CASE WHEN $3 IN ('running', 'held') THEN $6::timestamptz END),
       ended_at = CASE WHEN $3 IN ('succeeded', 'failed', 'skipped') THEN $6::timestamptz END
 WHERE plan_id = $1 AND n = $2;

-- name: insert_change
INSERT INTO market.plan_changes (id, plan_id, content, sha256, reason, proposed_by, proposed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: changes
SELECT id, plan_id, content, sha256, reason, state, proposed_by, proposed_at, decided_by, decided_at
  FROM market.plan_changes WHERE plan_id = $1 ORDER BY proposed_at, id;

-- name: decide_change
UPDATE market.plan_changes SET state = $2, decided_by = $3, decided_at = $4 WHERE id = $1;
