-- migrate:up
-- What completes risk compensation: loans enrolled before their default, breakers, deadlines in working days, returns of
-- every kind, and clearings that are reopened by money which comes late. Source: domain 5.1 (typical clauses), 5.2, 5.3.

-- A loan enrolled (备案) under a version of a scheme, before anything went wrong with it.
CREATE TABLE settlement.enrolments (
  id uuid PRIMARY KEY,
  scheme_id text NOT NULL,
  scheme_version integer NOT NULL,
  lender_id uuid NOT NULL,
  borrower_id uuid NOT NULL,
  loan_number text NOT NULL CHECK (length(loan_number) BETWEEN 1 AND 100),
  contract_hash bytea NOT NULL CHECK (octet_length(contract_hash) = 32),
  principal_fen bigint NOT NULL CHECK (principal_fen BETWEEN 1 AND 10000000000000),
  granted_on date NOT NULL,
  due_on date NOT NULL CHECK (due_on > granted_on),
  enrolled_on date NOT NULL,
  enrolled_by uuid NOT NULL,
  enrolled_at timestamptz NOT NULL,
  accepted_by uuid,
  accepted_at timestamptz,
  state text NOT NULL CHECK (state IN ('FILED', 'ACCEPTED', 'REFUSED')),
  reason text,
  FOREIGN KEY (scheme_id, scheme_version) REFERENCES settlement.schemes (scheme_id, version),
  CONSTRAINT enrolments_one_a_loan UNIQUE (lender_id, loan_number),
  CONSTRAINT enrolments_one_a_contract UNIQUE (contract_hash),
  CONSTRAINT enrolments_two_people CHECK (accepted_by <> enrolled_by),
  CHECK ((state = 'FILED') = (accepted_by IS NULL)),
  CHECK ((accepted_by IS NULL) = (accepted_at IS NULL))
);
CREATE INDEX enrolments_of_scheme ON settlement.enrolments (scheme_id, lender_id, enrolled_on);

-- What a breaker saw each time it was looked at and stopped something.
CREATE TABLE settlement.breaker_trips (
  id uuid PRIMARY KEY,
  scheme_id text NOT NULL,
  lender_id uuid NOT NULL,
  case_id uuid,
  metric text NOT NULL,
  action text NOT NULL CHECK (action IN ('DEFER', 'SUSPEND_NEW', 'TERMINATE')),
  threshold_bp integer NOT NULL,
  loss_fen bigint NOT NULL,
  enrolled_fen bigint NOT NULL,
  period_from date NOT NULL,
  period_to date NOT NULL,
  tripped_at timestamptz NOT NULL
);
CREATE INDEX breaker_trips_of_scheme ON settlement.breaker_trips (scheme_id, lender_id);
CREATE TRIGGER breaker_trips_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.breaker_trips
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

-- Every final clearing of a case; money that comes after it makes the next version.
CREATE TABLE settlement.case_finals (
  case_id uuid NOT NULL REFERENCES settlement.cases,
  version integer NOT NULL CHECK (version > 0),
  final bytea NOT NULL,
  event_id text,
  cleared_by uuid,
  cleared_at timestamptz NOT NULL,
  PRIMARY KEY (case_id, version)
);
INSERT INTO settlement.case_finals
SELECT s.case_id, 1, c.final, NULL, s.by_user, s.at
  FROM settlement.case_steps s JOIN settlement.cases c ON c.id = s.case_id
 WHERE s.step = 'final_clearing' AND c.final IS NOT NULL;
CREATE TRIGGER case_finals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.case_finals
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

ALTER TABLE settlement.case_settlements
  ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version > 0),
  -- The last day on which what is to come back comes in time.
  ADD COLUMN due_on date,
  DROP CONSTRAINT case_settlements_pkey,
  ADD PRIMARY KEY (case_id, fund_party, party, version);

-- What a party owes a fund beside the clearing: interest for lateness, and everything where a claim was fraudulent.
CREATE TABLE settlement.case_charges (
  id uuid PRIMARY KEY,
  case_id uuid NOT NULL REFERENCES settlement.cases,
  kind text NOT NULL CHECK (kind IN ('LATE_INTEREST', 'CLAWBACK')),
  fund_party text NOT NULL,
  party text NOT NULL,
  version integer NOT NULL,
  amount_fen bigint NOT NULL CHECK (amount_fen > 0),
  computation text NOT NULL,
  due_on date NOT NULL,
  charged_at timestamptz NOT NULL,
  settled_at timestamptz,
  bank_reference text UNIQUE,
  UNIQUE (case_id, kind, fund_party, party, version),
  CHECK ((settled_at IS NULL) = (bank_reference IS NULL))
);

-- A claim found fraudulent or in breach: proposed by one person, decided by another, then everything goes back.
CREATE TABLE settlement.clawbacks (
  case_id uuid PRIMARY KEY REFERENCES settlement.cases,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
  evidence text NOT NULL CHECK (evidence ~ '^[0-9a-f]{64}$'),
  proposed_by uuid NOT NULL,
  proposed_at timestamptz NOT NULL,
  decided_by uuid,
  decided_at timestamptz,
  CONSTRAINT clawbacks_two_people CHECK (decided_by <> proposed_by),
  CHECK ((decided_by IS NULL) = (decided_at IS NULL))
);

INSERT INTO settlement.steps VALUES
  ('cases', 'SUSPENDED_BY_BREAKER', 'COMP_REVIEWED'), ('cases', 'SUSPENDED_BY_BREAKER', 'REJECTED'),
  ('cases', 'CLOSED', 'FINAL_CLEARING'), ('cases', 'FINAL_CLEARING', 'CLAWED_BACK'), ('cases', 'CLOSED', 'CLAWED_BACK'),
  ('enrolments', 'FILED', 'ACCEPTED'), ('enrolments', 'FILED', 'REFUSED');

CREATE TRIGGER enrolments_terms BEFORE UPDATE ON settlement.enrolments FOR EACH ROW EXECUTE FUNCTION settlement.guard_terms(
  'id', 'scheme_id', 'scheme_version', 'lender_id', 'borrower_id', 'loan_number', 'contract_hash', 'principal_fen',
  'granted_on', 'due_on', 'enrolled_on', 'enrolled_by', 'enrolled_at');
CREATE TRIGGER enrolments_steps BEFORE UPDATE ON settlement.enrolments FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER case_charges_terms BEFORE UPDATE ON settlement.case_charges FOR EACH ROW EXECUTE FUNCTION settlement.guard_terms(
  'id', 'case_id', 'kind', 'fund_party', 'party', 'version', 'amount_fen', 'computation', 'due_on', 'charged_at');
CREATE TRIGGER clawbacks_terms BEFORE UPDATE ON settlement.clawbacks FOR EACH ROW EXECUTE FUNCTION settlement.guard_terms(
  'case_id', 'reason', 'evidence', 'proposed_by', 'proposed_at');
CREATE TRIGGER enrolments_stay BEFORE DELETE OR TRUNCATE ON settlement.enrolments
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER case_charges_stay BEFORE DELETE OR TRUNCATE ON settlement.case_charges
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER clawbacks_stay BEFORE DELETE OR TRUNCATE ON settlement.clawbacks
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
REVOKE UPDATE, DELETE ON settlement.breaker_trips, settlement.case_finals FROM luochui_app;
REVOKE DELETE ON settlement.enrolments, settlement.case_charges, settlement.clawbacks FROM luochui_app;

-- migrate:down
DROP TABLE settlement.clawbacks, settlement.case_charges;
ALTER TABLE settlement.case_settlements DROP CONSTRAINT case_settlements_pkey, DROP COLUMN version, DROP COLUMN due_on,
  ADD PRIMARY KEY (case_id, fund_party, party);
DROP TABLE settlement.case_finals, settlement.breaker_trips, settlement.enrolments;
