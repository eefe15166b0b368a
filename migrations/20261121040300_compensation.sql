-- migrate:up
-- Risk-compensation cases. The loss-sharing positions and the debtor's debt are two books of the ledger; these tables
-- hold what was decided and why. Source: domain 5.2, 5.3.

CREATE TABLE settlement.schemes (
  scheme_id text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  content bytea NOT NULL,
  content_hash bytea NOT NULL GENERATED ALWAYS AS (sha256(content)) STORED,
  is_complete boolean NOT NULL,
  loaded_at timestamptz NOT NULL,
  PRIMARY KEY (scheme_id, version)
);
CREATE TRIGGER schemes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.schemes
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

CREATE TABLE settlement.cases (
  id uuid PRIMARY KEY,
  scheme_id text NOT NULL,
  scheme_version integer NOT NULL,
  lender_id uuid NOT NULL,
  borrower_id uuid NOT NULL,
  loan_number text NOT NULL CHECK (length(loan_number) BETWEEN 1 AND 100),
  contract_hash bytea NOT NULL CHECK (octet_length(contract_hash) = 32),
  state text NOT NULL CHECK (state IN ('LOAN_ENROLLED', 'OVERDUE', 'DEFAULT_CONFIRMED', 'COMP_APPLIED', 'COMP_REVIEWED',
    'ADVANCE_PAID', 'DISPOSAL', 'FINAL_CLEARING', 'CLOSED', 'REJECTED', 'SUSPENDED_BY_BREAKER', 'CLAWED_BACK', 'WRITTEN_OFF')),
  enrolled_at timestamptz NOT NULL,
  -- What the claim was computed from, and where the case stands between two recoveries; null before it is applied for.
  claim bytea,
  opening bytea,
  book bytea,
  final bytea,
  applied_by uuid,
  FOREIGN KEY (scheme_id, scheme_version) REFERENCES settlement.schemes (scheme_id, version),
  -- One compensation a loan, whatever number or contract it is presented under (reliability T38).
  CONSTRAINT cases_one_a_loan UNIQUE (lender_id, loan_number),
  CONSTRAINT cases_one_a_contract UNIQUE (contract_hash),
  CHECK ((claim IS NULL) = (opening IS NULL) AND (claim IS NULL) = (book IS NULL) AND (claim IS NULL) = (applied_by IS NULL)),
  CHECK (state IN ('LOAN_ENROLLED', 'OVERDUE', 'DEFAULT_CONFIRMED') OR claim IS NOT NULL)
);

CREATE TABLE settlement.case_parties (
  case_id uuid NOT NULL REFERENCES settlement.cases,
  party text NOT NULL,
  organisation_id uuid NOT NULL,
  role text NOT NULL,
  PRIMARY KEY (case_id, party)
);

-- What each fund has promised to a case: reserved from the application on, so that claims of one moment can't promise
-- the same money twice.
CREATE TABLE settlement.case_promises (
  case_id uuid NOT NULL REFERENCES settlement.cases,
  party text NOT NULL,
  fund_id uuid NOT NULL,
  borrower_id uuid NOT NULL,
  year integer NOT NULL,
  promised_fen bigint NOT NULL CHECK (promised_fen >= 0),
  advance_fen bigint NOT NULL CHECK (advance_fen BETWEEN 0 AND promised_fen),
  PRIMARY KEY (case_id, party)
);
CREATE INDEX case_promises_by_fund ON settlement.case_promises (fund_id);

CREATE TABLE settlement.case_reviews (
  case_id uuid NOT NULL REFERENCES settlement.cases,
  reviewer_id uuid NOT NULL,
  approved boolean NOT NULL,
  reason text NOT NULL CHECK (reason <> ''),
  reviewed_hash bytea NOT NULL CHECK (octet_length(reviewed_hash) = 32),
  reviewed_at timestamptz NOT NULL,
  PRIMARY KEY (case_id, reviewer_id)
);

-- Every step of a case with its lines: what a person reads to see why a figure is what it is.
CREATE TABLE settlement.case_steps (
  case_id uuid NOT NULL REFERENCES settlement.cases,
  n integer NOT NULL,
  step text NOT NULL,
  lines bytea NOT NULL,
  by_user uuid,
  at timestamptz NOT NULL,
  PRIMARY KEY (case_id, n)
);

CREATE TABLE settlement.case_events (
  case_id uuid NOT NULL REFERENCES settlement.cases,
  event_id text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 200),
  n integer NOT NULL,
  event bytea NOT NULL,
  recovered bytea NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (case_id, event_id),
  UNIQUE (case_id, n)
);

-- What is still to move at the end between a fund and who was compensated: above 0 to the party, below 0 from it.
CREATE TABLE settlement.case_settlements (
  case_id uuid NOT NULL REFERENCES settlement.cases,
  fund_party text NOT NULL,
  party text NOT NULL,
  amount_fen bigint NOT NULL CHECK (amount_fen <> 0),
  settled_at timestamptz,
  bank_reference text UNIQUE,
  PRIMARY KEY (case_id, fund_party, party)
);

INSERT INTO settlement.steps VALUES
  ('cases', 'LOAN_ENROLLED', 'OVERDUE'), ('cases', 'LOAN_ENROLLED', 'DEFAULT_CONFIRMED'),
  ('cases', 'OVERDUE', 'DEFAULT_CONFIRMED'), ('cases', 'OVERDUE', 'LOAN_ENROLLED'),
  ('cases', 'DEFAULT_CONFIRMED', 'COMP_APPLIED'),
  ('cases', 'COMP_APPLIED', 'COMP_REVIEWED'), ('cases', 'COMP_APPLIED', 'REJECTED'),
  ('cases', 'COMP_APPLIED', 'SUSPENDED_BY_BREAKER'), ('cases', 'SUSPENDED_BY_BREAKER', 'COMP_APPLIED'),
  ('cases', 'COMP_REVIEWED', 'ADVANCE_PAID'), ('cases', 'ADVANCE_PAID', 'DISPOSAL'),
  ('cases', 'ADVANCE_PAID', 'FINAL_CLEARING'), ('cases', 'DISPOSAL', 'FINAL_CLEARING'),
  ('cases', 'FINAL_CLEARING', 'CLOSED'), ('cases', 'ADVANCE_PAID', 'CLAWED_BACK'), ('cases', 'DISPOSAL', 'CLAWED_BACK'),
  ('cases', 'CLOSED', 'WRITTEN_OFF');

CREATE TRIGGER cases_terms BEFORE UPDATE ON settlement.cases FOR EACH ROW EXECUTE FUNCTION settlement.guard_terms(
  'id', 'scheme_id', 'scheme_version', 'lender_id', 'borrower_id', 'loan_number', 'contract_hash', 'enrolled_at');
CREATE TRIGGER cases_steps BEFORE UPDATE ON settlement.cases FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER cases_stay BEFORE DELETE OR TRUNCATE ON settlement.cases
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER case_parties_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.case_parties
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER case_promises_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.case_promises
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER case_reviews_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.case_reviews
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER case_steps_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.case_steps
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER case_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.case_events
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER case_settlements_terms BEFORE UPDATE ON settlement.case_settlements FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('case_id', 'fund_party', 'party', 'amount_fen');
CREATE TRIGGER case_settlements_stay BEFORE DELETE OR TRUNCATE ON settlement.case_settlements
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

REVOKE UPDATE, DELETE ON settlement.schemes, settlement.case_parties, settlement.case_promises, settlement.case_reviews,
  settlement.case_steps, settlement.case_events FROM luochui_app;
REVOKE DELETE ON settlement.cases, settlement.case_settlements FROM luochui_app;

-- migrate:down
DROP TABLE settlement.case_settlements, settlement.case_events, settlement.case_steps, settlement.case_reviews,
  settlement.case_promises, settlement.case_parties, settlement.cases, settlement.schemes;
