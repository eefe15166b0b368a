-- migrate:up
-- Licence income over the years (许可费): what a licence pays, what each period owes, what came in, and where it went.
-- Source: domain 6.6 (royalty stream), 5.6 example 5.

CREATE TABLE settlement.licences (
  id uuid PRIMARY KEY,
  -- The compensation case whose positions the income makes good; null where the loan has no claim.
  case_id uuid REFERENCES settlement.cases,
  holder_id uuid NOT NULL,
  lender_id uuid NOT NULL,
  licensee_id uuid NOT NULL,
  content bytea NOT NULL,
  content_hash bytea NOT NULL GENERATED ALWAYS AS (sha256(content)) STORED,
  state text NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'WITHDRAWN', 'ENDED')),
  drafted_by uuid NOT NULL,
  drafted_at timestamptz NOT NULL,
  approved_by uuid,
  approved_at timestamptz,
  approved_hash bytea,
  CONSTRAINT licences_two_people CHECK (approved_by <> drafted_by),
  CONSTRAINT licences_approved_as_shown CHECK (approved_hash = sha256(content)),
  CHECK (num_nulls(approved_by, approved_at, approved_hash) IN (0, 3)),
  CHECK (state NOT IN ('ACTIVE', 'ENDED') OR approved_by IS NOT NULL)
);
CREATE INDEX licences_of_case ON settlement.licences (case_id);
CREATE INDEX licences_of_holder ON settlement.licences (holder_id, id);
CREATE INDEX licences_of_lender ON settlement.licences (lender_id, id);

-- What a period owes, line by line. What an audit finds and what is late is owed in the period in which it is found.
CREATE TABLE settlement.royalty_invoices (
  id uuid PRIMARY KEY,
  licence_id uuid NOT NULL REFERENCES settlement.licences,
  n integer NOT NULL CHECK (n > 0),
  kind text NOT NULL CHECK (kind IN ('ENTRY_FEE', 'PERIOD', 'CHARGES')),
  period_from date,
  period_to date CHECK (period_to >= period_from),
  content bytea NOT NULL,
  due_fen bigint NOT NULL CHECK (due_fen BETWEEN 0 AND 10000000000000),
  paid_fen bigint NOT NULL DEFAULT 0 CHECK (paid_fen BETWEEN 0 AND due_fen),
  due_on date NOT NULL,
  issued_by uuid NOT NULL,
  issued_at timestamptz NOT NULL,
  UNIQUE (licence_id, n),
  CHECK ((kind = 'PERIOD') = (period_from IS NOT NULL AND period_to IS NOT NULL))
);
CREATE UNIQUE INDEX royalty_invoices_one_entry_fee ON settlement.royalty_invoices (licence_id) WHERE kind = 'ENTRY_FEE';
CREATE UNIQUE INDEX royalty_invoices_one_a_period ON settlement.royalty_invoices (licence_id, period_from) WHERE kind = 'PERIOD';

-- What waits for the next invoice: the difference an audit found, interest for lateness, a credit carried on.
CREATE TABLE settlement.royalty_charges (
  id uuid PRIMARY KEY,
  licence_id uuid NOT NULL REFERENCES settlement.licences,
  n integer NOT NULL CHECK (n > 0),
  kind text NOT NULL CHECK (kind IN ('AUDIT', 'LATE_INTEREST', 'CREDIT')),
  reference text NOT NULL CHECK (length(reference) BETWEEN 1 AND 140),
  amount_fen bigint NOT NULL CHECK (amount_fen <> 0),
  computation text NOT NULL,
  content bytea NOT NULL,
  recorded_by uuid,
  recorded_at timestamptz NOT NULL,
  invoice_id uuid REFERENCES settlement.royalty_invoices,
  UNIQUE (licence_id, kind, reference),
  UNIQUE (licence_id, n)
);

CREATE TABLE settlement.royalty_receipts (
  id uuid PRIMARY KEY,
  licence_id uuid NOT NULL REFERENCES settlement.licences,
  invoice_id uuid NOT NULL REFERENCES settlement.royalty_invoices,
  bank_reference text NOT NULL UNIQUE CHECK (length(bank_reference) BETWEEN 1 AND 140),
  amount_fen bigint NOT NULL CHECK (amount_fen > 0),
  applied_fen bigint NOT NULL CHECK (applied_fen BETWEEN 0 AND amount_fen),
  agency_fen bigint NOT NULL CHECK (agency_fen BETWEEN 0 AND applied_fen),
  received_at timestamptz NOT NULL,
  recorded_by uuid,
  recorded_at timestamptz NOT NULL,
  -- ESCROWED until the case can take it; then what it did, row by row.
  state text NOT NULL CHECK (state IN ('ESCROWED', 'DISTRIBUTED')),
  distributed_at timestamptz,
  rows bytea,
  CHECK ((state = 'DISTRIBUTED') = (rows IS NOT NULL AND distributed_at IS NOT NULL))
);
CREATE INDEX royalty_receipts_of_licence ON settlement.royalty_receipts (licence_id, id);

INSERT INTO settlement.steps VALUES
  ('licences', 'DRAFT', 'ACTIVE'), ('licences', 'DRAFT', 'WITHDRAWN'), ('licences', 'ACTIVE', 'ENDED'),
  ('royalty_receipts', 'ESCROWED', 'DISTRIBUTED');

CREATE TRIGGER licences_terms BEFORE UPDATE ON settlement.licences FOR EACH ROW EXECUTE FUNCTION settlement.guard_terms(
  'id', 'case_id', 'holder_id', 'lender_id', 'licensee_id', 'content', 'drafted_by', 'drafted_at');
CREATE TRIGGER licences_steps BEFORE UPDATE ON settlement.licences FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER royalty_invoices_terms BEFORE UPDATE ON settlement.royalty_invoices FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'licence_id', 'n', 'kind', 'period_from', 'period_to', 'content', 'due_fen',
    'due_on', 'issued_by', 'issued_at');
CREATE TRIGGER royalty_charges_terms BEFORE UPDATE ON settlement.royalty_charges FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'licence_id', 'n', 'kind', 'reference', 'amount_fen', 'computation', 'content',
    'recorded_by', 'recorded_at');
CREATE TRIGGER royalty_receipts_terms BEFORE UPDATE ON settlement.royalty_receipts FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'licence_id', 'invoice_id', 'bank_reference', 'amount_fen', 'applied_fen',
    'agency_fen', 'received_at', 'recorded_by', 'recorded_at');
CREATE TRIGGER royalty_receipts_steps BEFORE UPDATE ON settlement.royalty_receipts FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER licences_stay BEFORE DELETE OR TRUNCATE ON settlement.licences
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER royalty_invoices_stay BEFORE DELETE OR TRUNCATE ON settlement.royalty_invoices
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER royalty_charges_stay BEFORE DELETE OR TRUNCATE ON settlement.royalty_charges
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER royalty_receipts_stay BEFORE DELETE OR TRUNCATE ON settlement.royalty_receipts
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
REVOKE DELETE ON settlement.licences, settlement.royalty_invoices, settlement.royalty_charges, settlement.royalty_receipts
  FROM luochui_app;

-- Statements of more kinds: licence fees, the claim's form and its review, the progress of recovery, the quarterly returns.
ALTER TABLE settlement.statements DROP CONSTRAINT statements_kind_check;
ALTER TABLE settlement.statements ADD CONSTRAINT statements_kind_check CHECK (kind IN (
  'settlement', 'distribution', 'clearing', 'royalty', 'application', 'review', 'progress', 'quarterly', 'bulletin'));

-- migrate:down
ALTER TABLE settlement.statements DROP CONSTRAINT statements_kind_check;
ALTER TABLE settlement.statements ADD CONSTRAINT statements_kind_check CHECK (kind IN ('settlement', 'distribution', 'clearing')) NOT VALID;
DROP TABLE settlement.royalty_receipts, settlement.royalty_charges, settlement.royalty_invoices, settlement.licences;
