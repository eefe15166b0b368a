-- migrate:up
-- One credit of a bank is one money, whichever table it is booked in: a buyer's payment, a licensee's fee, a mandate's income, a
-- recorded route's flow. What a defaulter paid stands among the payments and as the claim's receipt, which counts as what it is.
-- A flow has a voucher's number: another bank's may be the same by chance, so there the holder counts too.
-- Source: domain 6.6; reliability T33.
CREATE VIEW settlement.credits WITH (security_invoker = true) AS
  SELECT p.id, 'payments_in' AS booked_in, p.bank_reference, p.payer_id, p.amount_fen,
         CASE WHEN b.id IS NOT NULL THEN 'CLAIM' WHEN p.lot_id IS NOT NULL THEN 'PRICE' ELSE 'FREE' END AS kind,
         coalesce(b.lot_id, p.lot_id) AS subject_id, NULL::uuid AS holder_id
    FROM settlement.payments_in p LEFT JOIN settlement.buyer_claim_receipts b ON b.bank_reference = p.bank_reference
   UNION ALL
  SELECT r.id, 'royalty_receipts', r.bank_reference, l.licensee_id, r.amount_fen, 'ROYALTY', r.invoice_id, l.holder_id
    FROM settlement.royalty_receipts r JOIN settlement.licences l ON l.id = r.licence_id
   UNION ALL
  SELECT r.id, 'mandate_receipts', r.reference, m.agency_id, r.amount_fen, 'MANDATE', r.report_id, m.organisation_id
    FROM market.mandate_receipts r JOIN market.mandates m ON m.id = r.mandate_id
   UNION ALL
  SELECT f.id, 'recorded_flows', f.reference, NULL, f.gross_fen, 'FLOW', f.route_id, r.organisation_id
    FROM market.recorded_flows f JOIN market.recorded_routes r ON r.id = f.route_id;
CREATE INDEX recorded_flows_by_reference ON market.recorded_flows (reference);

-- It sees every organisation's bookings, since the row that is in the way may be another's; at the same moment one waits for the other.
CREATE FUNCTION settlement.guard_credit_v2() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
DECLARE
  v_reference text := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('credit ' || v_reference, 0));
  IF EXISTS (
    SELECT FROM settlement.credits c JOIN settlement.credits o ON o.bank_reference = c.bank_reference AND o.id <> c.id
     WHERE c.bank_reference = v_reference AND c.id = NEW.id
       AND ('FLOW' NOT IN (c.kind, o.kind) OR c.holder_id = o.holder_id)) THEN
    RAISE EXCEPTION 'the credit % is booked as something else', v_reference USING ERRCODE = 'LL011';
  END IF;
  RETURN NEW;
END
$$;
DROP TRIGGER royalty_receipts_credit ON settlement.royalty_receipts;
DROP TRIGGER payments_in_credit ON settlement.payments_in;
DROP FUNCTION settlement.guard_credit;
CREATE TRIGGER payments_in_credit AFTER INSERT ON settlement.payments_in
  FOR EACH ROW EXECUTE FUNCTION settlement.guard_credit_v2('bank_reference');
CREATE TRIGGER royalty_receipts_credit AFTER INSERT ON settlement.royalty_receipts
  FOR EACH ROW EXECUTE FUNCTION settlement.guard_credit_v2('bank_reference');
CREATE TRIGGER mandate_receipts_credit AFTER INSERT ON market.mandate_receipts
  FOR EACH ROW EXECUTE FUNCTION settlement.guard_credit_v2('reference');
CREATE TRIGGER recorded_flows_credit AFTER INSERT ON market.recorded_flows
  FOR EACH ROW EXECUTE FUNCTION settlement.guard_credit_v2('reference');

-- A claim's receipt is of money that came in.
ALTER TABLE settlement.buyer_claim_receipts ADD CONSTRAINT buyer_claim_receipts_of_a_payment
  FOREIGN KEY (bank_reference) REFERENCES settlement.payments_in (bank_reference);

-- migrate:down
ALTER TABLE settlement.buyer_claim_receipts DROP CONSTRAINT buyer_claim_receipts_of_a_payment;
DROP TRIGGER recorded_flows_credit ON market.recorded_flows;
DROP TRIGGER mandate_receipts_credit ON market.mandate_receipts;
DROP TRIGGER royalty_receipts_credit ON settlement.royalty_receipts;
DROP TRIGGER payments_in_credit ON settlement.payments_in;
DROP FUNCTION settlement.guard_credit_v2;
DROP INDEX market.recorded_flows_by_reference;
DROP VIEW settlement.credits;
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
