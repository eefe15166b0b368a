-- migrate:up
-- How licences are offered (二次许可), granted and recorded; how an agency operates rights on a mandate (委托运营).
-- Source: domain 3.3, 3.4, 3.9, 4.4, 9.
CREATE SEQUENCE market.licence_offer_numbers;
CREATE SEQUENCE market.mandate_numbers;

CREATE TABLE market.mandates (
  id                 uuid PRIMARY KEY,
  number             text NOT NULL UNIQUE,
  consignment_id     uuid NOT NULL REFERENCES market.consignments,
  organisation_id    uuid NOT NULL REFERENCES market.organisations,
  venue_id           uuid NOT NULL REFERENCES market.organisations,
  agency_id          uuid NOT NULL REFERENCES market.organisations,
  content            text NOT NULL,
  sha256             text NOT NULL,
  state              text NOT NULL DEFAULT 'proposed'
                     CHECK (state IN ('proposed', 'agreed', 'running', 'report_due', 'ended', 'reverted', 'declined')),
  drafted_by         uuid NOT NULL REFERENCES market.users,
  approved_by        uuid REFERENCES market.users,
  agreed_by          uuid REFERENCES market.users,
  starts_on          date NOT NULL,
  ends_on            date NOT NULL CHECK (ends_on > starts_on),
  reason             text,
  created_at         timestamptz NOT NULL,
  updated_at         timestamptz NOT NULL,
  CONSTRAINT hash_is_of_the_content CHECK (sha256 = encode(sha256(convert_to(content, 'UTF8')), 'hex')),
  CONSTRAINT approved_by_another CHECK (approved_by <> drafted_by),
  CONSTRAINT what_runs_is_agreed CHECK (state IN ('proposed', 'declined') OR num_nulls(approved_by, agreed_by) = 0)
);
CREATE UNIQUE INDEX one_live_mandate ON market.mandates (consignment_id) WHERE state NOT IN ('ended', 'reverted', 'declined');
CREATE INDEX mandates_of_organisation ON market.mandates (organisation_id, id);
CREATE INDEX mandates_of_agency ON market.mandates (agency_id, id);

CREATE TABLE market.mandate_reports (
  id           uuid PRIMARY KEY,
  mandate_id   uuid NOT NULL REFERENCES market.mandates,
  n            integer NOT NULL CHECK (n > 0),
  period_from  date NOT NULL,
  period_to    date NOT NULL CHECK (period_to >= period_from),
  due_on       date NOT NULL CHECK (due_on >= period_to),
  state        text NOT NULL DEFAULT 'expected' CHECK (state IN ('expected', 'due', 'late', 'submitted')),
  income_fen   bigint CHECK (income_fen BETWEEN 0 AND 10000000000000),
  costs_fen    bigint CHECK (costs_fen BETWEEN 0 AND 10000000000000),
  activities   text,
  submitted_by uuid REFERENCES market.users,
  submitted_at timestamptz,
  was_late     boolean NOT NULL DEFAULT false,
  UNIQUE (mandate_id, n),
  CONSTRAINT submitted_is_whole CHECK ((state = 'submitted') = (num_nulls(income_fen, costs_fen, activities, submitted_by, submitted_at) = 0))
);

CREATE TABLE market.licence_offers (
  id              uuid PRIMARY KEY,
  number          text NOT NULL UNIQUE,
  consignment_id  uuid NOT NULL REFERENCES market.consignments,
  case_id         uuid NOT NULL REFERENCES market.loan_cases,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  venue_id        uuid NOT NULL REFERENCES market.organisations,
  mandate_id      uuid REFERENCES market.mandates,
  way             text NOT NULL CHECK (way IN ('negotiated', 'reverse', 'posted', 'uniform_price', 'tender')),
  content         text NOT NULL,  -- JSON, exactly the bytes that were approved
  sha256          text NOT NULL,
  warnings        jsonb NOT NULL DEFAULT '[]',
  state           text NOT NULL DEFAULT 'draft'
                  CHECK (state IN ('draft', 'open', 'scoring', 'opening', 'filled', 'failed', 'withdrawn')),
  closes_at       timestamptz NOT NULL,
  opened_by       timestamptz NOT NULL,
  price_fen       bigint,
  drafted_by      uuid NOT NULL REFERENCES market.users,
  approved_by     uuid REFERENCES market.users,
  published_at    timestamptz,
  reason          text,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  CONSTRAINT hash_is_of_the_content CHECK (sha256 = encode(sha256(convert_to(content, 'UTF8')), 'hex')),
  CONSTRAINT approved_by_another CHECK (approved_by <> drafted_by),
  CONSTRAINT what_is_open_is_approved CHECK (state IN ('draft', 'withdrawn') OR num_nulls(approved_by, published_at) = 0)
);
CREATE INDEX licence_offers_of_organisation ON market.licence_offers (organisation_id, id);
CREATE INDEX licence_offers_of_venue ON market.licence_offers (venue_id, id);
CREATE INDEX licence_offers_listed ON market.licence_offers (id) WHERE published_at IS NOT NULL;
CREATE UNIQUE INDEX one_open_licence_offer ON market.licence_offers (consignment_id)
  WHERE state IN ('open', 'scoring', 'opening');

-- Who applied: with a commitment to an amount where the way is sealed. `number` is what experts and others see.
CREATE TABLE market.licence_applications (
  id              uuid PRIMARY KEY,
  offer_id        uuid NOT NULL REFERENCES market.licence_offers,
  number          integer NOT NULL CHECK (number > 0),
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  statement       text NOT NULL,
  commitment      text CHECK (commitment ~ '^[0-9a-f]{64}$'),
  amount_fen      bigint CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  nonce           text,
  made_by         uuid NOT NULL REFERENCES market.users,
  made_at         timestamptz NOT NULL,
  opened_at       timestamptz,
  score_bp        integer CHECK (score_bp BETWEEN 0 AND 10000),
  is_chosen       boolean,
  UNIQUE (offer_id, organisation_id),
  UNIQUE (offer_id, number)
);

CREATE TABLE market.licence_scores (
  application_id uuid NOT NULL REFERENCES market.licence_applications,
  expert_id      uuid NOT NULL,
  score_bp       integer NOT NULL CHECK (score_bp BETWEEN 0 AND 10000),
  reason         text NOT NULL CHECK (reason <> ''),
  scored_by      uuid NOT NULL REFERENCES market.users,
  scored_at      timestamptz NOT NULL,
  PRIMARY KEY (application_id, expert_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.licence_scores
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();

-- A licence on its way from the offer to the register; the same id is the licence's in settlement.
CREATE TABLE market.licence_grants (
  id             uuid PRIMARY KEY,
  offer_id       uuid NOT NULL REFERENCES market.licence_offers,
  consignment_id uuid NOT NULL REFERENCES market.consignments,
  case_id        uuid NOT NULL REFERENCES market.loan_cases,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  venue_id       uuid NOT NULL REFERENCES market.organisations,
  licensee_id    uuid NOT NULL,
  licensee_name  text NOT NULL,
  kind           text NOT NULL CHECK (kind IN ('ordinary', 'sole', 'exclusive', 'open')),
  sha256         text NOT NULL,  -- of settlement's content: what is signed
  entry_fee_fen  bigint NOT NULL,
  starts_on      date NOT NULL,
  ends_on        date NOT NULL,
  state          text NOT NULL DEFAULT 'offered'
                 CHECK (state IN ('offered', 'signed', 'effective', 'recorded', 'active', 'ended')),
  signed_by      uuid REFERENCES market.users,
  signed_at      timestamptz,
  effective_at   timestamptz,
  recordal_due_on date,
  recordal_number text,
  recorded_on    date,
  is_recordal_late boolean NOT NULL DEFAULT false,
  ended_at       timestamptz,
  reason         text,
  option_price_fen bigint,
  option_until   date,
  option_state   text NOT NULL DEFAULT 'none' CHECK (option_state IN ('none', 'open', 'exercised', 'lapsed')),
  option_lot_id  uuid REFERENCES market.lots,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  CONSTRAINT signed_has_a_person CHECK (state IN ('offered', 'ended') OR num_nulls(signed_by, signed_at) = 0),
  CONSTRAINT effective_has_a_due_day CHECK (state NOT IN ('effective', 'recorded', 'active') OR num_nulls(effective_at, recordal_due_on) = 0),
  CONSTRAINT recorded_has_its_number CHECK (state NOT IN ('recorded', 'active') OR num_nulls(recordal_number, recorded_on) = 0),
  CONSTRAINT option_is_whole CHECK (option_state = 'none' OR num_nulls(option_price_fen, option_until) = 0)
);
CREATE INDEX grants_of_offer ON market.licence_grants (offer_id);
CREATE INDEX grants_of_organisation ON market.licence_grants (organisation_id, id);
CREATE INDEX grants_of_licensee ON market.licence_grants (licensee_id, id);
REVOKE DELETE ON market.mandates, market.mandate_reports, market.licence_offers, market.licence_applications, market.licence_scores,
  market.licence_grants FROM luochui_app;

SELECT market.guard_rows('market.mandates', 'organisation_id = :me OR venue_id = :me', 'agency_id = :me AND approved_by IS NOT NULL');
SELECT market.guard_rows('market.mandate_reports', 'EXISTS (SELECT FROM market.mandates m WHERE m.id = mandate_id)');
SELECT market.guard_rows('market.licence_offers', 'organisation_id = :me OR venue_id = :me',
  'published_at IS NOT NULL AND :scope <> ''''');
SELECT market.guard_rows('market.licence_applications', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.licence_offers o WHERE o.id = offer_id AND (o.organisation_id = :me OR o.venue_id = :me))');
SELECT market.guard_rows('market.licence_scores', 'EXISTS (SELECT FROM market.licence_applications a WHERE a.id = application_id)');
SELECT market.guard_rows('market.licence_grants', 'organisation_id = :me OR venue_id = :me', 'licensee_id = :me');

-- migrate:down
DROP TABLE market.licence_grants, market.licence_scores, market.licence_applications, market.licence_offers,
  market.mandate_reports, market.mandates;
DROP SEQUENCE market.mandate_numbers, market.licence_offer_numbers;
