-- migrate:up
-- A bank answers what is asked about its lots, as their venue does (domain 7): it reads what nobody has answered yet.
CREATE POLICY consigning ON market.lot_questions FOR SELECT USING (
  EXISTS (SELECT FROM market.lots l
           WHERE l.id = lot_id
             AND l.consignor_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)));
CREATE INDEX open_questions ON market.lot_questions (lot_id) WHERE answered_at IS NULL;

-- migrate:down
DROP INDEX market.open_questions;
DROP POLICY consigning ON market.lot_questions;
