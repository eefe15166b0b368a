-- name: file_by_content
SELECT id, holder_id, kind, format, encoding, sha256, state, reason_code, reason, reason_zh, received_by, received_at
  FROM settlement.bank_files WHERE holder_id = $1 AND kind = $2 AND sha256 = sha256($3::bytea);

-- name: store_file
-- A file once; one that was quarantined takes its new state, or its new reason.
INSERT INTO settlement.bank_files
  (id, holder_id, kind, format, encoding, content, state, reason_code, reason, reason_zh, received_by, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (holder_id, kind, sha256) DO UPDATE
  SET state = excluded.state, format = excluded.format, encoding = excluded.encoding, reason_code = excluded.reason_code,
      reason = excluded.reason, reason_zh = excluded.reason_zh, received_by = excluded.received_by,
      received_at = excluded.received_at
RETURNING id;

-- name: file
SELECT id, holder_id, kind, format, encoding, sha256, state, reason_code, reason, reason_zh, received_by, received_at
  FROM settlement.bank_files WHERE holder_id = $1 AND id = $2;

-- name: files
SELECT id, holder_id, kind, format, encoding, sha256, state, reason_code, reason, reason_zh, received_by, received_at
  FROM settlement.bank_files
 WHERE holder_id = $1 AND kind = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4;

-- name: insert_statement
INSERT INTO settlement.bank_statements (id, file_id, account_number, number, opening_fen, closing_fen, entry_count)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: insert_entry
INSERT INTO settlement.bank_entries
  (id, statement_id, holder_id, account_number, bank_reference, direction, amount_fen, booked_at, counterparty_name,
   counterparty_account, remittance, end_to_end_id, is_reversal, state, verdict, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: known_entries
SELECT bank_reference, direction, amount_fen
  FROM settlement.bank_entries WHERE holder_id = $1 AND account_number = $2 AND bank_reference = ANY ($3::text[]);

-- name: lock_entry
SELECT * FROM settlement.bank_entries WHERE holder_id = $1 AND id = $2 FOR UPDATE;

-- name: received
SELECT * FROM settlement.bank_entries
 WHERE holder_id = $1 AND state = 'OPEN' AND verdict = $2 ORDER BY position FOR UPDATE;

-- name: entries
SELECT e.* FROM settlement.bank_entries e JOIN settlement.bank_statements s ON s.id = e.statement_id
 WHERE e.holder_id = $1 AND (cardinality($2::text[]) = 0 OR e.state = ANY ($2))
   AND ($3::uuid IS NULL OR s.file_id = $3) AND ($4::uuid IS NULL OR e.id > $4)
 ORDER BY e.id LIMIT $5;

-- name: set_entry
UPDATE settlement.bank_entries
   SET state = $2, verdict = $3, due_reference = coalesce($4, due_reference), payout_id = coalesce($5, payout_id)
 WHERE id = $1
RETURNING *;
