-- migrate:up
-- Money in from bank statements, money out by payment instruction files. A file of a bank is kept as it came; what
-- it says is entered once, whatever comes again. Source: domain 6.6, reliability T33, T35, F33.

INSERT INTO settlement.account_kinds (kind, book, may_go_negative, title, title_zh) VALUES
  ('unmatched', 'money', false, 'Received and not yet attributed', '待认领款项'),
  ('refund_payable', 'money', false, 'To be sent back to who paid', '应退款项')
ON CONFLICT DO NOTHING;  -- kinds and steps stay when this migration is taken back

-- What a party is to pay, under the reference that it writes on its transfer. The reference follows from the rest.
CREATE TABLE settlement.dues (
  reference text PRIMARY KEY CHECK (reference ~ '^LC[DP][0-9A-Z]{11}$'),
  kind text NOT NULL CHECK (kind IN ('DEPOSIT', 'PRICE')),
  lot_id uuid NOT NULL,
  party_id uuid NOT NULL,
  party_name text NOT NULL CHECK (length(party_name) BETWEEN 1 AND 200),
  -- The venue into whose custody account it is paid.
  holder_id uuid NOT NULL,
  -- Of a deposit; what is due of a price is kept with the sale.
  amount_fen bigint CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  created_at timestamptz NOT NULL,
  UNIQUE (kind, lot_id, party_id),
  CHECK ((kind = 'DEPOSIT') = (amount_fen IS NOT NULL))
);
CREATE TRIGGER dues_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.dues
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
REVOKE UPDATE, DELETE ON settlement.dues FROM luochui_app;

CREATE TABLE settlement.bank_files (
  id uuid PRIMARY KEY,
  holder_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('STATEMENT', 'STATUS')),
  format text,
  encoding text,
  content bytea NOT NULL,
  sha256 bytea NOT NULL GENERATED ALWAYS AS (sha256(content)) STORED,
  -- A file that does not hold is kept aside whole: nothing of it is entered, and why is said.
  state text NOT NULL CHECK (state IN ('IMPORTED', 'QUARANTINED')),
  reason_code text,
  reason text,
  reason_zh text,
  received_by uuid NOT NULL,
  received_at timestamptz NOT NULL,
  -- One file, however often it is sent.
  CONSTRAINT bank_files_once UNIQUE (holder_id, kind, sha256),
  CHECK ((state = 'QUARANTINED') = (reason_code IS NOT NULL AND reason IS NOT NULL AND reason_zh IS NOT NULL))
);

CREATE TABLE settlement.bank_statements (
  id uuid PRIMARY KEY,
  file_id uuid NOT NULL REFERENCES settlement.bank_files,
  account_number text NOT NULL,
  number text NOT NULL,
  opening_fen bigint NOT NULL,
  closing_fen bigint NOT NULL,
  entry_count integer NOT NULL CHECK (entry_count >= 0)
);
CREATE INDEX bank_statements_of_file ON settlement.bank_statements (file_id);
CREATE TRIGGER bank_statements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.bank_statements
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
REVOKE UPDATE, DELETE ON settlement.bank_statements FROM luochui_app;

CREATE TABLE settlement.bank_entries (
  id uuid PRIMARY KEY,
  statement_id uuid NOT NULL REFERENCES settlement.bank_statements,
  holder_id uuid NOT NULL,
  account_number text NOT NULL,
  bank_reference text NOT NULL CHECK (length(bank_reference) BETWEEN 1 AND 70),
  direction text NOT NULL CHECK (direction IN ('CREDIT', 'DEBIT')),
  amount_fen bigint NOT NULL CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  booked_at timestamptz NOT NULL,
  counterparty_name text NOT NULL,
  counterparty_account text NOT NULL,
  remittance text NOT NULL,
  end_to_end_id text NOT NULL,
  is_reversal boolean NOT NULL,
  state text NOT NULL CHECK (state IN ('OPEN', 'HELD', 'MATCHED', 'ASSIGNED', 'RETURNED', 'BOOKED', 'NOTED')),
  -- Why nobody could be told whose it is; or how it fits what was due.
  verdict text NOT NULL,
  due_reference text REFERENCES settlement.dues,
  payout_id uuid REFERENCES settlement.payouts,
  recorded_at timestamptz NOT NULL,
  position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,  -- the order of the statement, which ids keep to the ms only
  -- A bank's own reference of an entry on an account: entered once.
  CONSTRAINT bank_entries_once UNIQUE (holder_id, account_number, bank_reference),
  CHECK (direction = 'CREDIT' OR state IN ('OPEN', 'MATCHED', 'NOTED')),
  CHECK (state NOT IN ('ASSIGNED') OR due_reference IS NOT NULL)
);
CREATE INDEX bank_entries_waiting ON settlement.bank_entries (holder_id, id) WHERE state IN ('OPEN', 'HELD');
CREATE INDEX bank_entries_of_due ON settlement.bank_entries (due_reference) WHERE due_reference IS NOT NULL;
CREATE INDEX bank_entries_of_statement ON settlement.bank_entries (statement_id);

-- What a person decided on an entry, with the reason; above an amount a second person must agree.
CREATE TABLE settlement.bank_decisions (
  id uuid PRIMARY KEY,
  entry_id uuid NOT NULL REFERENCES settlement.bank_entries,
  action text NOT NULL CHECK (action IN ('ASSIGN', 'RETURN', 'HOLD', 'NOTE')),
  due_reference text REFERENCES settlement.dues,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
  needs_second boolean NOT NULL,
  state text NOT NULL CHECK (state IN ('PROPOSED', 'DONE', 'REFUSED')),
  decided_by uuid NOT NULL,
  decided_at timestamptz NOT NULL,
  second_by uuid,
  second_at timestamptz,
  second_reason text,
  position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  CHECK ((action = 'ASSIGN') = (due_reference IS NOT NULL)),
  CHECK (num_nulls(second_by, second_at, second_reason) IN (0, 3)),
  CONSTRAINT bank_decisions_two_people CHECK (second_by <> decided_by),
  CONSTRAINT bank_decisions_seconded CHECK (NOT needs_second OR state = 'PROPOSED' OR second_by IS NOT NULL)
);
CREATE UNIQUE INDEX bank_decisions_one_open ON settlement.bank_decisions (entry_id) WHERE state = 'PROPOSED';
CREATE INDEX bank_decisions_of_entry ON settlement.bank_decisions (entry_id, position);

-- What an account says, as bytes: another name, number or branch is another hash.
CREATE FUNCTION settlement.account_content(
  p_payee_id uuid, p_name text, p_number text, p_bank_code text, p_bank_name text)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256(convert_to(jsonb_build_array(p_payee_id, p_name, p_number, p_bank_code, p_bank_name)::text, 'UTF8'))
$$;

-- Where a payee is paid by a holder of custody money; also the holder's own accounts (payee_id = holder_id).
CREATE TABLE settlement.payee_accounts (
  id uuid PRIMARY KEY,
  holder_id uuid NOT NULL,
  payee_id uuid NOT NULL,
  account_name text NOT NULL CHECK (length(account_name) BETWEEN 1 AND 140),
  account_number text NOT NULL CHECK (account_number ~ '^[0-9A-Z]{6,34}$'),
  bank_code text NOT NULL CHECK (bank_code ~ '^[0-9]{12}$'),
  bank_name text NOT NULL CHECK (length(bank_name) BETWEEN 1 AND 140),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
  account_hash bytea NOT NULL GENERATED ALWAYS AS (
    settlement.account_content(payee_id, account_name, account_number, bank_code, bank_name)) STORED,
  state text NOT NULL CHECK (state IN ('PROPOSED', 'ACTIVE', 'REPLACED', 'REFUSED')),
  proposed_by uuid NOT NULL,
  proposed_at timestamptz NOT NULL,
  decided_by uuid,
  decided_at timestamptz,
  -- An account that takes another's place waits, so that the payee can object (reliability T35).
  usable_at timestamptz,
  CONSTRAINT payee_accounts_two_people CHECK (decided_by <> proposed_by),
  CHECK ((state = 'PROPOSED') = (decided_by IS NULL)),
  CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
  CHECK ((state IN ('ACTIVE', 'REPLACED')) = (usable_at IS NOT NULL))
);
CREATE UNIQUE INDEX payee_accounts_one_active ON settlement.payee_accounts (holder_id, payee_id) WHERE state = 'ACTIVE';
CREATE UNIQUE INDEX payee_accounts_one_proposed ON settlement.payee_accounts (holder_id, payee_id) WHERE state = 'PROPOSED';

CREATE TABLE settlement.payment_files (
  id uuid PRIMARY KEY,
  holder_id uuid NOT NULL,
  message_id text NOT NULL UNIQUE CHECK (length(message_id) BETWEEN 1 AND 35),
  format text NOT NULL CHECK (format IN ('pain.001', 'csv')),
  content bytea NOT NULL,
  content_hash bytea NOT NULL GENERATED ALWAYS AS (sha256(content)) STORED,
  accounts_hash bytea NOT NULL CHECK (octet_length(accounts_hash) = 32),
  line_count integer NOT NULL CHECK (line_count > 0),
  total_fen bigint NOT NULL CHECK (total_fen > 0),
  state text NOT NULL CHECK (state IN ('DRAFT', 'APPROVED', 'EXPORTED', 'WITHDRAWN', 'VOID')),
  drafted_by uuid NOT NULL,
  drafted_at timestamptz NOT NULL,
  approved_by uuid,
  approved_at timestamptz,
  approved_hash bytea,
  approved_accounts_hash bytea,
  exported_by uuid,
  exported_at timestamptz,
  closed_reason text,
  CONSTRAINT payment_files_two_people CHECK (approved_by <> drafted_by),
  -- What was approved is these bytes to these accounts.
  CONSTRAINT payment_files_approved_as_shown
    CHECK (approved_hash = sha256(content) AND approved_accounts_hash = accounts_hash),
  CHECK (num_nulls(approved_by, approved_at, approved_hash, approved_accounts_hash) IN (0, 4)),
  CHECK (state NOT IN ('APPROVED', 'EXPORTED') OR approved_by IS NOT NULL),
  CHECK (state <> 'DRAFT' OR approved_by IS NULL),
  CHECK ((state = 'EXPORTED') = (exported_at IS NOT NULL AND exported_by IS NOT NULL)),
  CHECK ((state IN ('WITHDRAWN', 'VOID')) = (closed_reason IS NOT NULL))
);
CREATE INDEX payment_files_of_holder ON settlement.payment_files (holder_id, id);

CREATE TABLE settlement.payment_lines (
  file_id uuid NOT NULL REFERENCES settlement.payment_files,
  payout_id uuid NOT NULL REFERENCES settlement.payouts,
  position integer NOT NULL CHECK (position > 0),
  account_id uuid NOT NULL REFERENCES settlement.payee_accounts,
  amount_fen bigint NOT NULL CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  -- The payout's own, in every file it is ever in; the instruction id is the attempt's.
  end_to_end_id text NOT NULL,
  instruction_id text NOT NULL UNIQUE CHECK (length(instruction_id) BETWEEN 1 AND 35),
  state text NOT NULL CHECK (state IN ('PENDING', 'ACCEPTED', 'PAID', 'REJECTED', 'DROPPED')),
  reason_code text,
  reason text,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (file_id, payout_id),
  CHECK ((state = 'REJECTED') = (reason_code IS NOT NULL AND reason IS NOT NULL))
);
-- A payout is in one file at a time: it can't be sent twice.
CREATE UNIQUE INDEX payment_lines_one_live ON settlement.payment_lines (payout_id)
  WHERE state IN ('PENDING', 'ACCEPTED', 'PAID');
CREATE INDEX payment_lines_of_payout ON settlement.payment_lines (payout_id);

INSERT INTO settlement.steps VALUES
  ('bank_files', 'QUARANTINED', 'IMPORTED'),
  ('bank_entries', 'OPEN', 'MATCHED'), ('bank_entries', 'OPEN', 'BOOKED'), ('bank_entries', 'OPEN', 'HELD'),
  ('bank_entries', 'OPEN', 'ASSIGNED'), ('bank_entries', 'OPEN', 'RETURNED'), ('bank_entries', 'OPEN', 'NOTED'),
  ('bank_entries', 'HELD', 'ASSIGNED'), ('bank_entries', 'HELD', 'RETURNED'),
  ('bank_decisions', 'PROPOSED', 'DONE'), ('bank_decisions', 'PROPOSED', 'REFUSED'),
  ('payee_accounts', 'PROPOSED', 'ACTIVE'), ('payee_accounts', 'PROPOSED', 'REFUSED'),
  ('payee_accounts', 'ACTIVE', 'REPLACED'),
  ('payment_files', 'DRAFT', 'APPROVED'), ('payment_files', 'APPROVED', 'EXPORTED'),
  ('payment_files', 'DRAFT', 'WITHDRAWN'), ('payment_files', 'APPROVED', 'WITHDRAWN'),
  ('payment_files', 'DRAFT', 'VOID'), ('payment_files', 'APPROVED', 'VOID'),
  ('payment_lines', 'PENDING', 'ACCEPTED'), ('payment_lines', 'PENDING', 'PAID'),
  ('payment_lines', 'PENDING', 'REJECTED'), ('payment_lines', 'PENDING', 'DROPPED'),
  ('payment_lines', 'ACCEPTED', 'PAID'), ('payment_lines', 'ACCEPTED', 'REJECTED')
ON CONFLICT DO NOTHING;

CREATE TRIGGER bank_files_terms BEFORE UPDATE ON settlement.bank_files FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'holder_id', 'kind', 'content');
CREATE TRIGGER bank_files_steps BEFORE UPDATE ON settlement.bank_files FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER bank_entries_terms BEFORE UPDATE ON settlement.bank_entries FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'statement_id', 'holder_id', 'account_number', 'bank_reference', 'direction',
    'amount_fen', 'booked_at', 'counterparty_name', 'counterparty_account', 'remittance', 'end_to_end_id', 'is_reversal');
CREATE TRIGGER bank_entries_steps BEFORE UPDATE ON settlement.bank_entries FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER bank_decisions_terms BEFORE UPDATE ON settlement.bank_decisions FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'entry_id', 'action', 'due_reference', 'reason', 'needs_second', 'decided_by', 'decided_at');
CREATE TRIGGER bank_decisions_steps BEFORE UPDATE ON settlement.bank_decisions FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER payee_accounts_terms BEFORE UPDATE ON settlement.payee_accounts FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'holder_id', 'payee_id', 'account_name', 'account_number', 'bank_code', 'bank_name',
    'reason', 'proposed_by', 'proposed_at');
CREATE TRIGGER payee_accounts_steps BEFORE UPDATE ON settlement.payee_accounts FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER payment_files_terms BEFORE UPDATE ON settlement.payment_files FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'holder_id', 'message_id', 'format', 'content', 'accounts_hash', 'line_count',
    'total_fen', 'drafted_by', 'drafted_at');
CREATE TRIGGER payment_files_steps BEFORE UPDATE ON settlement.payment_files FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER payment_lines_terms BEFORE UPDATE ON settlement.payment_lines FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('file_id', 'payout_id', 'position', 'account_id', 'amount_fen', 'end_to_end_id', 'instruction_id');
CREATE TRIGGER payment_lines_steps BEFORE UPDATE ON settlement.payment_lines FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();

CREATE TRIGGER bank_files_stay BEFORE DELETE OR TRUNCATE ON settlement.bank_files
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER bank_entries_stay BEFORE DELETE OR TRUNCATE ON settlement.bank_entries
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER bank_decisions_stay BEFORE DELETE OR TRUNCATE ON settlement.bank_decisions
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER payee_accounts_stay BEFORE DELETE OR TRUNCATE ON settlement.payee_accounts
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER payment_files_stay BEFORE DELETE OR TRUNCATE ON settlement.payment_files
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER payment_lines_stay BEFORE DELETE OR TRUNCATE ON settlement.payment_lines
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
REVOKE DELETE ON settlement.bank_files, settlement.bank_entries, settlement.bank_decisions, settlement.payee_accounts,
  settlement.payment_files, settlement.payment_lines FROM luochui_app;

-- Who holds the money of a payout: the lot's venue, the fund that it came from, or who is to send back what came in.
CREATE VIEW settlement.payouts_held AS
  SELECT p.id, s.venue_id AS holder_id
    FROM settlement.payouts p
    JOIN settlement.accounts a ON a.id = p.source_id AND a.kind NOT IN ('compensation_payable', 'refund_payable')
    JOIN settlement.sales s ON s.lot_id::text = a.ref
  UNION ALL
  SELECT DISTINCT p.id, f.owner
    FROM settlement.payouts p
    JOIN settlement.accounts a ON a.id = p.source_id AND a.kind = 'compensation_payable'
    JOIN settlement.entries e ON e.account_id = a.id AND e.amount_fen = p.amount_fen
    JOIN settlement.transfers t ON t.id = e.transfer_id AND t.recorded_at = p.queued_at AND t.ref = p.ref
                               AND t.kind || '_paid' = p.purpose
    JOIN settlement.entries x ON x.transfer_id = t.id AND x.amount_fen < 0
    JOIN settlement.accounts f ON f.id = x.account_id AND f.kind = 'fund_special_account'
  UNION ALL
  SELECT p.id, split_part(a.ref, ':', 1)::uuid
    FROM settlement.payouts p
    JOIN settlement.accounts a ON a.id = p.source_id AND a.kind = 'refund_payable';

-- migrate:down
DROP VIEW settlement.payouts_held;
DROP TABLE settlement.payment_lines, settlement.payment_files, settlement.payee_accounts, settlement.bank_decisions,
  settlement.bank_entries, settlement.bank_statements, settlement.bank_files, settlement.dues;
DROP FUNCTION settlement.account_content;
