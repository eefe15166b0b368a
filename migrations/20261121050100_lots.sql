-- migrate:up
-- Lots, their checks and their notices; who bids for them; what was sold.

CREATE SEQUENCE market.lot_numbers;

CREATE TABLE market.lots (
  id                       uuid PRIMARY KEY,  -- also the auction's id in the bid engine
  number                   text NOT NULL UNIQUE,
  consignment_id           uuid NOT NULL,
  venue_id                 uuid NOT NULL REFERENCES market.organisations,
  consignor_id             uuid NOT NULL REFERENCES market.organisations,
  pledgor_codes            text[] NOT NULL,
  title                    text NOT NULL CHECK (title <> '' AND length(title) <= 200),
  title_zh                 text NOT NULL CHECK (title_zh <> '' AND length(title_zh) <= 200),
  regime                   text NOT NULL CHECK (regime IN ('judicial_network', 'commercial_auction', 'exchange', 'agreement')),
  format                   text NOT NULL,
  round_number             smallint NOT NULL CHECK (round_number BETWEEN 1 AND 9),
  previous_start_price_fen bigint,
  status                   text NOT NULL CHECK (status IN ('draft', 'checked', 'published', 'registration', 'open', 'paused',
                             'sold', 'unsold', 'withdrawn', 'awaiting_payment', 'paid', 'transferring', 'done', 'defaulted')),
  version                  integer NOT NULL DEFAULT 1,
  valuation_fen            bigint NOT NULL CHECK (valuation_fen BETWEEN 1 AND 10000000000000),
  start_price_fen          bigint NOT NULL CHECK (start_price_fen BETWEEN 1 AND 10000000000000),
  reserve_price_fen        bigint CHECK (reserve_price_fen BETWEEN start_price_fen AND 10000000000000),
  deposit_fen              bigint NOT NULL CHECK (deposit_fen BETWEEN 1 AND start_price_fen),
  bidding                  jsonb NOT NULL,
  conditions               jsonb NOT NULL,
  registration_opens_at    timestamptz NOT NULL,
  priority_closes_at       timestamptz NOT NULL,
  opens_at                 timestamptz NOT NULL,
  closes_at                timestamptz NOT NULL,
  payment_hours            integer NOT NULL CHECK (payment_hours BETWEEN 1 AND 8760),
  release_on               text NOT NULL CHECK (release_on IN ('PRICE_PAID', 'TITLE_RECORDED')),
  objection_days           integer NOT NULL CHECK (objection_days BETWEEN 0 AND 365),
  shortened_times          boolean NOT NULL,
  drafted_by               uuid NOT NULL REFERENCES market.users,
  checked_by               uuid REFERENCES market.users,
  published_by             uuid REFERENCES market.users,
  created_at               timestamptz NOT NULL,
  updated_at               timestamptz NOT NULL,
  published_at             timestamptz,
  profile                  text,
  -- kept back where the profile holds a secret reserve, which could be guessed from a plain hash; else empty
  profile_salt             text NOT NULL DEFAULT '',
  profile_hash             text CHECK (profile_hash ~ '^[0-9a-f]{64}$'),
  notice_sha256            text CHECK (notice_sha256 ~ '^[0-9a-f]{64}$'),
  CONSTRAINT times_in_order CHECK (registration_opens_at <= priority_closes_at AND priority_closes_at <= opens_at
                                   AND opens_at < closes_at),
  CONSTRAINT published_by_another CHECK (published_by <> drafted_by),
  CONSTRAINT published_is_frozen CHECK (
    status IN ('draft', 'checked', 'withdrawn')
    OR num_nulls(published_by, published_at, profile, profile_hash, notice_sha256) = 0)
);
CREATE INDEX lots_listed ON market.lots (status, id);
CREATE INDEX lots_of_consignment ON market.lots (consignment_id);
CREATE INDEX lots_of_consignor ON market.lots (consignor_id, id);
REVOKE DELETE ON market.lots FROM luochui_app;

-- What bidders relied on stays as it was published.
CREATE FUNCTION market.published_lot_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.published_at IS NOT NULL AND
     (NEW.profile, NEW.profile_salt, NEW.profile_hash, NEW.notice_sha256, NEW.start_price_fen, NEW.reserve_price_fen,
      NEW.deposit_fen, NEW.opens_at, NEW.closes_at, NEW.regime, NEW.format, NEW.bidding, NEW.conditions,
      NEW.published_by, NEW.published_at, NEW.payment_hours)
     IS DISTINCT FROM
     (OLD.profile, OLD.profile_salt, OLD.profile_hash, OLD.notice_sha256, OLD.start_price_fen, OLD.reserve_price_fen,
      OLD.deposit_fen, OLD.opens_at, OLD.closes_at, OLD.regime, OLD.format, OLD.bidding, OLD.conditions,
      OLD.published_by, OLD.published_at, OLD.payment_hours) THEN
    RAISE EXCEPTION 'lot % is published: its terms are frozen', OLD.number USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER published_lot_is_frozen BEFORE UPDATE ON market.lots
  FOR EACH ROW EXECUTE FUNCTION market.published_lot_is_frozen();

CREATE TABLE market.lot_assets (
  lot_id   uuid NOT NULL REFERENCES market.lots,
  asset_id uuid NOT NULL,
  -- false once the lot was not sold: the asset may be offered again
  is_live  boolean NOT NULL DEFAULT true,
  PRIMARY KEY (lot_id, asset_id)
);
-- One asset is not on sale twice.
CREATE UNIQUE INDEX asset_in_one_live_lot ON market.lot_assets (asset_id) WHERE is_live;

CREATE TABLE market.lot_findings (
  lot_id          uuid NOT NULL REFERENCES market.lots,
  position        integer NOT NULL,
  code            text NOT NULL,
  severity        text NOT NULL CHECK (severity IN ('block', 'hold', 'warn')),
  field           text NOT NULL,
  message         text NOT NULL,
  message_zh      text NOT NULL,
  found_at        timestamptz NOT NULL,
  overridden_by   uuid REFERENCES market.users,
  override_reason text,
  PRIMARY KEY (lot_id, position),
  CONSTRAINT only_holds_are_overridden CHECK (overridden_by IS NULL OR severity = 'hold'),
  CONSTRAINT override_has_a_reason CHECK ((overridden_by IS NULL) = (override_reason IS NULL))
);

CREATE TABLE market.notices (
  lot_id       uuid NOT NULL REFERENCES market.lots,
  version      integer NOT NULL CHECK (version > 0),
  number       text NOT NULL UNIQUE,
  kind         text NOT NULL CHECK (kind IN ('sale', 'suspension', 'resumption', 'withdrawal')),
  content      text NOT NULL,  -- JSON, exactly the bytes that were hashed
  sha256       text NOT NULL,
  published_at timestamptz NOT NULL,
  published_by uuid NOT NULL REFERENCES market.users,
  PRIMARY KEY (lot_id, version),
  CONSTRAINT hash_is_of_the_content CHECK (sha256 = encode(sha256(convert_to(content, 'UTF8')), 'hex'))
);
REVOKE UPDATE, DELETE ON market.notices FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.notices
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();

CREATE TABLE market.bidders (
  id                uuid PRIMARY KEY,
  lot_id            uuid NOT NULL REFERENCES market.lots,
  organisation_id   uuid NOT NULL REFERENCES market.organisations,
  registered_by     uuid NOT NULL REFERENCES market.users,
  status            text NOT NULL CHECK (status IN ('applied', 'qualified', 'deposited', 'active', 'won', 'lost', 'barred')),
  version           integer NOT NULL DEFAULT 1,
  disclosure_sha256 text NOT NULL CHECK (disclosure_sha256 ~ '^[0-9a-f]{64}$'),
  conflict_statement text NOT NULL,
  limit_fen         bigint CHECK (limit_fen BETWEEN 1 AND 10000000000000),
  paddle            integer CHECK (paddle > 0),
  rank              integer CHECK (rank BETWEEN 1 AND 99),
  rank_nature       text,
  rank_confirmed_by uuid REFERENCES market.users,
  deposit_id        uuid,
  barred_reason     text,
  registered_at     timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  CONSTRAINT one_registration UNIQUE (lot_id, organisation_id),
  CONSTRAINT paddle_once UNIQUE (lot_id, paddle),
  CONSTRAINT active_has_paddle CHECK (status NOT IN ('active', 'won') OR paddle IS NOT NULL),
  CONSTRAINT deposited_has_deposit CHECK (status NOT IN ('deposited', 'active', 'won') OR deposit_id IS NOT NULL),
  CONSTRAINT rank_is_confirmed CHECK (num_nonnulls(rank, rank_nature, rank_confirmed_by) IN (0, 3))
);
CREATE UNIQUE INDEX one_winner ON market.bidders (lot_id) WHERE status = 'won';
CREATE INDEX bidders_of_organisation ON market.bidders (organisation_id, id);
REVOKE DELETE ON market.bidders FROM luochui_app;

-- A paddle once given stays: whoever remembers it (caches do) is never wrong.
CREATE FUNCTION market.paddle_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.paddle IS NOT NULL AND NEW.paddle IS DISTINCT FROM OLD.paddle THEN
    RAISE EXCEPTION 'paddle % of lot % was given and stays', OLD.paddle, OLD.lot_id USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER paddle_stays BEFORE UPDATE ON market.bidders
  FOR EACH ROW EXECUTE FUNCTION market.paddle_stays();

-- What the operator orders the engine to do: written first, then done, so that a crash between loses nothing.
CREATE TABLE market.auction_orders (
  id         uuid PRIMARY KEY,
  lot_id     uuid NOT NULL REFERENCES market.lots,
  action     text NOT NULL CHECK (action IN ('suspend', 'resume', 'cancel', 'disqualify')),
  bidder_id  uuid REFERENCES market.bidders,
  reason     text NOT NULL CHECK (reason <> ''),
  ordered_by uuid NOT NULL REFERENCES market.users,
  ordered_at timestamptz NOT NULL,
  state      text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'refused')),
  code       text,
  done_at    timestamptz,
  CONSTRAINT disqualify_names_a_bidder CHECK ((action = 'disqualify') = (bidder_id IS NOT NULL)),
  CONSTRAINT refused_has_a_code CHECK ((state = 'refused') = (code IS NOT NULL)),
  CONSTRAINT decided_has_a_time CHECK ((state = 'pending') = (done_at IS NULL))
);
CREATE INDEX orders_of_lot ON market.auction_orders (lot_id, id);
REVOKE DELETE ON market.auction_orders FROM luochui_app;

-- How an auction ended: one row a lot, written once, with the lot's status and the event (reliability T68).
CREATE TABLE market.sales (
  lot_id              uuid PRIMARY KEY REFERENCES market.lots,
  outcome             text NOT NULL CHECK (outcome IN ('sold', 'unsold', 'cancelled')),
  reason              text,
  winner_id           uuid REFERENCES market.bidders,
  winner_paddle       integer,
  price_fen           bigint CHECK (price_fen BETWEEN 1 AND 10000000000000),
  underbidder_paddle  integer,
  extensions          integer NOT NULL,
  closed_at           timestamptz NOT NULL,
  recorded_at         timestamptz NOT NULL,
  CONSTRAINT sold_has_winner_and_price CHECK (num_nonnulls(winner_id, winner_paddle, price_fen)
                                              = CASE outcome WHEN 'sold' THEN 3 ELSE 0 END)
);
REVOKE UPDATE, DELETE ON market.sales FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.sales
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();

CREATE TABLE market.confirmations (
  lot_id         uuid PRIMARY KEY REFERENCES market.sales,
  number         text NOT NULL UNIQUE,
  content        text NOT NULL,
  sha256         text NOT NULL,
  payment_due_at timestamptz NOT NULL,
  issued_by      uuid NOT NULL REFERENCES market.users,
  issued_at      timestamptz NOT NULL,
  CONSTRAINT hash_is_of_the_content CHECK (sha256 = encode(sha256(convert_to(content, 'UTF8')), 'hex'))
);
REVOKE UPDATE, DELETE ON market.confirmations FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.confirmations
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();

-- migrate:down
DROP TABLE market.confirmations, market.sales, market.auction_orders, market.bidders, market.notices, market.lot_findings,
  market.lot_assets, market.lots;
DROP FUNCTION market.published_lot_is_frozen(), market.paddle_stays();
DROP SEQUENCE market.lot_numbers;
