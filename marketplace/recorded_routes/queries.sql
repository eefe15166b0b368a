-- name: insert
INSERT INTO market.recorded_routes
  (id, number, consignment_id, case_id, organisation_id, venue_id, kind, counterparty, terms, amount_fen, document_sha256,
   proposed_by, created_at, updated_at)
VALUES ($1, 'JL-' || to_char($12::timestamptz AT TIME ZONE 'Asia/Shanghai', 'YYYY') || '-'
            || lpad(nextval('market.recorded_route_numbers')::text, 6, '0'),
        $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12);

-- name: by_id
SELECT * FROM market.recorded_routes WHERE id = $1 AND ($3::boolean OR $2::uuid IN (organisation_id, venue_id));

-- name: lock
SELECT * FROM market.recorded_routes WHERE id = $1 FOR UPDATE;

-- name: page
SELECT * FROM market.recorded_routes
 WHERE ($3::boolean OR $2::uuid IN (organisation_id, venue_id)) AND ($1::uuid IS NULL OR id < $1)
 ORDER BY id DESC LIMIT $4;

-- name: decide
UPDATE market.recorded_routes SET state = $2, decided_by = $3, decided_at = $4, updated_at = $4 WHERE id = $1;

-- name: end
UPDATE market.recorded_routes SET state = 'ended', reason = $2, updated_at = $3 WHERE id = $1;

-- name: insert_flow
INSERT INTO market.recorded_flows (id, route_id, reference, gross_fen, costs_fen, received_on, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: flows
SELECT id, reference, gross_fen, costs_fen, received_on, recorded_by, recorded_at, shared_at
  FROM market.recorded_flows WHERE route_id = $1 ORDER BY recorded_at, id;

-- name: lock_flow
SELECT f.id, f.reference, f.gross_fen, f.costs_fen, f.received_on, f.recorded_by, f.recorded_at, f.shared_at, r.case_id
  FROM market.recorded_flows f JOIN market.recorded_routes r ON r.id = f.route_id
 WHERE f.id = $1 FOR UPDATE OF f;

-- name: mark_shared
UPDATE market.recorded_flows SET shared_at = $2 WHERE id = $1;
