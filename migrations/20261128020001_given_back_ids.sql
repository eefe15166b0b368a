-- migrate:up
-- Auctions whose ids the engine has given back: they are final, and a retry is answered from engine.bids. `epoch` is that
-- in which it happened: a shard that was rebuilt since holds the ids again.
CREATE TABLE engine.given_back_ids (
  auction_id uuid PRIMARY KEY REFERENCES engine.auctions,
  epoch bigint NOT NULL CHECK (epoch > 0),
  given_back_at timestamptz NOT NULL
);

CREATE FUNCTION engine.only_final_auctions_give_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (SELECT final FROM engine.auctions WHERE auction_id = NEW.auction_id) THEN
    RAISE EXCEPTION 'auction % is not final: its ids stay', NEW.auction_id USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER only_final_auctions_give_back BEFORE INSERT OR UPDATE ON engine.given_back_ids
  FOR EACH ROW EXECUTE FUNCTION engine.only_final_auctions_give_back();

CREATE INDEX auctions_final ON engine.auctions (decided_ms) WHERE final;

-- migrate:down
DROP INDEX engine.auctions_final;
DROP TABLE engine.given_back_ids;
DROP FUNCTION engine.only_final_auctions_give_back();
