-- migrate:up
-- The creditor that applied for a judicial sale bids without a deposit up to its claim (法释〔2016〕18号 art. 17): what it is
-- exempt from stands here, and only the difference, if there is one, is paid and held.
ALTER TABLE market.bidders ADD COLUMN exempt_fen bigint CHECK (exempt_fen BETWEEN 1 AND 10000000000000);
ALTER TABLE market.bidders DROP CONSTRAINT deposited_has_deposit;
ALTER TABLE market.bidders ADD CONSTRAINT deposited_has_deposit CHECK (
  status NOT IN ('deposited', 'active', 'won') OR deposit_id IS NOT NULL OR exempt_fen IS NOT NULL);

-- migrate:down
ALTER TABLE market.bidders DROP CONSTRAINT deposited_has_deposit;
ALTER TABLE market.bidders ADD CONSTRAINT deposited_has_deposit CHECK (
  status NOT IN ('deposited', 'active', 'won') OR deposit_id IS NOT NULL);
ALTER TABLE market.bidders DROP COLUMN exempt_fen;
