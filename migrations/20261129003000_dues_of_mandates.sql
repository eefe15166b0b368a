-- migrate:up
-- What an agency owes its bank of a period that it operated the rights (委托运营) is paid under a reference too, LCM, and matched from
-- the bank's own statements. It is due for the period's report; how much, the report says, and that does not change.
-- Source: domain 3.9 (OPERATION_MANDATE), 6.6.
ALTER TABLE settlement.dues ADD COLUMN period_id uuid UNIQUE;
ALTER TABLE settlement.dues DROP CONSTRAINT dues_reference_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_reference_check CHECK (reference ~ '^LC[DPCRM][0-9A-Z]{11}$');
ALTER TABLE settlement.dues DROP CONSTRAINT dues_kind_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_kind_check CHECK (kind IN ('DEPOSIT', 'PRICE', 'CLAIM', 'ROYALTY', 'MANDATE'));
ALTER TABLE settlement.dues DROP CONSTRAINT dues_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_amount_fixed CHECK ((kind IN ('DEPOSIT', 'MANDATE')) = (amount_fen IS NOT NULL));
ALTER TABLE settlement.dues DROP CONSTRAINT dues_of_one_thing;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_of_one_thing CHECK (
  num_nonnulls(lot_id, invoice_id, period_id) = 1 AND (kind = 'ROYALTY') = (invoice_id IS NOT NULL)
  AND (kind = 'MANDATE') = (period_id IS NOT NULL));
CREATE INDEX mandate_receipts_by_reference ON market.mandate_receipts (reference);

-- What came in for such periods, by hand or from a statement, as settlement asks for it.
CREATE VIEW settlement.period_receipts WITH (security_invoker = true) AS
  SELECT r.report_id AS period_id, m.agency_id AS payer_id, r.reference AS bank_reference, r.amount_fen
    FROM market.mandate_receipts r JOIN market.mandates m ON m.id = r.mandate_id;

-- migrate:down
DROP VIEW settlement.period_receipts;
DROP INDEX market.mandate_receipts_by_reference;
ALTER TABLE settlement.dues DROP CONSTRAINT dues_of_one_thing;
ALTER TABLE settlement.dues DROP CONSTRAINT dues_amount_fixed;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_check CHECK ((kind = 'DEPOSIT') = (amount_fen IS NOT NULL));
ALTER TABLE settlement.dues DROP CONSTRAINT dues_kind_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_kind_check CHECK (kind IN ('DEPOSIT', 'PRICE', 'CLAIM', 'ROYALTY'));
ALTER TABLE settlement.dues DROP CONSTRAINT dues_reference_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_reference_check CHECK (reference ~ '^LC[DPCR][0-9A-Z]{11}$');
ALTER TABLE settlement.dues DROP COLUMN period_id;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_of_one_thing CHECK (
  num_nonnulls(lot_id, invoice_id) = 1 AND (kind = 'ROYALTY') = (invoice_id IS NOT NULL));
