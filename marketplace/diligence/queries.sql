-- name: insert_run
-- A run, for good.
INSERT INTO market.diligence_runs
       (id, consignment_id, organisation_id, venue_id, checks_version, cause, outcome, findings, made_by, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9, $10);

-- name: latest
-- The last run over a consignment.
SELECT id, consignment_id, organisation_id, venue_id, checks_version, cause, outcome, findings::text AS findings, made_by, made_at
  FROM market.diligence_runs WHERE consignment_id = $1 ORDER BY id DESC LIMIT 1;

-- name: outcomes
-- What the last run over each of these consignments came to.
SELECT DISTINCT ON (consignment_id) consignment_id, outcome
  FROM market.diligence_runs WHERE consignment_id = ANY ($1::uuid[])
 ORDER BY consignment_id, id DESC;

-- name: runs
-- The runs over a consignment, the newest first.
SELECT id, consignment_id, organisation_id, venue_id, checks_version, cause, outcome, findings::text AS findings, made_by, made_at
  FROM market.diligence_runs WHERE consignment_id = $1 ORDER BY id DESC LIMIT 100;

-- name: overrides
-- What checkers passed over in a consignment.
SELECT encode(evidence_sha256, 'hex') AS evidence_sha256, reason, overridden_by
  FROM market.diligence_overrides WHERE consignment_id = $1;

-- name: insert_override
-- A checker passed over a finding; nothing if one did before.
INSERT INTO market.diligence_overrides
       (id, consignment_id, organisation_id, venue_id, code, evidence_sha256, finding, reason, overridden_by, overridden_at)
VALUES ($1, $2, $3, $4, $5, decode($6, 'hex'), $7::text::jsonb, $8, $9, $10)
ON CONFLICT (consignment_id, evidence_sha256) DO NOTHING;
