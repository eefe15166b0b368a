-- migrate:up
-- What may follow a close: a result set aside (撤销), a lot that follows another one, the offer to the underbidder.
-- Source: domain 2.10, 6.5, 9; 法释〔2016〕18号 art. 24, 31.

-- A lot that follows another: the re-auction after a default, the sale to the underbidder, one unit of several.
ALTER TABLE market.lots ADD COLUMN origin text CHECK (origin IN ('reauction', 'underbidder', 'unit'));
ALTER TABLE market.lots ADD COLUMN origin_lot_id uuid REFERENCES market.lots;
ALTER TABLE market.lots ADD CONSTRAINT origin_is_whole CHECK ((origin IS NULL) = (origin_lot_id IS NULL));
GRANT SELECT (origin, origin_lot_id) ON market.lots TO luochui_app;
CREATE INDEX lots_by_origin ON market.lots (origin_lot_id) WHERE origin_lot_id IS NOT NULL;

ALTER TABLE market.notices DROP CONSTRAINT notices_kind_check;
ALTER TABLE market.notices ADD CONSTRAINT notices_kind_check CHECK (kind IN (
  'sale', 'suspension', 'resumption', 'withdrawal', 'revocation'));

-- A sale is set aside before its price is paid, too: what was paid of it goes back.
INSERT INTO settlement.steps VALUES ('sales', 'PRICE_DUE', 'RESCINDED') ON CONFLICT DO NOTHING;
ALTER TABLE settlement.sales DROP CONSTRAINT sales_paid_in_full;
ALTER TABLE settlement.sales ADD CONSTRAINT sales_paid_in_full CHECK (state IN ('PRICE_DUE', 'DEFAULTED', 'RESCINDED')
  OR (paid_fen = hammer_price_fen + buyer_premium_fen AND price_paid_at IS NOT NULL));
ALTER TABLE settlement.money_orders DROP CONSTRAINT money_orders_kind_check;
ALTER TABLE settlement.money_orders ADD CONSTRAINT money_orders_kind_check CHECK (kind IN (
  'PAID_BY_HAND', 'RESCISSION', 'INSTALMENTS', 'FORFEITURE', 'REVOCATION'));

-- Whether an organisation won one of a lot's rights before and did not pay, or won it as it must not.
CREATE OR REPLACE FUNCTION market.has_defaulted_on(p_organisation uuid, p_lot uuid) RETURNS boolean
LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT EXISTS (
    SELECT 1 FROM market.bidders b
      JOIN market.sales s ON s.winner_id = b.id
      JOIN market.lots l ON l.id = b.lot_id
       AND (l.status IN ('defaulted', 're_auction') OR (l.status = 'revoked' AND b.status = 'barred'))
      JOIN market.lot_assets old ON old.lot_id = l.id
      JOIN market.lot_assets new ON new.asset_id = old.asset_id AND new.lot_id = p_lot
     WHERE b.organisation_id = p_organisation)
$$;

-- The winner did not pay, and the next in the order is asked (顺位递补): proposed by the venue, agreed to by the bank,
-- answered by the underbidder.
CREATE TABLE market.underbidder_offers (
  lot_id       uuid PRIMARY KEY REFERENCES market.sales,
  bidder_id    uuid NOT NULL REFERENCES market.bidders,
  price_fen    bigint NOT NULL CHECK (price_fen BETWEEN 1 AND 10000000000000),
  state        text NOT NULL CHECK (state IN ('proposed', 'offered', 'accepted', 'declined', 'lapsed', 'refused')),
  answer_hours integer NOT NULL CHECK (answer_hours BETWEEN 1 AND 720),
  reason       text NOT NULL CHECK (reason <> ''),
  proposed_by  uuid NOT NULL REFERENCES market.users,
  proposed_at  timestamptz NOT NULL,
  consented_by uuid REFERENCES market.users,
  answer_by    timestamptz,
  answered_by  uuid REFERENCES market.users,
  sold_lot_id  uuid REFERENCES market.lots,
  updated_at   timestamptz NOT NULL,
  CONSTRAINT consented_by_another CHECK (consented_by <> proposed_by),
  CONSTRAINT offered_by_consent CHECK ((state IN ('proposed', 'refused')) = (answer_by IS NULL)),
  CONSTRAINT accepted_leads_to_a_lot CHECK ((state = 'accepted') = (sold_lot_id IS NOT NULL))
);
REVOKE DELETE ON market.underbidder_offers FROM luochui_app;
SELECT market.guard_rows('market.underbidder_offers', 'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.consignor_id = :me)
   OR EXISTS (SELECT FROM market.bidders b WHERE b.id = bidder_id AND b.organisation_id = :me)');

-- migrate:down
DROP TABLE market.underbidder_offers;
CREATE OR REPLACE FUNCTION market.has_defaulted_on(p_organisation uuid, p_lot uuid) RETURNS boolean
LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT EXISTS (
    SELECT 1 FROM market.bidders b
      JOIN market.sales s ON s.winner_id = b.id
      JOIN market.lots l ON l.id = b.lot_id AND l.status = 'defaulted'
      JOIN market.lot_assets old ON old.lot_id = l.id
      JOIN market.lot_assets new ON new.asset_id = old.asset_id AND new.lot_id = p_lot
     WHERE b.organisation_id = p_organisation)
$$;
ALTER TABLE settlement.money_orders DROP CONSTRAINT money_orders_kind_check;
ALTER TABLE settlement.money_orders ADD CONSTRAINT money_orders_kind_check CHECK (kind IN (
  'PAID_BY_HAND', 'RESCISSION', 'INSTALMENTS', 'FORFEITURE'));
ALTER TABLE settlement.sales DROP CONSTRAINT sales_paid_in_full;
ALTER TABLE settlement.sales ADD CONSTRAINT sales_paid_in_full CHECK (state IN ('PRICE_DUE', 'DEFAULTED')
  OR (paid_fen = hammer_price_fen + buyer_premium_fen AND price_paid_at IS NOT NULL));
ALTER TABLE market.notices DROP CONSTRAINT notices_kind_check;
ALTER TABLE market.notices ADD CONSTRAINT notices_kind_check CHECK (kind IN ('sale', 'suspension', 'resumption', 'withdrawal'));
DROP INDEX market.lots_by_origin;
ALTER TABLE market.lots DROP CONSTRAINT origin_is_whole;
ALTER TABLE market.lots DROP COLUMN origin_lot_id;
ALTER TABLE market.lots DROP COLUMN origin;
