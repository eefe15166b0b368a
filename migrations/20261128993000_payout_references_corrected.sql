-- migrate:up
-- Two people correct a reference that a payment by hand was mistyped under; and one person with two accounts does not
-- answer the objection that they entered. Source: reliability T33, T39, T69.
ALTER TABLE settlement.money_orders DROP CONSTRAINT money_orders_kind_check;
ALTER TABLE settlement.money_orders ADD CONSTRAINT money_orders_kind_check
  CHECK (kind IN ('PAID_BY_HAND', 'RESCISSION', 'INSTALMENTS', 'FORFEITURE', 'REVOCATION', 'PAYOUT_REFERENCE'));
-- A correction that was made makes room for another, as a refused order does.
DROP INDEX settlement.money_orders_once;
CREATE UNIQUE INDEX money_orders_once ON settlement.money_orders (kind, subject_id)
  WHERE state <> 'REFUSED' AND NOT (kind = 'PAYOUT_REFERENCE' AND state = 'DONE');

CREATE TRIGGER two_people_answered_by BEFORE INSERT OR UPDATE ON settlement.objections FOR EACH ROW
  WHEN (NEW.entered_by IS NOT NULL AND NEW.answered_by IS NOT NULL)
  EXECUTE FUNCTION market.two_people('entered_by', 'answered_by');

-- migrate:down
DROP TRIGGER two_people_answered_by ON settlement.objections;
DROP INDEX settlement.money_orders_once;
CREATE UNIQUE INDEX money_orders_once ON settlement.money_orders (kind, subject_id) WHERE state <> 'REFUSED';
ALTER TABLE settlement.money_orders DROP CONSTRAINT money_orders_kind_check;
ALTER TABLE settlement.money_orders ADD CONSTRAINT money_orders_kind_check
  CHECK (kind IN ('PAID_BY_HAND', 'RESCISSION', 'INSTALMENTS', 'FORFEITURE', 'REVOCATION'));
