-- name: fund
-- A fund that the caller may see: $2 sees all.
SELECT id, name FROM market.organisations WHERE id = $1 AND kind = 'fund' AND ($2::boolean OR id = $3::uuid);

-- name: is_booked
-- Whether a contribution is in the ledger.
SELECT EXISTS (SELECT FROM settlement.transfers WHERE idempotency_id = $1);
