-- migrate:up
-- A defaulted loan, tracked one by one (台账式管理、逐笔跟踪). A bank's contract number is its own key: the same loan
-- cannot be entered twice, which would compensate it twice (reliability T38).
CREATE TABLE market.loan_cases (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  contract_number text NOT NULL CHECK (contract_number <> ''),
  borrower_name text NOT NULL CHECK (borrower_name <> ''),
  borrower_code text NOT NULL CHECK (borrower_code ~ '^[0-9A-HJ-NP-RTUW-Y]{18}$'),
  loan_amount_fen bigint NOT NULL CHECK (loan_amount_fen BETWEEN 1 AND 10000000000000),
  principal_fen bigint NOT NULL CHECK (principal_fen BETWEEN 0 AND loan_amount_fen),
  interest_fen bigint NOT NULL CHECK (interest_fen BETWEEN 0 AND 10000000000000),
  penalty_fen bigint NOT NULL CHECK (penalty_fen BETWEEN 0 AND 10000000000000),
  granted_on date NOT NULL,
  due_on date NOT NULL CHECK (due_on > granted_on),
  defaulted_on date NOT NULL CHECK (defaulted_on > granted_on),
  demanded_on date CHECK (demanded_on >= granted_on),
  limitation_ends_on date CHECK (limitation_ends_on > granted_on),
  grade text NOT NULL CHECK (grade IN ('normal', 'special_mention', 'substandard', 'doubtful', 'loss')),
  flags text[] NOT NULL DEFAULT '{}',
  -- How much of the loan the intellectual property secures; NULL: not stated (needed for a combined loan, ELG-32).
  ip_part_bp integer CHECK (ip_part_bp BETWEEN 0 AND 10000),
  state text NOT NULL CHECK (state IN ('registered', 'in_disposal', 'partly_recovered', 'satisfied', 'exhausted',
                                       'closed', 'frozen', 'released')),
  import_id uuid,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (organisation_id, contract_number)
);
CREATE INDEX loan_cases_of_organisation ON market.loan_cases (organisation_id, id);

-- A right, as the register showed it at `status_as_of`; each bank keeps its own record of it.
CREATE TABLE market.assets (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  ip_type text NOT NULL,
  number text NOT NULL CHECK (number <> ''),
  nice_class smallint CHECK (nice_class BETWEEN 1 AND 45),
  title text NOT NULL CHECK (title <> ''),
  owner_name text NOT NULL CHECK (owner_name <> ''),
  owner_code text CHECK (owner_code ~ '^[0-9A-HJ-NP-RTUW-Y]{18}$'),
  co_owners jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(co_owners) = 'array'),
  filed_on date,
  granted_on date CHECK (granted_on >= filed_on),
  expires_on date CHECK (expires_on > filed_on),
  legal_status text NOT NULL CHECK (legal_status IN ('in_force', 'pending', 'lapsed', 'invalidated', 'revoked', 'expired')),
  status_as_of date NOT NULL,
  status_source text NOT NULL CHECK (status_source <> ''),
  fee_paid_to date,
  has_evaluation_report boolean NOT NULL DEFAULT false,
  flags text[] NOT NULL DEFAULT '{}',
  import_id uuid,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  -- A mark registered in several classes is one right a class.
  UNIQUE NULLS NOT DISTINCT (organisation_id, ip_type, number, nice_class)
);
CREATE INDEX assets_of_organisation ON market.assets (organisation_id, id);

CREATE TABLE market.pledges (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  case_id uuid NOT NULL REFERENCES market.loan_cases,
  registration_number text NOT NULL CHECK (registration_number <> ''),
  registered_on date NOT NULL,
  pledgee_name text NOT NULL CHECK (pledgee_name <> ''),
  pledgee_code text NOT NULL CHECK (pledgee_code ~ '^[0-9A-HJ-NP-RTUW-Y]{18}$'),
  pledgor_name text NOT NULL CHECK (pledgor_name <> ''),
  pledgor_code text NOT NULL CHECK (pledgor_code ~ '^[0-9A-HJ-NP-RTUW-Y]{18}$'),
  secured_amount_fen bigint NOT NULL CHECK (secured_amount_fen BETWEEN 1 AND 10000000000000),
  is_maximum boolean NOT NULL,
  joint_pledgees jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(joint_pledgees) = 'array'),
  state text NOT NULL CHECK (state IN ('registered', 'cancel_pending', 'cancelled')),
  import_id uuid,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (organisation_id, registration_number)
);
CREATE INDEX pledges_of_organisation ON market.pledges (organisation_id, id);
CREATE INDEX pledges_of_case ON market.pledges (case_id);

CREATE TABLE market.pledge_assets (
  pledge_id uuid NOT NULL REFERENCES market.pledges,
  asset_id uuid NOT NULL REFERENCES market.assets,
  PRIMARY KEY (pledge_id, asset_id)
);
CREATE INDEX pledge_assets_of_asset ON market.pledge_assets (asset_id);

CREATE TABLE market.valuations (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  report_number text NOT NULL CHECK (report_number <> ''),
  kind text NOT NULL CHECK (kind IN ('internal', 'negotiated', 'external')),
  method text NOT NULL CHECK (method IN ('income', 'market', 'cost', 'comprehensive')),
  valuer_name text NOT NULL CHECK (valuer_name <> ''),
  base_on date NOT NULL,
  value_fen bigint NOT NULL CHECK (value_fen BETWEEN 1 AND 10000000000000),
  -- A valuation holds for a year at most (domain 4.3).
  valid_to date NOT NULL CHECK (valid_to > base_on AND valid_to <= base_on + interval '1 year'),
  import_id uuid,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (organisation_id, report_number)
);
CREATE INDEX valuations_of_organisation ON market.valuations (organisation_id, id);

-- One value for one right, or for several together.
CREATE TABLE market.valuation_assets (
  valuation_id uuid NOT NULL REFERENCES market.valuations,
  asset_id uuid NOT NULL REFERENCES market.assets,
  PRIMARY KEY (valuation_id, asset_id)
);
CREATE INDEX valuation_assets_of_asset ON market.valuation_assets (asset_id);

-- migrate:down
DROP TABLE market.valuation_assets;
DROP TABLE market.valuations;
DROP TABLE market.pledge_assets;
DROP TABLE market.pledges;
DROP TABLE market.assets;
DROP TABLE market.loan_cases;
