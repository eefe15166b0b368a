-- migrate:up
-- A loan's way is the whole of domain 9: entered (draft), submitted, approved, route set, in disposal, ... A frozen loan knows
-- where it stood before.
ALTER TABLE market.loan_cases DROP CONSTRAINT loan_cases_state_check;
ALTER TABLE market.loan_cases ADD CONSTRAINT loan_cases_state_check
  CHECK (state IN ('registered', 'submitted', 'approved', 'route_set', 'in_disposal', 'partly_recovered', 'satisfied', 'exhausted',
                   'closed', 'frozen', 'released'));
ALTER TABLE market.loan_cases ADD COLUMN frozen_from text;
ALTER TABLE market.loan_cases ADD CONSTRAINT frozen_knows_from_where CHECK ((state = 'frozen') = (frozen_from IS NOT NULL)) NOT VALID;
CREATE INDEX loan_cases_by_contract ON market.loan_cases (contract_number);
CREATE INDEX loan_cases_by_borrower ON market.loan_cases (borrower_code, loan_amount_fen);

-- Early warning (domain 1.6): one alert a signal and fingerprint, its way through review, and every step of it for good.
CREATE TABLE market.alerts (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  code text NOT NULL CHECK (code ~ '^MON-0[1-8]$'),
  level text NOT NULL CHECK (level IN ('high', 'medium', 'low')),
  case_id uuid REFERENCES market.loan_cases,
  asset_id uuid REFERENCES market.assets,
  subject text NOT NULL CHECK (subject <> ''),
  message text NOT NULL,
  message_zh text NOT NULL,
  evidence jsonb NOT NULL CHECK (jsonb_typeof(evidence) = 'object'),
  fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
  signals_version text NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'under_review', 'frozen', 'confirmed', 'dismissed')),
  reviewer_id uuid,
  closed_by uuid,
  version integer NOT NULL DEFAULT 1,
  raised_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (organisation_id, fingerprint),
  -- Two pairs of eyes, whatever the application does.
  CONSTRAINT closed_by_another CHECK (closed_by IS NULL OR closed_by <> reviewer_id),
  CONSTRAINT closed_is_signed CHECK ((state IN ('confirmed', 'dismissed')) = (closed_by IS NOT NULL))
);
CREATE INDEX alerts_of_organisation ON market.alerts (organisation_id, id);
CREATE INDEX alerts_of_case ON market.alerts (case_id) WHERE state IN ('open', 'under_review', 'frozen');
CREATE INDEX alerts_of_asset ON market.alerts (asset_id) WHERE state IN ('open', 'under_review', 'frozen');
REVOKE DELETE ON market.alerts FROM luochui_app;

CREATE TABLE market.alert_steps (
  alert_id uuid NOT NULL REFERENCES market.alerts,
  position smallint NOT NULL CHECK (position > 0),
  state text NOT NULL,
  reason text NOT NULL CHECK (reason <> ''),
  taken_by uuid NOT NULL,
  taken_at timestamptz NOT NULL,
  PRIMARY KEY (alert_id, position)
);
REVOKE UPDATE, DELETE ON market.alert_steps FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.alert_steps
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON market.alert_steps
  FOR EACH STATEMENT EXECUTE FUNCTION market.refuse_change();

-- Whatever changes about a loan or its collateral has it looked at again within a minute, and everybody daily (the duty comes
-- back by itself). The duty is written with the change, so no change is overlooked.
CREATE FUNCTION market.ask_for(p_kind text, p_subject uuid) RETURNS void LANGUAGE sql SET app.scope = 'all' AS $$
  INSERT INTO market.duties (id, kind, subject_id, due_at, created_at)
  VALUES (gen_random_uuid(), p_kind, p_subject, now() + interval '1 minute', now())
  ON CONFLICT ON CONSTRAINT duty_once DO UPDATE
     SET due_at = least(market.duties.due_at, EXCLUDED.due_at), state = 'waiting', attempts = 0, lease_until = NULL, done_at = NULL
   WHERE market.duties.state IN ('waiting', 'done', 'stuck')
$$;
CREATE FUNCTION market.case_is_watched() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  PERFORM market.ask_for('watch_case', NEW.id);
  RETURN NULL;
END
$$;
CREATE TRIGGER case_is_watched AFTER INSERT OR UPDATE OF principal_fen, interest_fen, grade, flags, demanded_on, limitation_ends_on,
  ip_part_bp ON market.loan_cases FOR EACH ROW EXECUTE FUNCTION market.case_is_watched();
CREATE FUNCTION market.collateral_is_watched() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
DECLARE
  changed uuid := coalesce(to_jsonb(NEW) ->> 'asset_id', to_jsonb(NEW) ->> 'id')::uuid;
BEGIN
  PERFORM market.ask_for('watch_case', p.case_id)
     FROM market.pledge_assets a JOIN market.pledges p ON p.id = a.pledge_id WHERE a.asset_id = changed;
  RETURN NULL;
END
$$;
CREATE TRIGGER collateral_is_watched AFTER UPDATE ON market.assets
  FOR EACH ROW EXECUTE FUNCTION market.collateral_is_watched();
CREATE TRIGGER collateral_is_watched AFTER INSERT ON market.valuation_assets
  FOR EACH ROW EXECUTE FUNCTION market.collateral_is_watched();
CREATE TRIGGER collateral_is_watched AFTER INSERT OR UPDATE ON market.burdens
  FOR EACH ROW EXECUTE FUNCTION market.collateral_is_watched();

-- An alert is the organisation's that it warns; whoever reviews it there writes its steps.
SELECT market.guard_rows('market.alerts', 'organisation_id = :me');
SELECT market.guard_rows('market.alert_steps', 'EXISTS (SELECT FROM market.alerts a WHERE a.id = alert_id AND a.organisation_id = :me)');

-- migrate:down
DROP TRIGGER collateral_is_watched ON market.burdens;
DROP TRIGGER collateral_is_watched ON market.valuation_assets;
DROP TRIGGER collateral_is_watched ON market.assets;
DROP TRIGGER case_is_watched ON market.loan_cases;
DROP FUNCTION market.collateral_is_watched;
DROP FUNCTION market.case_is_watched;
DROP FUNCTION market.ask_for;
DROP TABLE market.alert_steps;
DROP TABLE market.alerts;
DROP INDEX market.loan_cases_by_borrower;
DROP INDEX market.loan_cases_by_contract;
ALTER TABLE market.loan_cases DROP CONSTRAINT frozen_knows_from_where;
ALTER TABLE market.loan_cases DROP COLUMN frozen_from;
ALTER TABLE market.loan_cases DROP CONSTRAINT loan_cases_state_check;
ALTER TABLE market.loan_cases ADD CONSTRAINT loan_cases_state_check
  CHECK (state IN ('registered', 'in_disposal', 'partly_recovered', 'satisfied', 'exhausted', 'closed', 'frozen', 'released'));
