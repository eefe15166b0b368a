-- migrate:up
-- The bank takes the rights itself, at a price that counts as recovered (以物抵债). Source: domain 2.2 art. 16, 3.9.
CREATE SEQUENCE market.set_off_numbers;

CREATE TABLE market.set_offs (
  id              uuid PRIMARY KEY,
  number          text NOT NULL UNIQUE,
  consignment_id  uuid NOT NULL REFERENCES market.consignments,
  case_id         uuid NOT NULL REFERENCES market.loan_cases,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  venue_id        uuid NOT NULL REFERENCES market.organisations,
  price_fen       bigint NOT NULL CHECK (price_fen BETWEEN 1 AND 10000000000000),
  ground          text NOT NULL CHECK (ground IN ('unsold_round', 'agreement')),
  reason          text NOT NULL CHECK (reason <> ''),
  state           text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'approved', 'refused', 'disposed')),
  proposed_by     uuid NOT NULL REFERENCES market.users,
  decided_by      uuid REFERENCES market.users,
  decided_at      timestamptz,
  -- The day by which the bank must have disposed of what it took.
  dispose_by      date,
  is_overdue      boolean NOT NULL DEFAULT false,
  disposal        text,
  shared_at       timestamptz,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  CONSTRAINT decided_by_another CHECK (decided_by <> proposed_by),
  CONSTRAINT decided_has_a_person CHECK ((state = 'proposed') = (decided_by IS NULL AND decided_at IS NULL)),
  CONSTRAINT taken_has_a_clock CHECK (state NOT IN ('approved', 'disposed') OR dispose_by IS NOT NULL),
  CONSTRAINT disposed_says_how CHECK ((state = 'disposed') = (disposal IS NOT NULL))
);
CREATE UNIQUE INDEX one_set_off ON market.set_offs (consignment_id) WHERE state <> 'refused';
CREATE INDEX set_offs_of_organisation ON market.set_offs (organisation_id, id);
CREATE INDEX set_offs_of_case ON market.set_offs (case_id);
REVOKE DELETE ON market.set_offs FROM luochui_app;

-- Routes that the platform only records: its money comes in elsewhere, and counts as recovered. Source: domain 3.9.
CREATE SEQUENCE market.recorded_route_numbers;

CREATE TABLE market.recorded_routes (
  id              uuid PRIMARY KEY,
  number          text NOT NULL UNIQUE,
  consignment_id  uuid NOT NULL REFERENCES market.consignments,
  case_id         uuid NOT NULL REFERENCES market.loan_cases,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  venue_id        uuid NOT NULL REFERENCES market.organisations,
  kind            text NOT NULL CHECK (kind IN ('equity_conversion', 'invest_loan', 'securitise')),
  counterparty    text NOT NULL CHECK (counterparty <> ''),
  terms           text NOT NULL CHECK (terms <> ''),
  amount_fen      bigint NOT NULL CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  document_sha256 text NOT NULL CHECK (document_sha256 ~ '^[0-9a-f]{64}$'),
  state           text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'approved', 'refused', 'ended')),
  proposed_by     uuid NOT NULL REFERENCES market.users,
  decided_by      uuid REFERENCES market.users,
  decided_at      timestamptz,
  reason          text,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  CONSTRAINT decided_by_another CHECK (decided_by <> proposed_by),
  CONSTRAINT decided_has_a_person CHECK ((state = 'proposed') = (decided_by IS NULL AND decided_at IS NULL))
);
CREATE INDEX recorded_routes_of_organisation ON market.recorded_routes (organisation_id, id);
CREATE INDEX recorded_routes_of_case ON market.recorded_routes (case_id);
REVOKE DELETE ON market.recorded_routes FROM luochui_app;

CREATE TABLE market.recorded_flows (
  id          uuid PRIMARY KEY,
  route_id    uuid NOT NULL REFERENCES market.recorded_routes,
  reference   text NOT NULL CHECK (reference <> ''),
  gross_fen   bigint NOT NULL CHECK (gross_fen BETWEEN 1 AND 10000000000000),
  costs_fen   bigint NOT NULL CHECK (costs_fen BETWEEN 0 AND gross_fen),
  received_on date NOT NULL,
  recorded_by uuid NOT NULL REFERENCES market.users,
  recorded_at timestamptz NOT NULL,
  shared_at   timestamptz,
  CONSTRAINT flow_once UNIQUE (route_id, reference)
);
REVOKE DELETE ON market.recorded_flows FROM luochui_app;

-- migrate:down
DROP TABLE market.recorded_flows, market.recorded_routes, market.set_offs;
DROP SEQUENCE market.recorded_route_numbers, market.set_off_numbers;
