-- migrate:up
-- Each kind of statement counts by itself, so that a missing number of one kind is seen. Numbers given before stay.
CREATE SEQUENCE settlement.settlement_statement_numbers;
CREATE SEQUENCE settlement.distribution_statement_numbers;
CREATE SEQUENCE settlement.clearing_statement_numbers;
SELECT setval('settlement.settlement_statement_numbers', last_value, is_called) FROM settlement.statement_numbers;
SELECT setval('settlement.distribution_statement_numbers', last_value, is_called) FROM settlement.statement_numbers;
SELECT setval('settlement.clearing_statement_numbers', last_value, is_called) FROM settlement.statement_numbers;
DROP SEQUENCE settlement.statement_numbers;

-- migrate:down
CREATE SEQUENCE settlement.statement_numbers;
SELECT setval('settlement.statement_numbers',
              greatest((SELECT last_value FROM settlement.settlement_statement_numbers),
                       (SELECT last_value FROM settlement.distribution_statement_numbers),
                       (SELECT last_value FROM settlement.clearing_statement_numbers)));
DROP SEQUENCE settlement.clearing_statement_numbers;
DROP SEQUENCE settlement.distribution_statement_numbers;
DROP SEQUENCE settlement.settlement_statement_numbers;
