-- migrate:up
-- Orders that the regime asks two people for wait as `proposed`; a resumption may be ordered ahead of its time.
ALTER TABLE market.auction_orders ADD COLUMN approved_by uuid REFERENCES market.users;
ALTER TABLE market.auction_orders ADD COLUMN not_before timestamptz;
ALTER TABLE market.auction_orders DROP CONSTRAINT auction_orders_state_check;
ALTER TABLE market.auction_orders ADD CONSTRAINT auction_orders_state_check
  CHECK (state IN ('proposed', 'pending', 'done', 'refused'));
ALTER TABLE market.auction_orders DROP CONSTRAINT decided_has_a_time;
ALTER TABLE market.auction_orders ADD CONSTRAINT decided_has_a_time
  CHECK ((state IN ('proposed', 'pending')) = (done_at IS NULL));
ALTER TABLE market.auction_orders ADD CONSTRAINT approved_by_another CHECK (approved_by <> ordered_by);

-- migrate:down
ALTER TABLE market.auction_orders DROP CONSTRAINT approved_by_another;
ALTER TABLE market.auction_orders DROP CONSTRAINT decided_has_a_time;
ALTER TABLE market.auction_orders ADD CONSTRAINT decided_has_a_time CHECK ((state = 'pending') = (done_at IS NULL));
ALTER TABLE market.auction_orders DROP CONSTRAINT auction_orders_state_check;
ALTER TABLE market.auction_orders ADD CONSTRAINT auction_orders_state_check CHECK (state IN ('pending', 'done', 'refused'));
ALTER TABLE market.auction_orders DROP COLUMN not_before;
ALTER TABLE market.auction_orders DROP COLUMN approved_by;
