-- migrate:up
-- Holds, deposits, sales, money in and money out. Each row is a state machine; what it moves is in the ledger.

-- A state machine's rows change only along these steps, and never lose what they were made with.
CREATE TABLE settlement.steps (
  subject text NOT NULL,
  from_state text NOT NULL,
  to_state text NOT NULL,
  PRIMARY KEY (subject, from_state, to_state)
);
CREATE TRIGGER steps_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.steps
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

CREATE FUNCTION settlement.guard_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> OLD.state AND NOT EXISTS (
    SELECT FROM settlement.steps s
     WHERE s.subject = TG_TABLE_NAME AND s.from_state = OLD.state AND s.to_state = NEW.state) THEN
    RAISE EXCEPTION '%: there is no step from % to %', TG_TABLE_NAME, OLD.state, NEW.state
      USING ERRCODE = 'LL010';
  END IF;
  RETURN NEW;
END
$$;

INSERT INTO settlement.steps VALUES
  ('holds', 'HELD', 'CAPTURED'), ('holds', 'HELD', 'RELEASED'), ('holds', 'HELD', 'EXPIRED'),
  ('deposits', 'CREATED', 'FROZEN'),
  ('deposits', 'FROZEN', 'RELEASED'), ('deposits', 'FROZEN', 'APPLIED_TO_PRICE'),
  ('deposits', 'FROZEN', 'FORFEITED'), ('deposits', 'FROZEN', 'PARTLY_FORFEITED'),
  ('sales', 'PRICE_DUE', 'PRICE_PAID'), ('sales', 'PRICE_DUE', 'DEFAULTED'),
  ('sales', 'PRICE_PAID', 'COSTS_LOCKED'), ('sales', 'COSTS_LOCKED', 'PLAN_DRAFTED'),
  ('sales', 'PLAN_DRAFTED', 'COSTS_LOCKED'), ('sales', 'PLAN_DRAFTED', 'PLAN_APPROVED'),
  ('sales', 'PLAN_APPROVED', 'DISTRIBUTED'), ('sales', 'DISTRIBUTED', 'CLOSED'),
  ('payouts', 'QUEUED', 'SENT'), ('payouts', 'QUEUED', 'PAID'), ('payouts', 'SENT', 'PAID'),
  ('payouts', 'SENT', 'FAILED'), ('payouts', 'FAILED', 'QUEUED');

CREATE TABLE settlement.holds (
  id uuid PRIMARY KEY,
  source_id bigint NOT NULL REFERENCES settlement.accounts,
  -- One hold an account: what is captured can never come out of another hold.
  held_id bigint NOT NULL UNIQUE REFERENCES settlement.accounts,
  amount_fen bigint NOT NULL CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  captured_fen bigint NOT NULL DEFAULT 0,
  state text NOT NULL CHECK (state IN ('HELD', 'CAPTURED', 'RELEASED', 'EXPIRED')),
  ref text NOT NULL,
  expires_at timestamptz,
  held_at timestamptz NOT NULL,
  closed_at timestamptz,
  CONSTRAINT holds_not_over_captured CHECK (captured_fen BETWEEN 0 AND amount_fen),
  CHECK ((state = 'CAPTURED') = (captured_fen > 0)),
  CHECK ((state = 'HELD') = (closed_at IS NULL))
);
CREATE INDEX holds_by_expiry ON settlement.holds (expires_at) WHERE state = 'HELD' AND expires_at IS NOT NULL;

CREATE TABLE settlement.deposits (
  id uuid PRIMARY KEY,
  lot_id uuid NOT NULL,
  bidder_id uuid NOT NULL,
  amount_fen bigint NOT NULL CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  -- What of it went to the price, or was forfeited.
  kept_fen bigint NOT NULL DEFAULT 0 CHECK (kept_fen BETWEEN 0 AND amount_fen),
  state text NOT NULL CHECK (state IN
    ('CREATED', 'FROZEN', 'RELEASED', 'APPLIED_TO_PRICE', 'FORFEITED', 'PARTLY_FORFEITED')),
  hold_id uuid UNIQUE REFERENCES settlement.holds,
  created_at timestamptz NOT NULL,
  closed_at timestamptz,
  CONSTRAINT deposits_one_a_lot UNIQUE (lot_id, bidder_id),
  CHECK ((state = 'CREATED') = (hold_id IS NULL)),
  CHECK ((state IN ('CREATED', 'FROZEN')) = (closed_at IS NULL)),
  CHECK (CASE state WHEN 'FORFEITED' THEN kept_fen = amount_fen
                    WHEN 'PARTLY_FORFEITED' THEN kept_fen BETWEEN 1 AND amount_fen - 1
                    WHEN 'APPLIED_TO_PRICE' THEN kept_fen > 0
                    ELSE kept_fen = 0 END)
);
CREATE INDEX deposits_by_bidder ON settlement.deposits (bidder_id);

CREATE TABLE settlement.sales (
  lot_id uuid PRIMARY KEY,  -- one settlement a lot
  buyer_id uuid NOT NULL,
  consignor_id uuid NOT NULL,
  venue_id uuid NOT NULL,
  case_id uuid,
  hammer_price_fen bigint NOT NULL CHECK (hammer_price_fen BETWEEN 1 AND 10000000000000),
  -- Beside the price, never part of it (domain 6.1, rank 0).
  buyer_premium_fen bigint NOT NULL CHECK (buyer_premium_fen BETWEEN 0 AND 10000000000000),
  due_fen bigint NOT NULL GENERATED ALWAYS AS (hammer_price_fen + buyer_premium_fen) STORED,
  deposit_fen bigint NOT NULL DEFAULT 0 CHECK (deposit_fen >= 0),
  paid_fen bigint NOT NULL DEFAULT 0,
  state text NOT NULL CHECK (state IN ('PRICE_DUE', 'PRICE_PAID', 'COSTS_LOCKED', 'PLAN_DRAFTED',
    'PLAN_APPROVED', 'DISTRIBUTED', 'CLOSED', 'DEFAULTED')),
  release_on text NOT NULL CHECK (release_on IN ('PRICE_PAID', 'TITLE_RECORDED')),
  objection_days integer NOT NULL CHECK (objection_days BETWEEN 0 AND 365),
  sold_at timestamptz NOT NULL,
  deadline_at timestamptz NOT NULL,
  price_paid_at timestamptz,
  title_recorded_at timestamptz,
  CONSTRAINT sales_not_overpaid CHECK (deposit_fen >= 0 AND paid_fen >= deposit_fen AND paid_fen <= hammer_price_fen + buyer_premium_fen),
  CONSTRAINT sales_paid_in_full CHECK (state IN ('PRICE_DUE', 'DEFAULTED')
    OR (paid_fen = hammer_price_fen + buyer_premium_fen AND price_paid_at IS NOT NULL))
);

CREATE TABLE settlement.payments_in (
  id uuid PRIMARY KEY,
  -- A bank's own reference of a credit: one booking, however often its statement is read.
  bank_reference text NOT NULL UNIQUE CHECK (length(bank_reference) BETWEEN 1 AND 140),
  payer_id uuid NOT NULL,
  lot_id uuid,
  amount_fen bigint NOT NULL CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  applied_fen bigint NOT NULL CHECK (applied_fen BETWEEN 0 AND amount_fen),
  match text NOT NULL CHECK (match IN ('FREE', 'EXACT', 'PARTIAL', 'OVER')),
  received_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL
);
CREATE INDEX payments_in_by_lot ON settlement.payments_in (lot_id);
CREATE TRIGGER payments_in_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.payments_in
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

CREATE TABLE settlement.payouts (
  id uuid PRIMARY KEY,
  source_id bigint NOT NULL REFERENCES settlement.accounts,
  payee_id uuid NOT NULL,
  payee_name text NOT NULL,
  amount_fen bigint NOT NULL CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  purpose text NOT NULL,
  ref text NOT NULL,
  state text NOT NULL CHECK (state IN ('QUEUED', 'SENT', 'PAID', 'FAILED')),
  bank_reference text UNIQUE,
  queued_at timestamptz NOT NULL,
  paid_at timestamptz,
  CHECK ((state = 'PAID') = (paid_at IS NOT NULL AND bank_reference IS NOT NULL))
);
CREATE INDEX payouts_by_ref ON settlement.payouts (ref);

-- What a row was made with stays; only its state and what comes with the state move on.
CREATE FUNCTION settlement.guard_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_name text;
BEGIN
  FOREACH v_name IN ARRAY TG_ARGV LOOP
    IF to_jsonb(NEW) -> v_name IS DISTINCT FROM to_jsonb(OLD) -> v_name THEN
      RAISE EXCEPTION '%.% never changes', TG_TABLE_NAME, v_name USING ERRCODE = 'LL008';
    END IF;
  END LOOP;
  RETURN NEW;
END
$$;

CREATE TRIGGER holds_terms BEFORE UPDATE ON settlement.holds FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'source_id', 'held_id', 'amount_fen', 'ref', 'held_at');
CREATE TRIGGER holds_steps BEFORE UPDATE ON settlement.holds FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER deposits_terms BEFORE UPDATE ON settlement.deposits FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'lot_id', 'bidder_id', 'amount_fen', 'created_at');
CREATE TRIGGER deposits_steps BEFORE UPDATE ON settlement.deposits FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER sales_terms BEFORE UPDATE ON settlement.sales FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('lot_id', 'buyer_id', 'consignor_id', 'venue_id', 'case_id', 'hammer_price_fen',
    'buyer_premium_fen', 'release_on', 'objection_days', 'sold_at');
CREATE TRIGGER sales_steps BEFORE UPDATE ON settlement.sales FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();
CREATE TRIGGER payouts_terms BEFORE UPDATE ON settlement.payouts FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('id', 'source_id', 'payee_id', 'amount_fen', 'purpose', 'ref', 'queued_at');
CREATE TRIGGER payouts_steps BEFORE UPDATE ON settlement.payouts FOR EACH ROW EXECUTE FUNCTION settlement.guard_state();

CREATE TRIGGER holds_stay BEFORE DELETE OR TRUNCATE ON settlement.holds
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER deposits_stay BEFORE DELETE OR TRUNCATE ON settlement.deposits
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER sales_stay BEFORE DELETE OR TRUNCATE ON settlement.sales
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER payouts_stay BEFORE DELETE OR TRUNCATE ON settlement.payouts
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

REVOKE INSERT, UPDATE, DELETE ON settlement.steps FROM luochui_app;
REVOKE UPDATE, DELETE ON settlement.payments_in FROM luochui_app;
REVOKE DELETE ON settlement.holds, settlement.deposits, settlement.sales, settlement.payouts FROM luochui_app;

-- migrate:down
DROP TABLE settlement.payouts, settlement.payments_in, settlement.sales, settlement.deposits, settlement.holds;
DROP TABLE settlement.steps;
DROP FUNCTION settlement.guard_terms;
DROP FUNCTION settlement.guard_state;
