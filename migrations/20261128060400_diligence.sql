-- migrate:up
ALTER TABLE market.consignments
  ADD COLUMN foreign_bidders boolean NOT NULL DEFAULT false,
  ADD COLUMN state_approval text NOT NULL DEFAULT '',
  ADD COLUMN consignor_may_bid boolean NOT NULL DEFAULT false;

-- Each run of the eligibility rules (domain 3.10) over a consignment, with everything that it found and what it looked at.
CREATE TABLE market.diligence_runs (
  id uuid PRIMARY KEY,
  consignment_id uuid NOT NULL REFERENCES market.consignments,
  organisation_id uuid NOT NULL,
  venue_id uuid NOT NULL,
  checks_version text NOT NULL,
  cause text NOT NULL CHECK (cause IN ('asked', 'changed', 'accepted', 'lot_checked', 'published', 'overridden')),
  outcome text NOT NULL CHECK (outcome IN ('clear', 'warned', 'held', 'blocked')),
  findings jsonb NOT NULL CHECK (jsonb_typeof(findings) = 'array'),
  made_by uuid NOT NULL,
  made_at timestamptz NOT NULL
);
CREATE INDEX diligence_runs_of_consignment ON market.diligence_runs (consignment_id, id DESC);

-- A checker passed over what held the sale, for a reason. It counts while the finding's evidence is the same.
CREATE TABLE market.diligence_overrides (
  id uuid PRIMARY KEY,
  consignment_id uuid NOT NULL REFERENCES market.consignments,
  organisation_id uuid NOT NULL,
  venue_id uuid NOT NULL,
  code text NOT NULL,
  evidence_sha256 bytea NOT NULL CHECK (length(evidence_sha256) = 32),
  finding jsonb NOT NULL,
  reason text NOT NULL CHECK (reason <> ''),
  overridden_by uuid NOT NULL,
  overridden_at timestamptz NOT NULL,
  UNIQUE (consignment_id, evidence_sha256)
);

-- What a compensation fund was told before a listing, a price cut or a change of route (ELG-29).
CREATE TABLE market.fund_notices (
  id uuid PRIMARY KEY,
  consignment_id uuid NOT NULL REFERENCES market.consignments,
  organisation_id uuid NOT NULL,
  fund_ids uuid[] NOT NULL CHECK (cardinality(fund_ids) > 0),
  route text NOT NULL,
  regime text NOT NULL,
  start_price_fen bigint NOT NULL,
  told_by uuid NOT NULL,
  told_at timestamptz NOT NULL
);
CREATE INDEX fund_notices_of_consignment ON market.fund_notices (consignment_id, id DESC);
CREATE INDEX fund_notices_of_fund ON market.fund_notices USING gin (fund_ids);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['diligence_runs', 'diligence_overrides', 'fund_notices'] LOOP
    EXECUTE format('REVOKE UPDATE, DELETE ON market.%I FROM luochui_app', name);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.%I FOR EACH ROW EXECUTE FUNCTION market.refuse_change()', name);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON market.%I FOR EACH STATEMENT EXECUTE FUNCTION market.refuse_change()', name);
  END LOOP;
END
$$;

-- Whatever changes beneath a consignment that is under way has it checked again.
CREATE FUNCTION market.recheck_of_case() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  PERFORM market.ask_for('recheck_consignment', c.id) FROM market.consignments c
    WHERE c.case_id = NEW.id AND c.state IN ('submitted', 'under_review', 'accepted', 'disposing', 'unsold');
  RETURN NULL;
END
$$;
CREATE TRIGGER recheck_of_case AFTER UPDATE OF principal_fen, interest_fen, grade, flags, demanded_on, limitation_ends_on, ip_part_bp,
  frozen_from ON market.loan_cases FOR EACH ROW
  WHEN ((OLD.principal_fen, OLD.interest_fen, OLD.grade, OLD.flags, OLD.demanded_on, OLD.limitation_ends_on, OLD.ip_part_bp,
         OLD.frozen_from) IS DISTINCT FROM (NEW.principal_fen, NEW.interest_fen, NEW.grade, NEW.flags, NEW.demanded_on,
         NEW.limitation_ends_on, NEW.ip_part_bp, NEW.frozen_from))
  EXECUTE FUNCTION market.recheck_of_case();
CREATE FUNCTION market.recheck_of_asset() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
DECLARE
  changed uuid := coalesce(to_jsonb(NEW) ->> 'asset_id', to_jsonb(NEW) ->> 'id')::uuid;
BEGIN
  PERFORM market.ask_for('recheck_consignment', c.id) FROM market.consignment_assets a
    JOIN market.consignments c ON c.id = a.consignment_id
   WHERE a.asset_id = changed AND a.is_open AND c.state IN ('submitted', 'under_review', 'accepted', 'disposing', 'unsold');
  RETURN NULL;
END
$$;
CREATE TRIGGER recheck_of_asset AFTER UPDATE ON market.assets FOR EACH ROW EXECUTE FUNCTION market.recheck_of_asset();
CREATE TRIGGER recheck_of_asset AFTER INSERT ON market.valuation_assets FOR EACH ROW EXECUTE FUNCTION market.recheck_of_asset();
CREATE TRIGGER recheck_of_asset AFTER INSERT OR UPDATE ON market.burdens FOR EACH ROW EXECUTE FUNCTION market.recheck_of_asset();
CREATE TRIGGER recheck_of_asset AFTER INSERT ON market.pledge_assets FOR EACH ROW EXECUTE FUNCTION market.recheck_of_asset();
CREATE FUNCTION market.recheck_of_pledge() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  PERFORM market.ask_for('recheck_consignment', c.id) FROM market.pledge_assets p
    JOIN market.consignment_assets a ON a.asset_id = p.asset_id AND a.is_open
    JOIN market.consignments c ON c.id = a.consignment_id
   WHERE p.pledge_id = NEW.id AND c.state IN ('submitted', 'under_review', 'accepted', 'disposing', 'unsold');
  RETURN NULL;
END
$$;
CREATE TRIGGER recheck_of_pledge AFTER UPDATE ON market.pledges FOR EACH ROW EXECUTE FUNCTION market.recheck_of_pledge();
CREATE FUNCTION market.recheck_of_alert() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  PERFORM market.ask_for('recheck_consignment', c.id) FROM market.consignments c
    WHERE c.case_id = NEW.case_id AND c.state IN ('submitted', 'under_review', 'accepted', 'disposing', 'unsold');
  RETURN NULL;
END
$$;
CREATE TRIGGER recheck_of_alert AFTER INSERT OR UPDATE OF state ON market.alerts
  FOR EACH ROW EXECUTE FUNCTION market.recheck_of_alert();

-- Due diligence is the bank's and its venue's; what a fund was told is the bank's and the fund's.
SELECT market.guard_rows('market.diligence_runs', 'organisation_id = :me OR venue_id = :me');
SELECT market.guard_rows('market.diligence_overrides', 'organisation_id = :me OR venue_id = :me');
SELECT market.guard_rows('market.fund_notices', 'organisation_id = :me', ':me = ANY (fund_ids)');

-- migrate:down
DROP TRIGGER recheck_of_alert ON market.alerts;
DROP TRIGGER recheck_of_pledge ON market.pledges;
DROP TRIGGER recheck_of_asset ON market.pledge_assets;
DROP TRIGGER recheck_of_asset ON market.burdens;
DROP TRIGGER recheck_of_asset ON market.valuation_assets;
DROP TRIGGER recheck_of_asset ON market.assets;
DROP TRIGGER recheck_of_case ON market.loan_cases;
DROP FUNCTION market.recheck_of_alert;
DROP FUNCTION market.recheck_of_pledge;
DROP FUNCTION market.recheck_of_asset;
DROP FUNCTION market.recheck_of_case;
DROP TABLE market.fund_notices;
DROP TABLE market.diligence_overrides;
DROP TABLE market.diligence_runs;
ALTER TABLE market.consignments DROP COLUMN consignor_may_bid, DROP COLUMN state_approval, DROP COLUMN foreign_bidders;
