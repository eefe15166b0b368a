-- name: insert_barred
INSERT INTO market.barred_parties (id, venue_id, code, kind, reason, valid_from, valid_to, added_by, added_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $6);

-- name: barred
SELECT id, code, kind, reason, valid_from, valid_to, added_by, added_at, lifted_by, lifted_at, lift_reason
  FROM market.barred_parties
 WHERE venue_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3;

-- name: barred_by_id
SELECT id, code, kind, reason, valid_from, valid_to, added_by, added_at, lifted_by, lifted_at, lift_reason
  FROM market.barred_parties WHERE id = $1 AND venue_id = $2 FOR UPDATE;

-- name: lift
UPDATE market.barred_parties SET lifted_by = $2, lifted_at = $3, lift_reason = $4 WHERE id = $1;

-- name: barred_among
-- Of these codes, those that may not bid at a venue now.
SELECT code FROM market.barred_among($1, $2, $3) AS found (code);

-- name: insert_member
INSERT INTO market.group_members (id, organisation_id, code, name, nature, added_by, added_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (organisation_id, code) WHERE ended_at IS NULL DO NOTHING
RETURNING id;

-- name: member
SELECT id, code, name, nature, added_at, ended_at FROM market.group_members WHERE organisation_id = $1 AND id = $2;

-- name: end_member
UPDATE market.group_members SET ended_at = $3 WHERE organisation_id = $1 AND id = $2 AND ended_at IS NULL;

-- name: members
SELECT id, code, name, nature, added_at, ended_at FROM market.group_members WHERE organisation_id = $1 ORDER BY id;

-- name: sellers
-- The codes of organisations that stand on the selling side, and of their groups.
SELECT code FROM market.codes_of_sellers($1) AS found (code);

-- name: has_defaulted
SELECT market.has_defaulted_on($1, $2);

-- name: rights_of_lot
SELECT ip_type, flags, export_class FROM market.rights_at_lot($1);

-- name: lets_foreigners_in
-- Whether the bank that hands a lot's rights in admits foreign bidders to them.
SELECT c.foreign_bidders FROM market.lots l JOIN market.consignments c ON c.id = l.consignment_id WHERE l.id = $1;

-- name: defaults_since
SELECT count(*) FROM market.bidders b
  JOIN market.sales s ON s.winner_id = b.id
  JOIN market.lots l ON l.id = b.lot_id AND l.status IN ('defaulted', 're_auction')
 WHERE b.organisation_id = $1 AND s.closed_at >= $2;

-- name: insert_declaration
INSERT INTO market.bidder_declarations
  (bidder_id, lot_id, organisation_id, controllers, related, account_sha256, device_sha256, origin, is_foreign,
   letter_of_intent, source_of_funds, content, declared_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb, $13);

-- name: declared
-- What bidders of a lot declared of themselves: one bidder ($2), or all but an organisation's ($3) that are not barred.
SELECT code, controllers, related, account_sha256, device_sha256, origin FROM market.declared_at_lot($1, $2, $3);

-- name: declarations
-- What bidders wrote down (竞买登记表); row-level security shows a lot's to its venue and each bidder its own.
SELECT bidder_id, content FROM market.bidder_declarations WHERE bidder_id = ANY ($1::uuid[]);
