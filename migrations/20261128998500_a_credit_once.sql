-- migrate:up
-- One credit of the bank is one thing: a buyer's payment or a licensee's, never both, and at the same moment neither twice.
-- It sees every organisation's bookings, since the row that is in the way may be another's.
CREATE FUNCTION settlement.guard_credit() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
DECLARE
  is_booked boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('credit ' || NEW.bank_reference, 0));
  IF TG_TABLE_NAME = 'payments_in' THEN
    is_booked := EXISTS (SELECT FROM settlement.royalty_receipts r WHERE r.bank_reference = NEW.bank_reference);
  ELSE
    is_booked := EXISTS (SELECT FROM settlement.payments_in p WHERE p.bank_reference = NEW.bank_reference);
  END IF;
  IF is_booked THEN
    RAISE EXCEPTION 'the credit % is booked as something else', NEW.bank_reference USING ERRCODE = 'LL011';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER payments_in_credit BEFORE INSERT ON settlement.payments_in FOR EACH ROW EXECUTE FUNCTION settlement.guard_credit();
CREATE TRIGGER royalty_receipts_credit BEFORE INSERT ON settlement.royalty_receipts FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_credit();

-- migrate:down
DROP TRIGGER royalty_receipts_credit ON settlement.royalty_receipts;
DROP TRIGGER payments_in_credit ON settlement.payments_in;
DROP FUNCTION settlement.guard_credit;
