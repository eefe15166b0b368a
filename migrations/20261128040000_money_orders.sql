-- migrate:up
-- What two people order about money: one proposes it as a document, another approves exactly that document. With it:
-- sales that are rescinded, prices paid in instalments, objections to a plan, and who claims what of a lot's proceeds.
-- Source: domain 6.1, 6.5, 6.6; reliability T33, T39.

INSERT INTO settlement.steps VALUES
  ('money_orders', 'PROPOSED', 'DONE'), ('money_orders', 'PROPOSED', 'REFUSED'),
  ('objections', 'OPEN', 'DISMISSED'), ('objections', 'OPEN', 'UPHELD'),
  ('plans', 'APPROVED', 'WITHDRAWN'),
  ('sales', 'PRICE_PAID', 'RESCINDED'), ('sales', 'COSTS_LOCKED', 'RESCINDED'),
  ('sales', 'PLAN_DRAFTED', 'RESCINDED'), ('sales', 'PLAN_APPROVED', 'RESCINDED')
ON CONFLICT DO NOTHING;  -- steps stay when this migration is taken back

ALTER TABLE settlement.sales DROP CONSTRAINT sales_state_check;
ALTER TABLE settlement.sales ADD CONSTRAINT sales_state_check CHECK (state IN ('PRICE_DUE', 'PRICE_PAID', 'COSTS_LOCKED',
  'PLAN_DRAFTED', 'PLAN_APPROVED', 'DISTRIBUTED', 'CLOSED', 'DEFAULTED', 'RESCINDED'));
-- What of the price went back to the buyer: all of it after a rescission, what was paid of it after a default.
ALTER TABLE settlement.sales ADD COLUMN returned_fen bigint NOT NULL DEFAULT 0;
ALTER TABLE settlement.sales ADD CONSTRAINT sales_returned_whole CHECK (
  returned_fen = 0 OR (returned_fen = paid_fen AND state IN ('DEFAULTED', 'RESCINDED')));

-- An approved plan is withdrawn with its sale, and says who had approved it.
ALTER TABLE settlement.plans DROP CONSTRAINT plans_check1;
ALTER TABLE settlement.plans ADD CONSTRAINT plans_approval CHECK (CASE state
  WHEN 'DRAFT' THEN num_nonnulls(approved_by, approved_hash, approved_at) = 0
  WHEN 'WITHDRAWN' THEN num_nonnulls(approved_by, approved_hash, approved_at) IN (0, 3)
  ELSE num_nonnulls(approved_by, approved_hash, approved_at) = 3 END);

CREATE TABLE settlement.money_orders (
  id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('PAID_BY_HAND', 'RESCISSION', 'INSTALMENTS', 'FORFEITURE')),
  -- The payout, the lot or the deposit that it is about.
  subject_id uuid NOT NULL,
  content bytea NOT NULL,
  content_hash bytea NOT NULL GENERATED ALWAYS AS (sha256(content)) STORED,
  state text NOT NULL CHECK (state IN ('PROPOSED', 'DONE', 'REFUSED')),
  proposed_by uuid NOT NULL,
  proposed_at timestamptz NOT NULL,
  decided_by uuid,
  decided_at timestamptz,
  decided_hash bytea,
  refusal text,
  CHECK ((state = 'PROPOSED') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
  CHECK ((state = 'REFUSED') = (refusal IS NOT NULL)),
  CONSTRAINT money_orders_two_people CHECK (state <> 'DONE' OR decided_by <> proposed_by),
  CONSTRAINT money_orders_as_shown CHECK ((state = 'DONE') = (decided_hash IS NOT NULL) AND decided_hash = content_hash)
);
-- One that stands or was done a subject; a refused one makes room for another.
CREATE UNIQUE INDEX money_orders_once ON settlement.money_orders (kind, subject_id) WHERE state <> 'REFUSED';
CREATE TRIGGER money_orders_terms BEFORE UPDATE ON settlement.money_orders FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'kind', 'subject_id', 'content', 'proposed_by', 'proposed_at');
CREATE TRIGGER money_orders_steps BEFORE UPDATE ON settlement.money_orders FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER money_orders_stay BEFORE DELETE OR TRUNCATE ON settlement.money_orders
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

-- When what of a price is due, where the notice allows instalments and two people agreed to them.
CREATE TABLE settlement.instalments (
  lot_id uuid NOT NULL REFERENCES settlement.sales,
  number smallint NOT NULL CHECK (number BETWEEN 1 AND 60),
  amount_fen bigint NOT NULL CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  due_at timestamptz NOT NULL,
  order_id uuid NOT NULL REFERENCES settlement.money_orders,
  PRIMARY KEY (lot_id, number)
);
CREATE TRIGGER instalments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.instalments
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

-- What is said against a plan while it is open to objections. One that is open keeps the plan from being approved.
CREATE TABLE settlement.objections (
  id uuid PRIMARY KEY,
  plan_id uuid NOT NULL REFERENCES settlement.plans,
  objector text NOT NULL CHECK (length(objector) BETWEEN 1 AND 200),
  grounds text NOT NULL CHECK (length(grounds) BETWEEN 1 AND 1000),
  state text NOT NULL CHECK (state IN ('OPEN', 'DISMISSED', 'UPHELD')),
  entered_by uuid NOT NULL,
  entered_at timestamptz NOT NULL,
  answer text,
  answered_by uuid,
  answered_at timestamptz,
  CHECK ((state = 'OPEN') = (answer IS NULL) AND num_nulls(answer, answered_by, answered_at) IN (0, 3)),
  CONSTRAINT objections_two_people CHECK (answered_by <> entered_by)
);
CREATE INDEX objections_of_plan ON settlement.objections (plan_id);
CREATE TRIGGER objections_terms BEFORE UPDATE ON settlement.objections FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'plan_id', 'objector', 'grounds', 'entered_by', 'entered_at');
CREATE TRIGGER objections_steps BEFORE UPDATE ON settlement.objections FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER objections_stay BEFORE DELETE OR TRUNCATE ON settlement.objections
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

-- Who claims what of a lot's proceeds beside its consignor; the last version counts when the plan is drafted.
CREATE TABLE settlement.sale_claims (
  lot_id uuid NOT NULL REFERENCES settlement.sales,
  version integer NOT NULL CHECK (version >= 1),
  content bytea NOT NULL,
  entered_by uuid NOT NULL,
  entered_at timestamptz NOT NULL,
  PRIMARY KEY (lot_id, version)
);
CREATE TRIGGER sale_claims_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.sale_claims
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

REVOKE DELETE ON settlement.money_orders, settlement.objections FROM luochui_app;
REVOKE UPDATE, DELETE ON settlement.instalments, settlement.sale_claims FROM luochui_app;

-- migrate:down
DROP TABLE settlement.sale_claims;
DROP TABLE settlement.objections;
DROP TABLE settlement.instalments;
DROP TABLE settlement.money_orders;
ALTER TABLE settlement.plans DROP CONSTRAINT plans_approval;
ALTER TABLE settlement.plans ADD CONSTRAINT plans_check1 CHECK (
  (state IN ('APPROVED', 'PAID')) = (approved_by IS NOT NULL AND approved_hash IS NOT NULL AND approved_at IS NOT NULL));
ALTER TABLE settlement.sales DROP CONSTRAINT sales_returned_whole;
ALTER TABLE settlement.sales DROP COLUMN returned_fen;
ALTER TABLE settlement.sales DROP CONSTRAINT sales_state_check;
ALTER TABLE settlement.sales ADD CONSTRAINT sales_state_check CHECK (state IN ('PRICE_DUE', 'PRICE_PAID', 'COSTS_LOCKED',
  'PLAN_DRAFTED', 'PLAN_APPROVED', 'DISTRIBUTED', 'CLOSED', 'DEFAULTED'));
