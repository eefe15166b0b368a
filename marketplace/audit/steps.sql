-- name: sides
-- Whose record the subject is, and which venue's: whatever its kind, ids are unique.
SELECT organisation_id, venue_id FROM market.plans WHERE id = $1
UNION ALL
SELECT p.organisation_id, p.venue_id FROM market.plan_changes c JOIN market.plans p ON p.id = c.plan_id WHERE c.id = $1
UNION ALL
SELECT organisation_id, venue_id FROM market.set_offs WHERE id = $1
UNION ALL
SELECT organisation_id, venue_id FROM market.recorded_routes WHERE id = $1
UNION ALL
SELECT organisation_id, venue_id FROM market.licence_offers WHERE id = $1
UNION ALL
SELECT organisation_id, venue_id FROM market.licence_grants WHERE id = $1
UNION ALL
SELECT organisation_id, venue_id FROM market.mandates WHERE id = $1
UNION ALL
SELECT venue_id, venue_id FROM market.auction_sessions WHERE id = $1
UNION ALL
SELECT consignor_id, venue_id FROM market.lots WHERE id = $1
UNION ALL
SELECT l.consignor_id, l.venue_id FROM market.instalments i JOIN market.lots l ON l.id = i.lot_id WHERE i.id = $1;
