-- migrate:up
-- Collection (收储): a lot that is sold by offers. Source: domain 3.9, 2.8 (ONE_SHOT), 2.5 (instalments).
CREATE TABLE market.collections (
  lot_id      uuid PRIMARY KEY REFERENCES market.lots,
  state       text NOT NULL CHECK (state IN ('announced', 'offers', 'opening', 'final', 'final_opening', 'deciding',
                                             'accepted', 'declined', 'failed', 'withdrawn')),
  answer      text CHECK (answer IN ('accept', 'decline')),
  offer_id    uuid,
  reason      text,
  proposed_by uuid REFERENCES market.users,
  decided_by  uuid REFERENCES market.users,
  updated_at  timestamptz NOT NULL,
  CONSTRAINT decided_by_another CHECK (decided_by <> proposed_by),
  CONSTRAINT answer_has_a_proposer CHECK ((answer IS NULL) = (proposed_by IS NULL)),
  CONSTRAINT accepted_names_an_offer CHECK ((answer = 'accept') = (offer_id IS NOT NULL)),
  CONSTRAINT decided_is_answered CHECK (state NOT IN ('accepted', 'declined') OR (answer IS NOT NULL AND decided_by IS NOT NULL))
);
REVOKE DELETE ON market.collections FROM luochui_app;

-- Round 0 is the backstop given in advance, 1 the call, 2 best and final. A sealed offer has no amount until its maker opens it.
CREATE TABLE market.collection_offers (
  id         uuid PRIMARY KEY,
  lot_id     uuid NOT NULL REFERENCES market.lots,
  bidder_id  uuid NOT NULL REFERENCES market.bidders,
  paddle     integer NOT NULL,
  round      smallint NOT NULL CHECK (round BETWEEN 0 AND 2),
  amount_fen bigint CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  commitment text CHECK (commitment ~ '^[0-9a-f]{64}$'),
  nonce      text,
  made_by    uuid NOT NULL REFERENCES market.users,
  made_at    timestamptz NOT NULL,
  opened_at  timestamptz,
  CONSTRAINT sealed_is_opened_by_its_nonce CHECK (commitment IS NULL OR num_nulls(amount_fen, nonce, opened_at) IN (0, 3)),
  CONSTRAINT open_offer_has_its_amount CHECK (commitment IS NOT NULL OR amount_fen IS NOT NULL)
);
CREATE INDEX offers_of_collection ON market.collection_offers (lot_id, round, id);
CREATE UNIQUE INDEX one_backstop ON market.collection_offers (lot_id) WHERE round = 0;
REVOKE DELETE ON market.collection_offers FROM luochui_app;

-- An offer is never taken back, and opened once (拍卖法 art. 36 by analogy).
CREATE FUNCTION market.offer_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.amount_fen IS NOT NULL OR (NEW.lot_id, NEW.bidder_id, NEW.round, NEW.commitment, NEW.made_at)
     IS DISTINCT FROM (OLD.lot_id, OLD.bidder_id, OLD.round, OLD.commitment, OLD.made_at) THEN
    RAISE EXCEPTION 'offer % stays as it was made', OLD.id USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER offer_stays BEFORE UPDATE ON market.collection_offers
  FOR EACH ROW EXECUTE FUNCTION market.offer_stays();

CREATE TABLE market.instalments (
  id         uuid PRIMARY KEY,
  lot_id     uuid NOT NULL REFERENCES market.lots,
  n          smallint NOT NULL CHECK (n > 0),
  amount_fen bigint NOT NULL CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  due_at     timestamptz NOT NULL,
  state      text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'met', 'missed')),
  checked_at timestamptz,
  UNIQUE (lot_id, n)
);

CREATE TABLE market.repurchases (
  lot_id      uuid PRIMARY KEY REFERENCES market.lots,
  buyer_id    uuid NOT NULL REFERENCES market.organisations,
  price_fen   bigint NOT NULL CHECK (price_fen BETWEEN 1 AND 100000000000000),
  open_until  timestamptz NOT NULL,
  state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'exercised', 'completed', 'lapsed')),
  evidence    text,
  exercised_by uuid REFERENCES market.users,
  exercised_at timestamptz,
  completed_by uuid REFERENCES market.users,
  completed_at timestamptz,
  CONSTRAINT exercised_has_evidence CHECK (state NOT IN ('exercised', 'completed') OR num_nulls(evidence, exercised_by, exercised_at) = 0)
);
REVOKE DELETE ON market.instalments, market.repurchases FROM luochui_app;

-- migrate:down
DROP TABLE market.repurchases, market.instalments, market.collection_offers, market.collections;
DROP FUNCTION market.offer_stays();
