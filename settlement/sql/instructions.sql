-- name: waiting
-- Queued payouts of a holder: how often each was sent, what the bank said last, and why it can't be paid yet.
SELECT p.id, p.payee_id, p.payee_name, p.amount_fen, p.purpose, p.ref, p.queued_at,
       (SELECT count(*) FROM settlement.payment_lines l WHERE l.payout_id = p.id)::integer AS attempts,
       (SELECT l.reason FROM settlement.payment_lines l WHERE l.payout_id = p.id AND l.state = 'REJECTED'
         ORDER BY l.changed_at DESC, l.instruction_id DESC LIMIT 1) AS rejection,
       CASE WHEN EXISTS (SELECT FROM settlement.payment_lines l
                          WHERE l.payout_id = p.id AND l.state IN ('PENDING', 'ACCEPTED', 'PAID')) THEN 'in_file'
            WHEN a.id IS NULL THEN 'no_account'
            WHEN a.usable_at > $2::timestamptz THEN 'account_waits' END AS not_ready
  FROM settlement.payouts_held h
  JOIN settlement.payouts p ON p.id = h.id
  LEFT JOIN settlement.payee_accounts a ON a.holder_id = h.holder_id AND a.payee_id = p.payee_id AND a.state = 'ACTIVE'
 WHERE h.holder_id = $1 AND p.state = 'QUEUED'
 ORDER BY p.queued_at, p.id;

-- name: insert_file
INSERT INTO settlement.payment_files
  (id, holder_id, message_id, format, content, accounts_hash, line_count, total_fen, state, drafted_by, drafted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'DRAFT', $9, $10);

-- name: insert_line
INSERT INTO settlement.payment_lines
  (file_id, payout_id, position, account_id, amount_fen, end_to_end_id, instruction_id, state, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'PENDING', $8);

-- name: file
SELECT id, holder_id, message_id, format, content_hash, accounts_hash, line_count, total_fen, state, drafted_by, drafted_at,
       approved_by, approved_at, exported_by, exported_at, closed_reason
  FROM settlement.payment_files WHERE holder_id = $1 AND id = $2;

-- name: files
SELECT id, holder_id, message_id, format, content_hash, accounts_hash, line_count, total_fen, state, drafted_by, drafted_at,
       approved_by, approved_at, exported_by, exported_at, closed_reason
  FROM settlement.payment_files
 WHERE holder_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3;

-- name: file_by_message
SELECT id, holder_id, message_id, format, content_hash, accounts_hash, line_count, total_fen, state, drafted_by, drafted_at,
       approved_by, approved_at, exported_by, exported_at, closed_reason
  FROM settlement.payment_files WHERE holder_id = $1 AND message_id = $2;

-- name: content
SELECT content FROM settlement.payment_files WHERE id = $1;

-- name: approve_file
UPDATE settlement.payment_files
   SET state = 'APPROVED', approved_by = $2, approved_at = $3, approved_hash = $4, approved_accounts_hash = $5
 WHERE id = $1;

-- name: withdraw_file
UPDATE settlement.payment_files SET state = 'WITHDRAWN', closed_reason = $2 WHERE id = $1;

-- name: drop_lines_of
UPDATE settlement.payment_lines SET state = 'DROPPED', changed_at = $2 WHERE file_id = $1 AND state = 'PENDING';

-- name: export_file
UPDATE settlement.payment_files SET state = 'EXPORTED', exported_by = $2, exported_at = $3 WHERE id = $1;

-- name: send_payouts
UPDATE settlement.payouts p SET state = 'SENT'
  FROM settlement.payment_lines l
 WHERE l.file_id = $1 AND l.state = 'PENDING' AND p.id = l.payout_id AND p.state = 'QUEUED'
RETURNING p.id;

-- name: lines
SELECT l.file_id, l.payout_id, l.position, l.amount_fen, a.payee_id, a.account_name AS payee_name, a.account_number,
       a.bank_code, l.end_to_end_id, l.instruction_id, l.state, l.reason_code, l.reason, p.state AS payout_state
  FROM settlement.payment_lines l
  JOIN settlement.payee_accounts a ON a.id = l.account_id
  JOIN settlement.payouts p ON p.id = l.payout_id
 WHERE l.file_id = $1 ORDER BY l.position;

-- name: sent_line
-- The latest line that went to the bank under this name.
SELECT l.file_id, l.payout_id, l.position, l.amount_fen, a.payee_id, a.account_name AS payee_name, a.account_number,
       a.bank_code, l.end_to_end_id, l.instruction_id, l.state, l.reason_code, l.reason, p.state AS payout_state
  FROM settlement.payment_lines l
  JOIN settlement.payment_files f ON f.id = l.file_id AND f.state = 'EXPORTED'
  JOIN settlement.payee_accounts a ON a.id = l.account_id
  JOIN settlement.payouts p ON p.id = l.payout_id
 WHERE f.holder_id = $1 AND l.end_to_end_id = $2
 ORDER BY f.exported_at DESC, l.instruction_id DESC LIMIT 1;

-- name: is_ours
SELECT EXISTS (SELECT FROM settlement.payment_lines l JOIN settlement.payment_files f ON f.id = l.file_id
                WHERE f.holder_id = $1 AND f.state = 'EXPORTED' AND l.end_to_end_id = $2);

-- name: set_line
UPDATE settlement.payment_lines SET state = $3, reason_code = $4, reason = $5, changed_at = $6
 WHERE file_id = $1 AND payout_id = $2;

-- name: fail_payout
UPDATE settlement.payouts SET state = 'FAILED' WHERE id = $1;

-- name: requeue_payout
UPDATE settlement.payouts SET state = 'QUEUED' WHERE id = $1;
