-- name: account_ids
-- The accounts of these keys that exist, with the position of the key.
-- A look-up a key rather than a join: a join's kept plan would read all accounts (migration post_by_name).
SELECT t.position, found.id
  FROM unnest($1::text[], $2::uuid[], $3::text[]) WITH ORDINALITY AS t (kind, owner, ref, position),
       LATERAL (SELECT (SELECT a.id FROM settlement.accounts a
                         WHERE a.kind = t.kind AND a.ref = t.ref AND a.owner = t.owner) AS id) found
 WHERE found.id IS NOT NULL;

-- name: open_accounts
-- Accounts for these keys, with the rules of their kind; those that exist stay as they are.
INSERT INTO settlement.accounts (kind, book, may_go_negative, owner, ref, opened_at)
SELECT k.kind, k.book, k.may_go_negative, t.owner, t.ref, $4
  FROM unnest($1::text[], $2::uuid[], $3::text[]) AS t (kind, owner, ref)
  JOIN settlement.account_kinds k ON k.kind = t.kind
 ORDER BY t.kind, t.owner, t.ref
ON CONFLICT DO NOTHING;

-- name: post_transfers
SELECT transfer_id, replayed
  FROM settlement.post_named_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: post_move
SELECT transfer_id, replayed
  FROM settlement.post_move_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: balance
SELECT coalesce((SELECT balance_fen FROM settlement.accounts
                  WHERE kind = $1 AND owner = $2 AND ref = $3), 0)::bigint;

-- name: balances
-- Every account of an owner or a reference that was ever used.
SELECT kind, owner, ref, balance_fen, version
  FROM settlement.accounts
 WHERE ($1::uuid IS NULL OR owner = $1) AND ($2::text IS NULL OR ref = $2) AND version > 0
 ORDER BY kind, ref, owner;

-- name: history
-- The entries of one account, oldest first.
SELECT e.account_version, e.transfer_id, t.kind, t.ref, e.amount_fen, e.balance_before_fen,
       e.balance_after_fen, t.effective_at, t.recorded_at
  FROM settlement.accounts a
  JOIN settlement.entries e ON e.account_id = a.id
  JOIN settlement.transfers t ON t.id = e.transfer_id
 WHERE a.kind = $1 AND a.owner = $2 AND a.ref = $3
 ORDER BY e.account_version;

-- name: moved_for
-- What the transfers with one reference moved on an account, in sum: above 0 to it, below 0 from it.
SELECT coalesce(sum(e.amount_fen), 0)::bigint
  FROM settlement.accounts a
  JOIN settlement.entries e ON e.account_id = a.id
  JOIN settlement.transfers t ON t.id = e.transfer_id
 WHERE a.kind = $1 AND a.owner = $2 AND a.ref = '' AND t.ref = $3;
