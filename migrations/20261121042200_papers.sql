-- migrate:up
-- Papers beside the three statements: licence fees (许可费结算单), a claim's application (补偿申请书) and its review (审核表), the
-- progress of recovery (追偿进展表), and the quarterly return and notification (季度统计表, 季度通报). Issued as statements are.
CREATE TABLE settlement.papers (
  id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('royalty', 'application', 'review', 'progress', 'quarterly', 'bulletin')),
  subject_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  serial bigint NOT NULL CHECK (serial > 0),
  number text NOT NULL UNIQUE,
  document bytea NOT NULL,
  sha256 bytea NOT NULL GENERATED ALWAYS AS (sha256(document)) STORED,
  issued_by uuid,
  issued_at timestamptz NOT NULL,
  UNIQUE (kind, subject_id, version),
  UNIQUE (kind, serial)
);
CREATE TRIGGER papers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.papers
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
REVOKE UPDATE, DELETE ON settlement.papers FROM luochui_app;

-- What a bank reports of a quarter (季度统计表), due within ten days after it; once submitted it does not change (MON-02).
CREATE TABLE market.quarterly_returns (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  quarter         text NOT NULL CHECK (quarter ~ '^20[0-9]{2}Q[1-4]$'),
  version         integer NOT NULL CHECK (version > 0),
  content         bytea NOT NULL,
  sha256          bytea NOT NULL GENERATED ALWAYS AS (sha256(content)) STORED,
  recipients      uuid[] NOT NULL CHECK (cardinality(recipients) = 2 AND recipients[1] <> recipients[2]),
  due_on          date NOT NULL,
  state           text NOT NULL CHECK (state IN ('drafted', 'submitted', 'locked', 'reopened')),
  drafted_by      uuid NOT NULL REFERENCES market.users,
  drafted_at      timestamptz NOT NULL,
  submitted_by    uuid REFERENCES market.users,
  submitted_at    timestamptz,
  is_late         boolean,
  receipt         text UNIQUE,
  alerts          text NOT NULL DEFAULT '[]',
  CONSTRAINT returns_two_people CHECK (submitted_by <> drafted_by),
  CHECK (num_nulls(submitted_by, submitted_at, is_late, receipt) IN (0, 4)),
  CHECK ((state = 'drafted') = (submitted_by IS NULL)),
  UNIQUE (organisation_id, quarter, version)
);
CREATE TABLE market.return_receipts (
  return_id    uuid NOT NULL REFERENCES market.quarterly_returns,
  recipient_id uuid NOT NULL REFERENCES market.organisations,
  received_by  uuid NOT NULL REFERENCES market.users,
  received_at  timestamptz NOT NULL,
  PRIMARY KEY (return_id, recipient_id)
);
REVOKE DELETE ON market.quarterly_returns FROM luochui_app;
REVOKE UPDATE, DELETE ON market.return_receipts FROM luochui_app;

CREATE FUNCTION market.return_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'drafted' AND (NEW.content, NEW.recipients, NEW.submitted_by, NEW.submitted_at, NEW.is_late, NEW.receipt)
     IS DISTINCT FROM (OLD.content, OLD.recipients, OLD.submitted_by, OLD.submitted_at, OLD.is_late, OLD.receipt)
     OR (NEW.id, NEW.organisation_id, NEW.quarter, NEW.version, NEW.due_on)
     IS DISTINCT FROM (OLD.id, OLD.organisation_id, OLD.quarter, OLD.version, OLD.due_on) THEN
    RAISE EXCEPTION 'return %: what was submitted does not change', OLD.id USING ERRCODE = 'LC001';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER return_is_frozen BEFORE UPDATE ON market.quarterly_returns
  FOR EACH ROW EXECUTE FUNCTION market.return_is_frozen();

-- migrate:down
DROP TABLE market.return_receipts, market.quarterly_returns, settlement.papers;
DROP FUNCTION market.return_is_frozen;
