-- migrate:up
CREATE SEQUENCE market.consignment_numbers;

CREATE TABLE market.consignments (
  id uuid PRIMARY KEY,
  number text NOT NULL UNIQUE,
  organisation_id uuid NOT NULL,
  venue_id uuid NOT NULL,
  case_id uuid NOT NULL REFERENCES market.loan_cases,
  title text NOT NULL CHECK (title <> ''),
  regime text NOT NULL CHECK (regime IN ('judicial_network', 'commercial_auction', 'exchange', 'agreement')),
  route text NOT NULL,
  authority text,
  authority_document text NOT NULL DEFAULT '',
  start_price_fen bigint NOT NULL CHECK (start_price_fen BETWEEN 1 AND 10000000000000),
  reserve_price_fen bigint CHECK (reserve_price_fen BETWEEN start_price_fen AND 10000000000000),
  deposit_fen bigint NOT NULL CHECK (deposit_fen BETWEEN 1 AND start_price_fen),
  commission_bp integer NOT NULL CHECK (commission_bp BETWEEN 0 AND 10000),
  costs_borne_by text NOT NULL CHECK (costs_borne_by IN ('proceeds', 'consignor', 'buyer')),
  closing_on date NOT NULL,
  has_bundle_statement boolean NOT NULL DEFAULT false,
  buyer_conditions text NOT NULL DEFAULT '',
  state text NOT NULL CHECK (state IN ('draft', 'submitted', 'under_review', 'accepted', 'returned', 'disposing',
                                       'recovered', 'unsold', 'withdrawn', 'cleared')),
  reason text,
  drafted_by uuid NOT NULL,
  submitted_by uuid,
  approved_by uuid,
  decided_by uuid,
  submitted_at timestamptz,
  approved_at timestamptz,
  decided_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  -- Nobody approves their own, whatever the application does (domain 7, segregation).
  CONSTRAINT consignment_maker_is_not_checker CHECK (approved_by IS NULL OR approved_by <> submitted_by),
  CONSTRAINT consignment_is_approved CHECK (
    state NOT IN ('under_review', 'accepted', 'disposing', 'recovered', 'unsold') OR approved_by IS NOT NULL),
  CONSTRAINT consignment_is_decided CHECK (
    state NOT IN ('accepted', 'disposing', 'recovered', 'unsold') OR decided_by IS NOT NULL),
  CONSTRAINT consignment_return_has_reason CHECK (state <> 'returned' OR reason <> '')
);
CREATE INDEX consignments_of_organisation ON market.consignments (organisation_id, id);
CREATE INDEX consignments_of_venue ON market.consignments (venue_id, id);
CREATE INDEX consignments_of_case ON market.consignments (case_id);

CREATE TABLE market.consignment_assets (
  consignment_id uuid NOT NULL REFERENCES market.consignments,
  asset_id uuid NOT NULL REFERENCES market.assets,
  position smallint NOT NULL CHECK (position > 0),
  -- While one consignment has the right in hand, no other may: kept in step by the service, held by the index below.
  is_open boolean NOT NULL DEFAULT true,
  PRIMARY KEY (consignment_id, asset_id),
  UNIQUE (consignment_id, position)
);
CREATE UNIQUE INDEX consignment_assets_once ON market.consignment_assets (asset_id) WHERE is_open;

-- What a venue may see: the loans and rights of consignments that have come to it.
CREATE VIEW market.consigned_cases AS
  SELECT DISTINCT venue_id, case_id FROM market.consignments WHERE approved_by IS NOT NULL;
CREATE VIEW market.consigned_assets AS
  SELECT DISTINCT c.venue_id, a.asset_id FROM market.consignments c
    JOIN market.consignment_assets a ON a.consignment_id = c.id WHERE c.approved_by IS NOT NULL;

-- migrate:down
DROP VIEW market.consigned_assets;
DROP VIEW market.consigned_cases;
DROP TABLE market.consignment_assets;
DROP TABLE market.consignments;
DROP SEQUENCE market.consignment_numbers;
