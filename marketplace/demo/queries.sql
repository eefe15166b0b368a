-- name: custody
-- The money in custody by what it is for; kinds without money are left out.
SELECT k.title, k.title_zh, sum(a.balance_fen)::bigint AS balance_fen
  FROM settlement.accounts a JOIN settlement.account_kinds k ON k.kind = a.kind
 WHERE k.book = 'money' AND k.kind <> 'outside'
 GROUP BY k.kind, k.title, k.title_zh
HAVING sum(a.balance_fen) <> 0
 ORDER BY k.kind;

-- name: audit_entries
SELECT count(*) FROM market.audit_entries;
