-- migrate:up
-- Several equal units at one price (`uniform_price`): one lot, several buyers, one unit each.
CREATE TABLE market.unit_winners (
  lot_id    uuid NOT NULL REFERENCES market.sales,
  bidder_id uuid NOT NULL REFERENCES market.bidders,
  paddle    integer NOT NULL,
  price_fen bigint NOT NULL CHECK (price_fen BETWEEN 1 AND 10000000000000),
  PRIMARY KEY (lot_id, paddle),
  CONSTRAINT one_unit_a_bidder UNIQUE (lot_id, bidder_id)
);
REVOKE UPDATE, DELETE ON market.unit_winners FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.unit_winners
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();

ALTER TABLE market.sales DROP CONSTRAINT sold_has_winner_and_price;
ALTER TABLE market.sales ADD CONSTRAINT sold_has_winner_and_price CHECK (
  (outcome = 'sold') = (price_fen IS NOT NULL)
  AND (winner_id IS NULL) = (winner_paddle IS NULL)
  AND (outcome = 'sold' OR winner_id IS NULL));

-- One winner a lot, but where several units were sold.
DROP INDEX market.one_winner;
CREATE FUNCTION market.one_winner_but_of_units() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  IF EXISTS (SELECT FROM market.bidders b JOIN market.lots l ON l.id = b.lot_id
              WHERE b.lot_id = NEW.lot_id AND b.id <> NEW.id AND b.status = 'won' AND l.format <> 'uniform_price') THEN
    RAISE EXCEPTION 'lot % has a winner already', NEW.lot_id USING ERRCODE = '23505';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER one_winner BEFORE INSERT OR UPDATE OF status ON market.bidders
  FOR EACH ROW WHEN (NEW.status = 'won') EXECUTE FUNCTION market.one_winner_but_of_units();

-- migrate:down
DROP TRIGGER one_winner ON market.bidders;
DROP FUNCTION market.one_winner_but_of_units();
CREATE UNIQUE INDEX one_winner ON market.bidders (lot_id) WHERE status = 'won';
ALTER TABLE market.sales DROP CONSTRAINT sold_has_winner_and_price;
ALTER TABLE market.sales ADD CONSTRAINT sold_has_winner_and_price CHECK (
  num_nonnulls(winner_id, winner_paddle, price_fen) = CASE outcome WHEN 'sold' THEN 3 ELSE 0 END);
DROP TABLE market.unit_winners;
