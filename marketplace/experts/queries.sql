-- name: insert
-- A new expert.
INSERT INTO market.experts
       (id, organisation_id, user_id, name, employer_name, employer_code, fields, credentials, interests, state,
        created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, 'active', $10, $10);

-- name: change
-- What an entry says from now on, if nobody changed it since `version`.
UPDATE market.experts
   SET user_id = $3, name = $4, employer_name = $5, employer_code = $6, fields = $7, credentials = $8,
       interests = $9::text::jsonb, state = $10, version = version + 1, updated_at = $11
 WHERE id = $1 AND version = $2;

-- name: by_id
-- One expert of a base; NULL asks for any base.
SELECT id, organisation_id, user_id, name, employer_name, employer_code, fields, credentials, interests::text AS interests,
       state, version, created_at, updated_at
  FROM market.experts
 WHERE id = $1 AND ($2::uuid IS NULL OR organisation_id = $2);

-- name: page
-- Experts after a cursor.
SELECT id, organisation_id, user_id, name, employer_name, employer_code, fields, credentials, interests::text AS interests,
       state, version, created_at, updated_at
  FROM market.experts
 WHERE ($1::uuid IS NULL OR id > $1) AND ($2::uuid IS NULL OR organisation_id = $2)
 ORDER BY id
 LIMIT $3;

-- name: base
-- Everybody in one base, for a draw.
SELECT id, organisation_id, user_id, name, employer_name, employer_code, fields, credentials, interests::text AS interests,
       state, version, created_at, updated_at
  FROM market.experts
 WHERE organisation_id = $1 AND state <> 'removed'
 ORDER BY id;

-- name: insert_draw
-- A draw, with all that is needed to repeat it.
INSERT INTO market.expert_draws
       (id, organisation_id, subject, subject_id, purpose, quotas, parties, seed, candidates, excluded, drawn_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7::text::jsonb, $8, $9::text::jsonb, $10::text::jsonb, $11, $12);

-- name: insert_standing
-- The draw that counts for its subject and purpose; the index refuses a second.
INSERT INTO market.expert_standing_draws (draw_id, organisation_id, subject_id, purpose) VALUES ($1, $2, $3, $4);

-- name: insert_seat
-- A seat on the panel.
INSERT INTO market.expert_seats (draw_id, expert_id, position, field, state) VALUES ($1, $2, $3, $4, 'drawn');

-- name: draw_by_id
-- One draw with its standing.
SELECT d.id, d.organisation_id, d.subject, d.subject_id, d.purpose, d.quotas::text AS quotas, d.parties::text AS parties,
       d.seed, d.candidates::text AS candidates, d.excluded::text AS excluded, d.drawn_by, d.created_at, s.set_aside_by, s.reason
  FROM market.expert_draws d JOIN market.expert_standing_draws s ON s.draw_id = d.id
 WHERE d.id = $1 AND ($2::uuid IS NULL OR d.organisation_id = $2);

-- name: draws_page
-- Draws after a cursor.
SELECT d.id, d.organisation_id, d.subject, d.subject_id, d.purpose, d.quotas::text AS quotas, d.parties::text AS parties,
       d.seed, d.candidates::text AS candidates, d.excluded::text AS excluded, d.drawn_by, d.created_at, s.set_aside_by, s.reason
  FROM market.expert_draws d JOIN market.expert_standing_draws s ON s.draw_id = d.id
 WHERE ($1::uuid IS NULL OR d.id > $1) AND ($2::uuid IS NULL OR d.organisation_id = $2)
 ORDER BY d.id
 LIMIT $3;

-- name: standing_of
-- The draw that counts for a subject and purpose.
SELECT draw_id FROM market.expert_standing_draws
 WHERE organisation_id = $1 AND subject_id = $2 AND purpose = $3 AND set_aside_by IS NULL;

-- name: lock_draw
-- The draw's standing, locked until the transaction ends.
SELECT draw_id FROM market.expert_standing_draws WHERE draw_id = $1 FOR UPDATE;

-- name: seats
-- The seats of draws, in order.
SELECT draw_id, expert_id, position, field, state, statement, declared_by, declared_at
  FROM market.expert_seats WHERE draw_id = ANY ($1::uuid[]) ORDER BY draw_id, position;

-- name: declare
-- What an expert said.
UPDATE market.expert_seats SET state = $3, statement = $4, declared_by = $5, declared_at = $6
 WHERE draw_id = $1 AND expert_id = $2;

-- name: set_aside
-- The draw counts no more.
UPDATE market.expert_standing_draws SET set_aside_by = $2, set_aside_at = $3, reason = $4 WHERE draw_id = $1;

-- name: tasks
-- The draws in which a person sits, by their account.
SELECT s.draw_id FROM market.expert_seats s JOIN market.experts e ON e.id = s.expert_id
  JOIN market.expert_standing_draws d ON d.draw_id = s.draw_id
 WHERE e.user_id = $1 AND d.set_aside_by IS NULL
 ORDER BY s.draw_id DESC LIMIT 100;
