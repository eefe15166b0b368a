-- Which consignments of a bank, or at a venue, a form offers to choose among.

-- name: of_bank
SELECT id, number, title FROM market.consignments
 WHERE organisation_id = $1 AND state = ANY ($2::text[]) ORDER BY id DESC LIMIT $3;

-- name: at_venue
SELECT id, number, title FROM market.consignments
 WHERE venue_id = $1 AND approved_by IS NOT NULL AND state = ANY ($2::text[]) ORDER BY id DESC LIMIT $3;
