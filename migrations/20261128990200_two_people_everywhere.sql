-- migrate:up
-- Pairs of people that only their own tables' constraints kept apart, by the account: now by the person too.
DO $$
DECLARE
  pair text[];
BEGIN
  FOREACH pair SLICE 1 IN ARRAY ARRAY[
    ['market.auction_orders', 'ordered_by', 'approved_by'], ['market.result_reviews', 'proposed_by', 'released_by'],
    ['market.mandates', 'drafted_by', 'approved_by'], ['market.licence_offers', 'drafted_by', 'approved_by'],
    ['market.auction_sessions', 'drafted_by', 'published_by'], ['market.barred_parties', 'added_by', 'lifted_by'],
    ['market.white_lists', 'drafted_by', 'published_by'], ['market.alerts', 'reviewer_id', 'closed_by']] LOOP
    EXECUTE format('CREATE TRIGGER two_people_%s BEFORE INSERT OR UPDATE ON %s FOR EACH ROW
                    WHEN (NEW.%I IS NOT NULL AND NEW.%I IS NOT NULL) EXECUTE FUNCTION market.two_people(%L, %L)',
                   pair[3], pair[1], pair[2], pair[3], pair[2], pair[3]);
  END LOOP;
END
$$;

-- A session that is given up gives its lots free: they may be arranged in another one.
ALTER TABLE market.session_lots ADD COLUMN freed_at timestamptz;
ALTER TABLE market.session_lots DROP CONSTRAINT session_lots_lot_id_key;
SET LOCAL app.scope = 'all';
UPDATE market.session_lots l SET freed_at = s.updated_at
  FROM market.auction_sessions s WHERE s.id = l.session_id AND s.state = 'withdrawn';
CREATE UNIQUE INDEX session_lots_standing ON market.session_lots (lot_id) WHERE freed_at IS NULL;

-- migrate:down
SET LOCAL app.scope = 'all';
DROP INDEX market.session_lots_standing;
DELETE FROM market.session_lots WHERE freed_at IS NOT NULL;
ALTER TABLE market.session_lots ADD CONSTRAINT session_lots_lot_id_key UNIQUE (lot_id);
ALTER TABLE market.session_lots DROP COLUMN freed_at;
DROP TRIGGER two_people_approved_by ON market.auction_orders;
DROP TRIGGER two_people_released_by ON market.result_reviews;
DROP TRIGGER two_people_approved_by ON market.mandates;
DROP TRIGGER two_people_approved_by ON market.licence_offers;
DROP TRIGGER two_people_published_by ON market.auction_sessions;
DROP TRIGGER two_people_lifted_by ON market.barred_parties;
DROP TRIGGER two_people_published_by ON market.white_lists;
DROP TRIGGER two_people_closed_by ON market.alerts;
