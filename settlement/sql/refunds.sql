-- name: payout_from
-- The payout of an account that has one.
SELECT id FROM settlement.payouts WHERE source_id = $1;
