-- migrate:up
-- What each type of right has besides what all have (domain 3.1), its grade and class in the catalogue (domain 1.2 四(二)),
-- and what the rules on technology exports say of it (domain 3.7; NULL: nobody has looked).
ALTER TABLE market.assets
  ADD COLUMN details jsonb CHECK (jsonb_typeof(details) = 'object'),
  ADD COLUMN export_class text CHECK (export_class IN ('free', 'restricted', 'prohibited', 'no_technology')),
  ADD COLUMN grade text CHECK (grade IN ('a', 'b', 'c', 'd')),
  ADD COLUMN region text CHECK (region ~ '^[1-9][0-9]{5}$'),
  ADD COLUMN industry text CHECK (industry ~ '^[A-T][0-9]{0,4}$');
CREATE INDEX assets_by_number ON market.assets (number);

-- Rights that go together, and why they may not be parted (domain 2.2 art. 15, 3.8).
CREATE TABLE market.asset_packages (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  name text NOT NULL CHECK (name <> ''),
  indivisible_reason text,
  asset_ids uuid[] NOT NULL CHECK (cardinality(asset_ids) BETWEEN 2 AND 200),
  created_at timestamptz NOT NULL,
  UNIQUE (organisation_id, name)
);

-- Pledges: changed registrations, and who holds which share.
ALTER TABLE market.pledges DROP CONSTRAINT pledges_state_check;
ALTER TABLE market.pledges ADD CONSTRAINT pledges_state_check
  CHECK (state IN ('registered', 'changed', 'cancel_pending', 'cancelled'));
ALTER TABLE market.pledges ADD COLUMN lead_share_bp integer CHECK (lead_share_bp BETWEEN 1 AND 10000);
CREATE TABLE market.pledge_changes (
  pledge_id uuid NOT NULL REFERENCES market.pledges,
  position smallint NOT NULL CHECK (position > 0),
  organisation_id uuid NOT NULL,
  change_number text NOT NULL CHECK (change_number <> ''),
  changed_on date NOT NULL,
  before jsonb NOT NULL,
  after jsonb NOT NULL,
  reason text NOT NULL CHECK (reason <> ''),
  recorded_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (pledge_id, position)
);
REVOKE UPDATE, DELETE ON market.pledge_changes FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.pledge_changes
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON market.pledge_changes
  FOR EACH STATEMENT EXECUTE FUNCTION market.refuse_change();

-- Valuations: how the value was found, what the indicators say, and which banks take the report as theirs (domain 1.3-13, 4).
ALTER TABLE market.valuations
  ADD COLUMN valuer_licence text NOT NULL DEFAULT '',
  ADD COLUMN is_filed boolean NOT NULL DEFAULT false,
  ADD COLUMN computation jsonb CHECK (jsonb_typeof(computation) = 'object'),
  ADD COLUMN scores jsonb CHECK (jsonb_typeof(scores) = 'object');
CREATE TABLE market.valuation_recognitions (
  valuation_id uuid NOT NULL REFERENCES market.valuations,
  organisation_id uuid NOT NULL,
  recognised_by uuid NOT NULL,
  recognised_at timestamptz NOT NULL,
  cleared_at timestamptz,
  cleared_reason text,
  PRIMARY KEY (valuation_id, organisation_id, recognised_at),
  CONSTRAINT cleared_with_reason CHECK ((cleared_at IS NULL) = (cleared_reason IS NULL))
);
CREATE UNIQUE INDEX recognised_once ON market.valuation_recognitions (valuation_id, organisation_id) WHERE cleared_at IS NULL;

-- migrate:down
DROP TABLE market.valuation_recognitions;
ALTER TABLE market.valuations DROP COLUMN scores, DROP COLUMN computation, DROP COLUMN is_filed, DROP COLUMN valuer_licence;
DROP TABLE market.pledge_changes;
ALTER TABLE market.pledges DROP COLUMN lead_share_bp;
ALTER TABLE market.pledges DROP CONSTRAINT pledges_state_check;
ALTER TABLE market.pledges ADD CONSTRAINT pledges_state_check CHECK (state IN ('registered', 'cancel_pending', 'cancelled'));
DROP TABLE market.asset_packages;
DROP INDEX market.assets_by_number;
ALTER TABLE market.assets
  DROP COLUMN industry, DROP COLUMN region, DROP COLUMN grade, DROP COLUMN export_class, DROP COLUMN details;
