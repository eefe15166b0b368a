-- Which consignments of a bank, or at a venue, a form offers to choose among.

-- name: of_bank
SELECT id, number, title FROM market.consignments
 WHERE organisation_id = $1 AND state = ANY ($2::text[]) ORDER BY id DESC LIMIT $3;

-- name: at_venue
SELECT id, number, title FROM market.consignments
 WHERE venue_id = $1 AND approved_by IS NOT NULL AND state = ANY ($2::text[]) ORDER BY id DESC LIMIT $3;

-- name: rights_of_loan
SELECT DISTINCT a.id, a.title, a.number
  FROM market.pledges p
  JOIN market.pledge_assets pa ON pa.pledge_id = p.id
  JOIN market.assets a ON a.id = pa.asset_id
 WHERE p.case_id = $1 AND p.organisation_id = $2 AND p.state <> 'cancelled'
 ORDER BY a.id
 LIMIT $3;
