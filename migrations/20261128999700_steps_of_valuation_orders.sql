-- migrate:up
-- An order for a valuation ends once: delivered, declined or withdrawn.
CREATE TRIGGER valuation_orders_steps BEFORE UPDATE OF state ON market.valuation_orders FOR EACH ROW
  EXECUTE FUNCTION market.guard_state('ordered delivered', 'ordered declined', 'ordered withdrawn');

-- migrate:down
DROP TRIGGER valuation_orders_steps ON market.valuation_orders;
