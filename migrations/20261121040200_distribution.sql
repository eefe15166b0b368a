-- migrate:up
-- Cost sheets and distribution plans: documents of which one person is the maker and another the checker. What is
-- approved is the exact bytes: a document never changes, its hash is computed here.

CREATE TABLE settlement.cost_sheets (
  id uuid PRIMARY KEY,
  lot_id uuid NOT NULL REFERENCES settlement.sales,
  content bytea NOT NULL,
  content_hash bytea NOT NULL GENERATED ALWAYS AS (sha256(content)) STORED,
  state text NOT NULL CHECK (state IN ('DRAFT', 'LOCKED', 'WITHDRAWN')),
  drafted_by uuid NOT NULL,
  drafted_at timestamptz NOT NULL,
  locked_by uuid,
  locked_at timestamptz,
  CONSTRAINT cost_sheets_two_people CHECK (locked_by <> drafted_by),
  CHECK ((state = 'LOCKED') = (locked_by IS NOT NULL)),
  CHECK ((locked_by IS NULL) = (locked_at IS NULL))
);
CREATE UNIQUE INDEX cost_sheets_one_a_lot ON settlement.cost_sheets (lot_id) WHERE state <> 'WITHDRAWN';

CREATE TABLE settlement.plans (
  id uuid PRIMARY KEY,
  lot_id uuid NOT NULL REFERENCES settlement.sales,
  content bytea NOT NULL,
  content_hash bytea NOT NULL GENERATED ALWAYS AS (sha256(content)) STORED,
  state text NOT NULL CHECK (state IN ('DRAFT', 'APPROVED', 'PAID', 'WITHDRAWN')),
  drafted_by uuid NOT NULL,
  drafted_at timestamptz NOT NULL,
  -- Who is concerned may object until then (domain 6.6).
  objection_until timestamptz NOT NULL CHECK (objection_until >= drafted_at),
  approved_by uuid,
  approved_at timestamptz,
  approved_hash bytea,
  paid_at timestamptz,
  transfer_id uuid UNIQUE REFERENCES settlement.transfers,
  CONSTRAINT plans_two_people CHECK (approved_by <> drafted_by),
  CONSTRAINT plans_approved_as_shown CHECK (approved_hash = sha256(content)),
  CONSTRAINT plans_objections_over CHECK (approved_at >= objection_until),
  CHECK ((state IN ('APPROVED', 'PAID')) = (approved_by IS NOT NULL AND approved_hash IS NOT NULL AND approved_at IS NOT NULL)),
  CHECK ((state = 'PAID') = (paid_at IS NOT NULL AND transfer_id IS NOT NULL))
);
-- One plan a lot stands at a time; so a lot is distributed once.
CREATE UNIQUE INDEX plans_one_a_lot ON settlement.plans (lot_id) WHERE state <> 'WITHDRAWN';

INSERT INTO settlement.steps VALUES
  ('cost_sheets', 'DRAFT', 'LOCKED'), ('cost_sheets', 'DRAFT', 'WITHDRAWN'),
  ('plans', 'DRAFT', 'APPROVED'), ('plans', 'DRAFT', 'WITHDRAWN'), ('plans', 'APPROVED', 'PAID');

CREATE TRIGGER cost_sheets_terms BEFORE UPDATE ON settlement.cost_sheets FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'lot_id', 'content', 'drafted_by', 'drafted_at');
CREATE TRIGGER cost_sheets_steps BEFORE UPDATE ON settlement.cost_sheets FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER cost_sheets_stay BEFORE DELETE OR TRUNCATE ON settlement.cost_sheets
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER plans_terms BEFORE UPDATE ON settlement.plans FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'lot_id', 'content', 'drafted_by', 'drafted_at', 'objection_until');
CREATE TRIGGER plans_steps BEFORE UPDATE ON settlement.plans FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER plans_stay BEFORE DELETE OR TRUNCATE ON settlement.plans
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
REVOKE DELETE ON settlement.cost_sheets, settlement.plans FROM luochui_app;

-- migrate:down
DROP TABLE settlement.plans, settlement.cost_sheets;
