-- migrate:up
-- Pairs of people in tables that were made beside `approvals`.
DO $$
DECLARE
  pair text[];
BEGIN
  FOREACH pair SLICE 1 IN ARRAY ARRAY[
    ['market.plans', 'drafted_by', 'approved_by'], ['market.plan_changes', 'proposed_by', 'decided_by'],
    ['market.set_offs', 'proposed_by', 'decided_by'], ['market.recorded_routes', 'proposed_by', 'decided_by'],
    ['market.collections', 'proposed_by', 'decided_by'], ['settlement.money_orders', 'proposed_by', 'decided_by']] LOOP
    EXECUTE format('CREATE TRIGGER two_people_%s BEFORE INSERT OR UPDATE ON %s FOR EACH ROW
                    WHEN (NEW.%I IS NOT NULL AND NEW.%I IS NOT NULL) EXECUTE FUNCTION market.two_people(%L, %L)',
                   pair[3], pair[1], pair[2], pair[3], pair[2], pair[3]);
  END LOOP;
END
$$;

-- migrate:down
DROP TRIGGER two_people_approved_by ON market.plans;
DROP TRIGGER two_people_decided_by ON market.plan_changes;
DROP TRIGGER two_people_decided_by ON market.set_offs;
DROP TRIGGER two_people_decided_by ON market.recorded_routes;
DROP TRIGGER two_people_decided_by ON market.collections;
DROP TRIGGER two_people_decided_by ON settlement.money_orders;
