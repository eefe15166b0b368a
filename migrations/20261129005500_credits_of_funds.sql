-- migrate:up
-- One credit on a fund's special account is one money, too: its budget, what a party gives back, or what it is charged. One transfer may
-- pay a return and a charge of the same case. Source: domain 5.3 (8), 6.6; reliability T33.
CREATE FUNCTION settlement.guard_fund_credit() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('credit ' || NEW.bank_reference, 0));
  IF EXISTS (SELECT FROM settlement.case_settlements s WHERE s.bank_reference = NEW.bank_reference AND s.case_id <> NEW.case_id)
     OR EXISTS (SELECT FROM settlement.case_charges c WHERE c.bank_reference = NEW.bank_reference AND c.case_id <> NEW.case_id)
     OR EXISTS (SELECT FROM settlement.case_parties p JOIN settlement.transfers t
                    ON t.idempotency_id = 'fund:' || p.organisation_id || ':in:' || NEW.bank_reference
                 WHERE p.case_id = NEW.case_id AND p.party = NEW.fund_party) THEN
    RAISE EXCEPTION 'the credit % is booked as something else', NEW.bank_reference USING ERRCODE = 'LL011';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER case_settlements_credit AFTER UPDATE OF bank_reference ON settlement.case_settlements
  FOR EACH ROW WHEN (NEW.bank_reference IS NOT NULL AND NEW.amount_fen < 0) EXECUTE FUNCTION settlement.guard_fund_credit();
CREATE TRIGGER case_charges_credit AFTER UPDATE OF bank_reference ON settlement.case_charges
  FOR EACH ROW WHEN (NEW.bank_reference IS NOT NULL) EXECUTE FUNCTION settlement.guard_fund_credit();

-- migrate:down
DROP TRIGGER case_charges_credit ON settlement.case_charges;
DROP TRIGGER case_settlements_credit ON settlement.case_settlements;
DROP FUNCTION settlement.guard_fund_credit;
