-- name: insert
-- A new valuation.
INSERT INTO market.valuations
       (id, organisation_id, report_number, kind, method, valuer_name, base_on, value_fen, valid_to, import_id,
        created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11);

-- name: insert_asset
-- One right that a valuation is about.
INSERT INTO market.valuation_assets (valuation_id, asset_id) VALUES ($1, $2);

-- name: by_id
-- One valuation that the caller may see.
SELECT id, organisation_id, report_number, kind, method, valuer_name, base_on, value_fen, valid_to, import_id, version,
       created_at, updated_at,
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
       created_at, updated_at,
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
       created_at, updated_at,
       ARRAY(SELECT asset_id FROM market.valuation_assets WHERE valuation_id = v.id ORDER BY asset_id) AS asset_ids
  FROM market.valuations v
 WHERE EXISTS (SELECT FROM market.valuation_assets a WHERE a.valuation_id = v.id AND a.asset_id = ANY ($1::uuid[]))
 ORDER BY base_on DESC, id DESC;

-- name: largest_loans
-- For each of these rights the largest loan that it secures, by pledges that are not cancelled.
SELECT a.asset_id, max(l.loan_amount_fen) AS loan_amount_fen FROM market.pledge_assets a
  JOIN market.pledges p ON p.id = a.pledge_id AND p.state <> 'cancelled'
  JOIN market.loan_cases l ON l.id = p.case_id
 WHERE a.asset_id = ANY ($1::uuid[])
 GROUP BY a.asset_id;

-- name: known
-- Which of these reports an organisation has on record.
SELECT report_number FROM market.valuations WHERE organisation_id = $1 AND report_number = ANY ($2::text[]);
