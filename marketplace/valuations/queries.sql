-- name: insert
-- A new valuation.
INSERT INTO market.valuations
       (id, organisation_id, report_number, kind, method, valuer_name, base_on, value_fen, valid_to, import_id,
        created_at, updated_at, valuer_licence, is_filed, computation, scores)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13, $14::text::jsonb, $15::text::jsonb);

-- name: insert_asset
-- One right that a valuation is about.
INSERT INTO market.valuation_assets (valuation_id, asset_id) VALUES ($1, $2);

-- name: by_id
-- One valuation that the caller may see.
SELECT id, organisation_id, report_number, kind, method, valuer_name, base_on, value_fen, valid_to, import_id, version,
       created_at, updated_at, valuer_licence, is_filed, computation::text AS computation, scores::text AS scores,
       ARRAY(SELECT asset_id FROM market.valuation_assets WHERE valuation_id = v.id ORDER BY asset_id) AS asset_ids
  FROM market.valuations v
 WHERE id = $1
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR EXISTS (
         SELECT FROM market.valuation_assets a JOIN market.consigned_assets c ON c.asset_id = a.asset_id
          WHERE a.valuation_id = v.id AND c.venue_id = $3));

-- name: page
-- The valuations after a cursor that the caller may see, oldest first.
SELECT id, organisation_id, report_number, kind, method, valuer_name, base_on, value_fen, valid_to, import_id, version,
       created_at, updated_at, valuer_licence, is_filed, computation::text AS computation, scores::text AS scores,
       ARRAY(SELECT asset_id FROM market.valuation_assets WHERE valuation_id = v.id ORDER BY asset_id) AS asset_ids
  FROM market.valuations v
 WHERE ($1::uuid IS NULL OR id > $1)
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR EXISTS (
         SELECT FROM market.valuation_assets a JOIN market.consigned_assets c ON c.asset_id = a.asset_id
          WHERE a.valuation_id = v.id AND c.venue_id = $3))
 ORDER BY id
 LIMIT $4;

-- name: of_assets
-- Every valuation about any of these rights, the newest base date first.
SELECT id, organisation_id, report_number, kind, method, valuer_name, base_on, value_fen, valid_to, import_id, version,
       created_at, updated_at, valuer_licence, is_filed, computation::text AS computation, scores::text AS scores,
       ARRAY(SELECT asset_id FROM market.valuation_assets WHERE valuation_id = v.id ORDER BY asset_id) AS asset_ids
  FROM market.valuations v
 WHERE EXISTS (SELECT FROM market.valuation_assets a WHERE a.valuation_id = v.id AND a.asset_id = ANY ($1::uuid[]))
 ORDER BY base_on DESC, id DESC;

-- name: recognised_over
-- Reports of other banks about these rights, which their own bank ($2) recognises and which hold on a day ($3); `asset_ids`
-- are this bank's rights of the same kind and number, and a report counts only where all that it is about are among them.
SELECT v.id, v.organisation_id, v.report_number, v.kind, v.method, v.valuer_name, v.base_on, v.value_fen, v.valid_to,
       v.import_id, v.version, v.created_at, v.updated_at, v.valuer_licence, v.is_filed,
       v.computation::text AS computation, v.scores::text AS scores, found.asset_ids
  FROM market.valuation_recognitions r
  JOIN market.valuations v ON v.id = r.valuation_id
  CROSS JOIN LATERAL (
         SELECT array_agg(own.id ORDER BY own.id) AS asset_ids, count(*) = count(own.id) AS is_whole
           FROM market.valuation_assets a
           JOIN market.assets theirs ON theirs.id = a.asset_id
           LEFT JOIN market.assets own ON own.ip_type = theirs.ip_type AND own.number = theirs.number
                                      AND own.organisation_id = r.organisation_id AND own.id = ANY ($1::uuid[])
          WHERE a.valuation_id = v.id) AS found
 WHERE r.organisation_id = $2 AND r.cleared_at IS NULL AND v.organisation_id <> r.organisation_id
   AND $3::date BETWEEN v.base_on AND v.valid_to AND found.is_whole
 ORDER BY v.base_on DESC, v.id DESC;

-- name: largest_loans
-- For each of these rights the loans that it secures, by pledges that are not cancelled: of each contract the amount.
SELECT a.asset_id, l.organisation_id, l.contract_number, l.loan_amount_fen FROM market.pledge_assets a
  JOIN market.pledges p ON p.id = a.pledge_id AND p.state <> 'cancelled'
  JOIN market.loan_cases l ON l.id = p.case_id
 WHERE a.asset_id = ANY ($1::uuid[]);

-- name: known
-- Which of these reports an organisation has on record.
SELECT report_number FROM market.valuations WHERE organisation_id = $1 AND report_number = ANY ($2::text[]);

-- name: lock_any
-- One valuation of whichever bank, locked for a recognition.
SELECT id, organisation_id, report_number, base_on, valid_to FROM market.valuations WHERE id = $1 FOR SHARE;

-- name: recognise
-- A bank takes the report as its own; nothing if it does already.
INSERT INTO market.valuation_recognitions (valuation_id, organisation_id, recognised_by, recognised_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (valuation_id, organisation_id) WHERE cleared_at IS NULL DO NOTHING;

-- name: clear_own
-- A bank takes it as its own no more.
UPDATE market.valuation_recognitions SET cleared_at = $3, cleared_reason = $4
 WHERE valuation_id = $1 AND organisation_id = $2 AND cleared_at IS NULL;

-- name: clear_all
-- Something happened to a right: no bank takes reports about it as its own any more, whichever bank's record they are in.
UPDATE market.valuation_recognitions r SET cleared_at = $3, cleared_reason = $4
 WHERE cleared_at IS NULL
   AND EXISTS (SELECT FROM market.valuation_assets v JOIN market.assets a ON a.id = v.asset_id
                WHERE v.valuation_id = r.valuation_id AND a.ip_type = $1 AND a.number = $2)
RETURNING valuation_id, organisation_id;

-- name: registry
-- Reports from outside about a right, of whichever bank, that hold on a day; the newest first.
SELECT v.id AS valuation_id, v.organisation_id, v.report_number, v.kind, v.method, v.valuer_name, v.valuer_licence, v.base_on,
       v.valid_to, v.value_fen,
       ARRAY(SELECT DISTINCT a.number FROM market.valuation_assets x JOIN market.assets a ON a.id = x.asset_id
              WHERE x.valuation_id = v.id ORDER BY a.number) AS numbers
  FROM market.valuations v
 WHERE v.kind = 'external' AND v.base_on <= $2 AND v.valid_to >= $2
   AND EXISTS (SELECT FROM market.valuation_assets x JOIN market.assets a ON a.id = x.asset_id
                WHERE x.valuation_id = v.id AND a.number = $1)
 ORDER BY v.base_on DESC, v.id DESC
 LIMIT 100;

-- name: recognitions
-- Which banks took these reports as theirs.
SELECT r.valuation_id, r.organisation_id, o.name AS organisation_name, r.recognised_at, r.cleared_at, r.cleared_reason
  FROM market.valuation_recognitions r JOIN market.organisations o ON o.id = r.organisation_id
 WHERE r.valuation_id = ANY ($1::uuid[])
 ORDER BY r.recognised_at;
