-- name: figures
-- What stands behind each of these loans: rights, their newest values, open alerts.
SELECT l.id AS case_id,
       (SELECT count(DISTINCT a.asset_id) FROM market.pledge_assets a JOIN market.pledges p ON p.id = a.pledge_id
         WHERE p.case_id = l.id AND p.state <> 'cancelled') AS rights,
       (SELECT count(*) FROM market.alerts x WHERE x.case_id = l.id AND x.state IN ('open', 'under_review', 'frozen')) AS alerts
  FROM market.loan_cases l WHERE l.id = ANY ($1::uuid[]);

-- name: parts
-- Everything that belongs to a loan, by which the audit trail names it.
SELECT l.id::text FROM market.loan_cases l WHERE l.id = $1
UNION SELECT p.id::text FROM market.pledges p WHERE p.case_id = $1
UNION SELECT a.asset_id::text FROM market.pledge_assets a JOIN market.pledges p ON p.id = a.pledge_id WHERE p.case_id = $1
UNION SELECT v.valuation_id::text FROM market.valuation_assets v JOIN market.pledge_assets a ON a.asset_id = v.asset_id
        JOIN market.pledges p ON p.id = a.pledge_id WHERE p.case_id = $1
UNION SELECT c.id::text FROM market.consignments c WHERE c.case_id = $1
UNION SELECT x.id::text FROM market.alerts x WHERE x.case_id = $1;

-- name: trail
-- What was done to any of them, the newest first.
SELECT at, action, subject, subject_id, reason FROM market.audit_entries
 WHERE subject_id = ANY ($1::text[]) ORDER BY id DESC LIMIT 500;

-- name: assets_of_case
SELECT DISTINCT a.asset_id FROM market.pledge_assets a JOIN market.pledges p ON p.id = a.pledge_id
 WHERE p.case_id = $1 AND p.state <> 'cancelled';

-- name: consignments_of_case
SELECT id FROM market.consignments WHERE case_id = $1 ORDER BY id;
