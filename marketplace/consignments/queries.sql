-- name: next_number
-- The next consignment's running number.
SELECT nextval('market.consignment_numbers');

-- name: insert
-- A new draft.
INSERT INTO market.consignments
       (id, number, organisation_id, venue_id, case_id, title, regime, route, authority, authority_document,
        start_price_fen, reserve_price_fen, deposit_fen, commission_bp, costs_borne_by, closing_on, has_bundle_statement,
        buyer_conditions, foreign_bidders, state_approval, consignor_may_bid, state, drafted_by, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 'draft', $22, $23,
        $23);

-- name: insert_asset
-- One right in a consignment. The index refuses a right that another open consignment holds.
INSERT INTO market.consignment_assets (consignment_id, asset_id, position) VALUES ($1, $2, $3);

-- name: delete_assets
-- Takes the rights out of a draft, before those of its new version go in.
DELETE FROM market.consignment_assets WHERE consignment_id = $1;

-- name: release_assets
-- The consignment is over: its rights may go into another.
UPDATE market.consignment_assets SET is_open = false WHERE consignment_id = $1;

-- name: change
-- The draft's new terms.
UPDATE market.consignments
   SET venue_id = $2, case_id = $3, title = $4, regime = $5, route = $6, authority = $7, authority_document = $8,
       start_price_fen = $9, reserve_price_fen = $10, deposit_fen = $11, commission_bp = $12, costs_borne_by = $13,
       closing_on = $14, has_bundle_statement = $15, buyer_conditions = $16, foreign_bidders = $17, state_approval = $18,
       consignor_may_bid = $19, drafted_by = $20, version = version + 1, updated_at = $21
 WHERE id = $1;

-- name: by_id
-- One consignment that the caller may see.
SELECT c.*, ARRAY(SELECT asset_id FROM market.consignment_assets a WHERE a.consignment_id = c.id ORDER BY position) AS asset_ids
  FROM market.consignments c
 WHERE id = $1
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR (venue_id = $3 AND approved_by IS NOT NULL));

-- name: lock
-- The same, locked until the transaction ends.
SELECT c.*, ARRAY(SELECT asset_id FROM market.consignment_assets a WHERE a.consignment_id = c.id ORDER BY position) AS asset_ids
  FROM market.consignments c
 WHERE id = $1
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR (venue_id = $3 AND approved_by IS NOT NULL))
   FOR UPDATE;

-- name: page
-- The consignments after a cursor that the caller may see, oldest first.
SELECT c.*, ARRAY(SELECT asset_id FROM market.consignment_assets a WHERE a.consignment_id = c.id ORDER BY position) AS asset_ids
  FROM market.consignments c
 WHERE ($1::uuid IS NULL OR id > $1)
   AND ($2::uuid IS NULL OR organisation_id = $2)
   AND ($3::uuid IS NULL OR (venue_id = $3 AND approved_by IS NOT NULL))
 ORDER BY id
 LIMIT $4;

-- name: submit
-- To the bank's checker; an earlier approval counts no more.
UPDATE market.consignments
   SET state = 'submitted', submitted_by = $2, submitted_at = $3, approved_by = NULL, approved_at = NULL,
       decided_by = NULL, decided_at = NULL, reason = NULL, version = version + 1, updated_at = $3
 WHERE id = $1;

-- name: approve
-- By the bank's checker: to the venue.
UPDATE market.consignments
   SET state = 'under_review', approved_by = $2, approved_at = $3, version = version + 1, updated_at = $3
 WHERE id = $1;

-- name: decide
-- By the venue, or back by the bank's checker.
UPDATE market.consignments
   SET state = $2, decided_by = $3, decided_at = $4, reason = $5, version = version + 1, updated_at = $4
 WHERE id = $1;

-- name: set_state
-- Any other step.
UPDATE market.consignments
   SET state = $2, reason = coalesce($3, reason), version = version + 1, updated_at = $4
 WHERE id = $1;

-- name: marks_of_owner
-- Marks of an owner in a class, by code or else by name, on an organisation's record; those sold already are
-- their buyer's, and nobody can add them.
SELECT number FROM market.assets AS asset
 WHERE NOT EXISTS (SELECT FROM market.consignment_assets AS handed_in
                     JOIN market.consignments AS consignment ON consignment.id = handed_in.consignment_id
                    WHERE handed_in.asset_id = asset.id AND consignment.state IN ('recovered', 'cleared'))
   AND organisation_id = $1 AND ip_type = $2 AND legal_status = 'in_force'
   AND (nice_class = $3 OR number = ANY ($7::text[]))
   AND (owner_code = $4 OR ($4::text IS NULL AND owner_name = $5)) AND NOT id = ANY ($6::uuid[])
 ORDER BY number;

-- name: others_under_way
-- Whether another consignment of the same loan is on its way to a sale.
SELECT EXISTS (SELECT FROM market.consignments
                WHERE case_id = $1 AND id <> $2 AND state IN ('submitted', 'under_review', 'accepted', 'disposing', 'unsold'));

-- name: insert_fund_notice
-- The funds were told of a route and price.
INSERT INTO market.fund_notices (id, consignment_id, organisation_id, fund_ids, route, regime, start_price_fen, told_by, told_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: is_fund_told
-- Whether the last notice to all these funds told of this route, regime and price.
SELECT coalesce((SELECT route = $3 AND regime = $4 AND start_price_fen = $5 FROM market.fund_notices
                  WHERE consignment_id = $1 AND fund_ids @> $2::uuid[] ORDER BY id DESC LIMIT 1), false);

-- name: fund_notices
-- What funds were told, the newest first: a fund's own, or those of the caller's consignments.
SELECT n.id, n.consignment_id, n.organisation_id, n.fund_ids, n.route, n.regime, n.start_price_fen, n.told_by, n.told_at
  FROM market.fund_notices n
 WHERE ($1::uuid IS NULL OR n.id < $1) AND ($2::uuid IS NULL OR n.organisation_id = $2 OR $2 = ANY (n.fund_ids))
 ORDER BY n.id DESC
 LIMIT $3;

-- name: told_lot
-- The lot in which a consignment's rights are offered, from the moment at which its parties count as told, and for a lot
-- of another law than a court's from its check on.
SELECT id, regime, (published_at AT TIME ZONE 'Asia/Shanghai')::date AS published_on
  FROM market.lots
 WHERE consignment_id = $1 AND NOT shortened_times
   AND (status IN ('notified', 'published', 'registration', 'open', 'paused')
        OR (status = 'checked' AND regime <> 'judicial_network'))
 ORDER BY id DESC LIMIT 1;

-- name: told
SELECT party_name, effective_on FROM market.party_notices WHERE lot_id = $1;

-- name: listed
-- The lot in which a consignment's rights are on their way to a sale, from its draft on.
SELECT regime, start_price_fen, (market.secret_of_lot(id)).reserve_price_fen,
       (closes_at AT TIME ZONE 'Asia/Shanghai')::date AS closes_on
  FROM market.lots
 WHERE consignment_id = $1 AND status IN ('draft', 'checked', 'notified', 'published', 'registration', 'open', 'paused')
 ORDER BY id DESC LIMIT 1;
