-- migrate:up
-- An option to buy the licensed rights (先许可后转让) is carried to its end: what of the fees paid counts towards the price is known when
-- it is exercised, it is over when its sale is done, and it lapses on its day. Source: domain 3.9 (LICENCE_THEN_TRANSFER).
ALTER TABLE market.licence_grants DROP CONSTRAINT licence_grants_option_state_check;
ALTER TABLE market.licence_grants ADD CONSTRAINT licence_grants_option_state_check CHECK (
  option_state IN ('none', 'open', 'exercised', 'completed', 'lapsed'));
ALTER TABLE market.licence_grants ADD COLUMN option_credited_fen bigint NOT NULL DEFAULT 0
  CHECK (option_credited_fen BETWEEN 0 AND 10000000000000);
CREATE INDEX grants_of_option_lot ON market.licence_grants (option_lot_id) WHERE option_lot_id IS NOT NULL;

-- migrate:down
SET LOCAL app.scope = 'all';
DROP INDEX market.grants_of_option_lot;
ALTER TABLE market.licence_grants DROP COLUMN option_credited_fen;
UPDATE market.licence_grants SET option_state = 'exercised' WHERE option_state = 'completed';
ALTER TABLE market.licence_grants DROP CONSTRAINT licence_grants_option_state_check;
ALTER TABLE market.licence_grants ADD CONSTRAINT licence_grants_option_state_check CHECK (
  option_state IN ('none', 'open', 'exercised', 'lapsed'));
