-- migrate:up
-- A fraud that two people confirmed (MON-01) goes on holding its loan: it is looked for with every check of it.
CREATE INDEX alerts_confirmed_of_case ON market.alerts (case_id) WHERE state = 'confirmed';

-- migrate:down
DROP INDEX market.alerts_confirmed_of_case;
