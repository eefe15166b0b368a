-- name: sides
-- Who stands on which side of the things that events name: event, side, organisation. An agency hears of a mandate once
-- the bank's checker has approved it.
WITH named AS (SELECT * FROM unnest($1::int[], $2::text[], $3::uuid[]) AS n (event, thing, id))
SELECT n.event, 'venue' AS side, l.venue_id AS organisation_id
  FROM named n JOIN market.lots l ON n.thing = 'lot' AND l.id = n.id
UNION
SELECT n.event, 'consignor', l.consignor_id
  FROM named n JOIN market.lots l ON n.thing = 'lot' AND l.id = n.id
UNION
SELECT n.event, 'lot_bidders', b.organisation_id
  FROM named n JOIN market.bidders b ON n.thing = 'lot' AND b.lot_id = n.id
UNION
SELECT n.event, 'bidder', b.organisation_id
  FROM named n JOIN market.bidders b ON n.thing = 'bidder' AND b.id = n.id
UNION
SELECT n.event, 'owner', c.organisation_id
  FROM named n JOIN market.consignments c ON n.thing = 'consignment' AND c.id = n.id
UNION
SELECT n.event, 'venue', c.venue_id
  FROM named n JOIN market.consignments c ON n.thing = 'consignment' AND c.id = n.id
UNION
SELECT n.event, 'owner', c.organisation_id
  FROM named n JOIN market.loan_cases c ON n.thing = 'case' AND c.id = n.id
UNION
SELECT n.event, 'owner', c.organisation_id
  FROM named n JOIN market.claims c ON n.thing = 'claim' AND c.id = n.id
UNION
SELECT n.event, 'fund', f.fund_id
  FROM named n JOIN market.claims c ON n.thing = 'claim' AND c.id = n.id
 CROSS JOIN LATERAL unnest(c.fund_ids) AS f (fund_id)
UNION
SELECT n.event, 'bearer', p.organisation_id
  FROM named n JOIN market.claims c ON n.thing = 'claim' AND c.id = n.id AND c.state = 'approved'
  JOIN settlement.case_parties p ON p.case_id = c.case_id
UNION
SELECT n.event, 'party', m.agency_id
  FROM named n JOIN market.mandates m ON n.thing = 'mandate' AND m.id = n.id AND m.approved_by IS NOT NULL
UNION
SELECT n.event, 'party', g.licensee_id
  FROM named n JOIN market.licence_grants g ON n.thing = 'licence_grant' AND g.id = n.id
UNION
SELECT n.event, 'party', a.organisation_id
  FROM named n JOIN market.licence_applications a ON n.thing = 'licence_offer' AND a.offer_id = n.id
UNION
SELECT n.event, 'party', b.organisation_id
  FROM named n JOIN market.bidders b ON n.thing = 'collection' AND b.lot_id = n.id
UNION
SELECT n.event, 'party', r.buyer_id
  FROM named n JOIN market.repurchases r ON n.thing = 'repurchase' AND r.lot_id = n.id
UNION
SELECT n.event, 'party', b.organisation_id
  FROM named n JOIN market.instalments i ON n.thing = 'instalment' AND i.id = n.id
  JOIN market.sales s ON s.lot_id = i.lot_id
  JOIN market.bidders b ON b.id = s.winner_id
UNION
SELECT n.event, p.side, p.organisation_id
  FROM named n JOIN settlement.licences l ON n.thing = 'licence' AND l.id = n.id
 CROSS JOIN LATERAL (VALUES ('owner', l.lender_id), ('party', l.holder_id), ('party', l.licensee_id),
                            ('party', (convert_from(l.content, 'UTF8')::jsonb ->> 'agency_id')::uuid)) AS p (side, organisation_id)
 WHERE p.organisation_id IS NOT NULL;

-- name: everybody
SELECT id FROM market.organisations WHERE is_active AND kind <> 'platform' ORDER BY id;

-- name: known
-- Of the organisations that events name, those that are on the platform.
SELECT id FROM market.organisations WHERE id = ANY ($1::uuid[]);

-- name: ensure_heads
INSERT INTO market.change_heads (organisation_id)
SELECT o FROM unnest($1::uuid[]) AS o ORDER BY o
ON CONFLICT DO NOTHING;

-- name: lock_heads
-- In one order for all, so that two relays never wait for each other in a circle.
SELECT organisation_id, position FROM market.change_heads
 WHERE organisation_id = ANY ($1::uuid[]) ORDER BY organisation_id FOR UPDATE;

-- name: set_heads
UPDATE market.change_heads h SET position = n.position
  FROM unnest($1::uuid[], $2::bigint[]) AS n (organisation_id, position)
 WHERE h.organisation_id = n.organisation_id;

-- name: insert
INSERT INTO market.changes (organisation_id, position, event_id, kind, occurred_at)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::timestamptz[]);

-- name: after
SELECT c.position, c.event_id AS id, c.kind, c.occurred_at, o.payload::text AS data
  FROM market.changes c JOIN market.outbox o ON o.id = c.event_id
 WHERE c.organisation_id = $1 AND c.position > $2
 ORDER BY c.position
 LIMIT $3;

-- name: head
SELECT coalesce((SELECT position FROM market.change_heads WHERE organisation_id = $1), 0);
