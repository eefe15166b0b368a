-- name: lock_subject
-- One decision at a time about a subject.
SELECT pg_advisory_xact_lock(hashtextextended('approval:' || $1 || ':' || $2, 0));

-- name: insert
INSERT INTO market.approvals (id, organisation_id, kind, subject_id, content, sha256, amount_fen, checkers, reason, asked_by,
                              asked_at, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'pending');

-- name: open_of_subject
-- What is asked about a subject and not settled, or approved and not used; $1 null: of whichever organisation.
SELECT * FROM market.approvals
 WHERE ($1::uuid IS NULL OR organisation_id = $1) AND kind = $2 AND subject_id = $3 AND state IN ('pending', 'approved')
   FOR UPDATE;

-- name: standing_of_subject
SELECT * FROM market.approvals
 WHERE organisation_id = $1 AND kind = $2 AND subject_id = $3 AND state IN ('pending', 'approved');

-- name: newest_of_subject
SELECT state, sha256 FROM market.approvals
 WHERE organisation_id = $1 AND kind = $2 AND subject_id = $3
 ORDER BY id DESC
 LIMIT 1;

-- name: lock
SELECT * FROM market.approvals WHERE id = $1 AND organisation_id = $2 FOR UPDATE;

-- name: lock_asked
SELECT * FROM market.approvals WHERE id = $1 AND (organisation_id = $2 OR kind = $3) FOR UPDATE;

-- name: was_asked
SELECT EXISTS (SELECT FROM market.approvals WHERE kind = $1 AND subject_id = $2);

-- name: other_administrators
-- Whether somebody administers the platform who is neither of these two people.
SELECT EXISTS (SELECT FROM market.users u
                WHERE u.is_active AND 'platform_administrator' = ANY (u.roles)
                  AND NOT EXISTS (SELECT FROM market.users a WHERE a.id IN ($1, $2) AND a.person_id = u.person_id));

-- name: by_id
-- One that the caller may see: $2 is the organisation, or null for who sees all; $3 a kind that is seen of all.
SELECT * FROM market.approvals WHERE id = $1 AND ($2::uuid IS NULL OR organisation_id = $2 OR kind = $3);

-- name: page
SELECT * FROM market.approvals
 WHERE ($1::uuid IS NULL OR organisation_id = $1 OR kind = $2) AND ($3::uuid IS NULL OR id < $3)
   AND ($4::text IS NULL OR state = $4)
 ORDER BY id DESC
 LIMIT $5;

-- name: waiting
-- What an organisation asked of kinds ($2) and is not settled, oldest first, but what this person ($3) asked or decided.
SELECT a.* FROM market.approvals a
 WHERE a.organisation_id = $1 AND a.kind = ANY ($2) AND a.state = 'pending'
   AND NOT EXISTS (SELECT FROM market.users me JOIN market.users own ON own.id = me.id OR own.person_id = me.person_id
                    WHERE me.id = $3
                      AND (own.id = a.asked_by
                           OR EXISTS (SELECT FROM market.approval_decisions d WHERE d.approval_id = a.id AND d.decided_by = own.id)))
 ORDER BY a.id
 LIMIT $4;

-- name: names
-- What people call whom and what these ids stand for: users, who is invited, organisations, loans, rights, consignments,
-- plans, lots.
SELECT id, display_name AS name FROM market.users WHERE id = ANY ($1::uuid[])
UNION ALL SELECT id, display_name FROM market.invitations WHERE id = ANY ($1::uuid[])
UNION ALL SELECT id, name FROM market.organisations WHERE id = ANY ($1::uuid[])
UNION ALL SELECT id, number FROM market.consignments WHERE id = ANY ($1::uuid[])
UNION ALL SELECT id, number FROM market.plans WHERE id = ANY ($1::uuid[])
UNION ALL SELECT id, contract_number || ' ' || borrower_name FROM market.loan_cases WHERE id = ANY ($1::uuid[])
UNION ALL SELECT id, title FROM market.assets WHERE id = ANY ($1::uuid[])
UNION ALL SELECT id, number FROM market.lots WHERE id = ANY ($1::uuid[]);

-- name: decisions
SELECT approval_id, decided_by, is_yes, reason, decided_at
  FROM market.approval_decisions
 WHERE approval_id = ANY ($1::uuid[])
 ORDER BY decided_at, decided_by;

-- name: insert_decision
INSERT INTO market.approval_decisions (approval_id, decided_by, is_yes, reason, sha256, decided_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: set_state
UPDATE market.approvals SET state = $2, settled_at = $3 WHERE id = $1;

-- name: set_checkers
UPDATE market.approvals SET checkers = $2 WHERE id = $1;

-- name: recount
-- A new limit: two agree to what waits from that amount on.
UPDATE market.approvals SET checkers = 2
 WHERE organisation_id = $1 AND state = 'pending' AND checkers < 2 AND amount_fen >= $2;

-- name: limit
SELECT version, two_checkers_from_fen, approval_id, set_at
  FROM market.approval_limits
 WHERE organisation_id = $1
 ORDER BY version DESC
 LIMIT $2;

-- name: insert_limit
INSERT INTO market.approval_limits (organisation_id, version, two_checkers_from_fen, approval_id, set_at)
SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4
  FROM market.approval_limits
 WHERE organisation_id = $1;

-- name: same_person
-- Whether two accounts are one person's.
SELECT EXISTS (SELECT FROM market.users a JOIN market.users b ON b.person_id = a.person_id WHERE a.id = $1 AND b.id = $2);
