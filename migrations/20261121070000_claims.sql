-- migrate:up
-- Claims on a compensation fund as people make them: drafted at the bank, decided there by another person, reviewed at
-- every fund by two. Settlement's case has the same id as the loan; what it computes is kept there.

CREATE TABLE market.claims (
  id              uuid PRIMARY KEY,
  case_id         uuid NOT NULL REFERENCES market.loan_cases,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  scheme_id       text NOT NULL,
  scheme_version  integer NOT NULL,
  fund_ids        uuid[] NOT NULL CHECK (cardinality(fund_ids) > 0),
  application     text NOT NULL,  -- JSON: what was asked for, with every party's organisation
  figures         text NOT NULL,  -- JSON: what was computed from it, line by line
  claim_sha256    bytea NOT NULL CHECK (octet_length(claim_sha256) = 32),
  state           text NOT NULL CHECK (state IN ('drafted', 'approved', 'returned')),
  drafted_by      uuid NOT NULL REFERENCES market.users,
  drafted_at      timestamptz NOT NULL,
  decided_by      uuid REFERENCES market.users,
  decided_at      timestamptz,
  reason          text,
  -- The final clearing as one person at the fund proposes it, until another approves it.
  final_figures     text,
  final_sha256      bytea CHECK (octet_length(final_sha256) = 32),
  final_proposed_by uuid REFERENCES market.users,
  final_proposed_at timestamptz,
  final_approved_by uuid REFERENCES market.users,
  CONSTRAINT claims_two_people CHECK (decided_by <> drafted_by),
  CONSTRAINT claims_decided CHECK ((state = 'drafted') = (num_nulls(decided_by, decided_at, reason) = 3)
                                   AND num_nulls(decided_by, decided_at, reason) IN (0, 3)),
  CONSTRAINT claims_final_two_people CHECK (final_approved_by <> final_proposed_by),
  CONSTRAINT claims_final_whole CHECK (num_nulls(final_figures, final_sha256, final_proposed_by, final_proposed_at) IN (0, 4)
                                       AND (final_approved_by IS NULL OR final_proposed_by IS NOT NULL))
);
-- A loan has one claim at a time; one that the bank returned makes room for another.
CREATE UNIQUE INDEX claims_one_a_loan ON market.claims (case_id) WHERE state <> 'returned';
CREATE INDEX claims_of_organisation ON market.claims (organisation_id, id);
CREATE INDEX claims_of_fund ON market.claims USING gin (fund_ids);
REVOKE DELETE ON market.claims FROM luochui_app;

-- What was decided on stays as it was.
CREATE FUNCTION market.claim_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.case_id, NEW.organisation_id, NEW.scheme_id, NEW.scheme_version, NEW.fund_ids, NEW.application,
      NEW.figures, NEW.claim_sha256, NEW.drafted_by, NEW.drafted_at)
     IS DISTINCT FROM
     (OLD.id, OLD.case_id, OLD.organisation_id, OLD.scheme_id, OLD.scheme_version, OLD.fund_ids, OLD.application,
      OLD.figures, OLD.claim_sha256, OLD.drafted_by, OLD.drafted_at)
     OR (OLD.state <> 'drafted' AND (NEW.state, NEW.decided_by, NEW.decided_at, NEW.reason)
         IS DISTINCT FROM (OLD.state, OLD.decided_by, OLD.decided_at, OLD.reason))
     OR OLD.final_approved_by IS NOT NULL THEN
    RAISE EXCEPTION 'claim %: what was decided does not change', OLD.id USING ERRCODE = 'LC001';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER claim_is_frozen BEFORE UPDATE ON market.claims
  FOR EACH ROW EXECUTE FUNCTION market.claim_is_frozen();

-- At each fund the administrator reviews first, then the checker, another person.
CREATE TABLE market.claim_reviews (
  claim_id    uuid NOT NULL REFERENCES market.claims,
  reviewer_id uuid NOT NULL REFERENCES market.users,
  fund_id     uuid NOT NULL REFERENCES market.organisations,
  role        text NOT NULL CHECK (role IN ('fund_administrator', 'fund_checker')),
  approved    boolean NOT NULL,
  reason      text NOT NULL CHECK (reason <> ''),
  reviewed_at timestamptz NOT NULL,
  PRIMARY KEY (claim_id, reviewer_id),
  UNIQUE (claim_id, fund_id, role)
);
REVOKE UPDATE, DELETE ON market.claim_reviews FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.claim_reviews
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();

-- migrate:down
DROP TABLE market.claim_reviews;
DROP TABLE market.claims;
DROP FUNCTION market.claim_is_frozen;
