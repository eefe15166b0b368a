-- name: insert
-- A new pledge.
INSERT INTO market.pledges
       (id, organisation_id, case_id, registration_number, registered_on, pledgee_name, pledgee_code, pledgor_name,
        pledgor_code, secured_amount_fen, is_maximum, joint_pledgees, state, import_id, created_at, updated_at, lead_share_bp)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::jsonb, $13, $14, $15, $15, $16);

-- name: insert_asset
-- One right under a pledge.
INSERT INTO market.pledge_assets (pledge_id, asset_id) VALUES ($1, $2);

-- name: by_id
-- One pledge that the caller may see.
SELECT id, organisation_id, case_id, registration_number, registered_on, pledgee_name, pledgee_code, pledgor_name,
       pledgor_code, secured_amount_fen, is_maximum, joint_pledgees::text AS joint_pledgees, lead_share_bp, state, import_id,
       version,
       created_at, updated_at,
       ARRAY(SELECT asset_id FROM market.pledge_assets WHERE pledge_id = p.id ORDER BY asset_id) AS asset_ids
  FROM market.pledges p
 WHERE id = $1
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR EXISTS (SELECT FROM market.consigned_cases c WHERE c.case_id = p.case_id AND c.venue_id = $3));

-- name: lock
-- One pledge of an organisation, locked until the transaction ends.
SELECT id, state, registration_number FROM market.pledges WHERE id = $1 AND organisation_id = $2 FOR UPDATE;

-- name: page
-- The pledges after a cursor that the caller may see, oldest first.
SELECT id, organisation_id, case_id, registration_number, registered_on, pledgee_name, pledgee_code, pledgor_name,
       pledgor_code, secured_amount_fen, is_maximum, joint_pledgees::text AS joint_pledgees, lead_share_bp, state, import_id,
       version,
       created_at, updated_at,
       ARRAY(SELECT asset_id FROM market.pledge_assets WHERE pledge_id = p.id ORDER BY asset_id) AS asset_ids
  FROM market.pledges p
 WHERE ($1::uuid IS NULL OR id > $1)
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR EXISTS (SELECT FROM market.consigned_cases c WHERE c.case_id = p.case_id AND c.venue_id = $3))
 ORDER BY id
 LIMIT $4;

-- name: over_assets
-- Every pledge over any of these rights, the earlier registered first (that is their rank, Civil Code 414).
SELECT id, organisation_id, case_id, registration_number, registered_on, pledgee_name, pledgee_code, pledgor_name,
       pledgor_code, secured_amount_fen, is_maximum, joint_pledgees::text AS joint_pledgees, lead_share_bp, state, import_id,
       version,
       created_at, updated_at,
       ARRAY(SELECT asset_id FROM market.pledge_assets WHERE pledge_id = p.id ORDER BY asset_id) AS asset_ids
  FROM market.pledges p
 WHERE EXISTS (SELECT FROM market.pledge_assets a WHERE a.pledge_id = p.id AND a.asset_id = ANY ($1::uuid[]))
 ORDER BY registered_on, id;

-- name: pledged_assets
-- Which of these rights stand under a pledge that is not cancelled.
SELECT DISTINCT a.asset_id FROM market.pledge_assets a
  JOIN market.pledges p ON p.id = a.pledge_id
 WHERE a.asset_id = ANY ($1::uuid[]) AND p.state <> 'cancelled';

-- name: set_state
-- The pledge's next state.
UPDATE market.pledges SET state = $2, version = version + 1, updated_at = $3 WHERE id = $1;

-- name: change
-- What a registered change changed.
UPDATE market.pledges
   SET pledgee_name = $2, pledgee_code = $3, secured_amount_fen = $4, joint_pledgees = $5::text::jsonb, lead_share_bp = $6,
       state = 'changed', version = version + 1, updated_at = $7
 WHERE id = $1;

-- name: release_assets
-- Rights that the change took out of the registration.
DELETE FROM market.pledge_assets WHERE pledge_id = $1 AND NOT asset_id = ANY ($2::uuid[]);

-- name: insert_change
-- The change itself, for good.
INSERT INTO market.pledge_changes
       (pledge_id, position, organisation_id, change_number, changed_on, before, after, reason, recorded_by, created_at)
SELECT $1, count(*) + 1, $2, $3, $4, $5::text::jsonb, $6::text::jsonb, $7, $8, $9
  FROM market.pledge_changes WHERE pledge_id = $1;

-- name: changes
-- The changes of a pledge, oldest first.
SELECT position, change_number, changed_on, before::text AS before, after::text AS after, reason, recorded_by, created_at
  FROM market.pledge_changes WHERE pledge_id = $1 ORDER BY position;

-- name: known
-- Which of these registrations an organisation has on record.
SELECT registration_number FROM market.pledges
 WHERE organisation_id = $1 AND registration_number = ANY ($2::text[]);
