-- name: insert_account
INSERT INTO settlement.payee_accounts
  (id, holder_id, payee_id, account_name, account_number, bank_code, bank_name, reason, state, proposed_by, proposed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'PROPOSED', $9, $10);

-- name: account
SELECT * FROM settlement.payee_accounts WHERE holder_id = $1 AND id = $2;

-- name: account_of_payee
SELECT * FROM settlement.payee_accounts WHERE holder_id = $1 AND payee_id = $2 AND state = $3;

-- name: active_accounts
SELECT * FROM settlement.payee_accounts WHERE holder_id = $1 AND payee_id = ANY ($2::uuid[]) AND state = 'ACTIVE';

-- name: own_numbers
SELECT DISTINCT account_number FROM settlement.payee_accounts
 WHERE holder_id = $1 AND payee_id = $1 AND state IN ('ACTIVE', 'REPLACED');

-- name: accounts_page
SELECT * FROM settlement.payee_accounts
 WHERE holder_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3;

-- name: replace_account
UPDATE settlement.payee_accounts SET state = 'REPLACED' WHERE id = $1;

-- name: decide_account
UPDATE settlement.payee_accounts SET state = $2, decided_by = $3, decided_at = $4, usable_at = $5 WHERE id = $1;

-- name: void_files
-- Files not exported yet that pay this payee, or pay from this account, are void.
UPDATE settlement.payment_files f SET state = 'VOID', closed_reason = $3
 WHERE f.holder_id = $1 AND f.state IN ('DRAFT', 'APPROVED')
   AND (f.holder_id = $2::uuid
        OR EXISTS (SELECT FROM settlement.payment_lines l JOIN settlement.payee_accounts a ON a.id = l.account_id
                    WHERE l.file_id = f.id AND a.payee_id = $2::uuid))
RETURNING f.id;

-- name: drop_lines
-- The payouts of files that will not be sent are free for another.
UPDATE settlement.payment_lines SET state = 'DROPPED', changed_at = $2
 WHERE file_id = ANY ($1::uuid[]) AND state = 'PENDING';
