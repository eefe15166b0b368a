-- migrate:up
-- A licence is signed by a moment that its offer stated before; an offer whose chosen have not all answered is `awarded`.
ALTER TABLE market.licence_grants ADD COLUMN sign_by timestamptz;
ALTER TABLE market.licence_offers DROP CONSTRAINT licence_offers_state_check;
ALTER TABLE market.licence_offers ADD CONSTRAINT licence_offers_state_check
  CHECK (state IN ('draft', 'open', 'scoring', 'opening', 'awarded', 'filled', 'failed', 'withdrawn'));
DROP INDEX market.one_open_licence_offer;
CREATE UNIQUE INDEX one_open_licence_offer ON market.licence_offers (consignment_id)
  WHERE state IN ('open', 'scoring', 'opening', 'awarded');

-- migrate:down
SET LOCAL app.scope = 'all';
UPDATE market.licence_offers SET state = 'filled' WHERE state = 'awarded';
DROP INDEX market.one_open_licence_offer;
CREATE UNIQUE INDEX one_open_licence_offer ON market.licence_offers (consignment_id)
  WHERE state IN ('open', 'scoring', 'opening');
ALTER TABLE market.licence_offers DROP CONSTRAINT licence_offers_state_check;
ALTER TABLE market.licence_offers ADD CONSTRAINT licence_offers_state_check
  CHECK (state IN ('draft', 'open', 'scoring', 'opening', 'filled', 'failed', 'withdrawn'));
ALTER TABLE market.licence_grants DROP COLUMN sign_by;
