-- migrate:up
-- An invoice of a licence is paid under a reference of its own too, LCR, and matched from bank lines. It is due for the invoice
-- where the others are due for a lot. Source: domain 6.6 (royalty stream).
ALTER TABLE settlement.dues ALTER COLUMN lot_id DROP NOT NULL;
ALTER TABLE settlement.dues ADD COLUMN invoice_id uuid UNIQUE REFERENCES settlement.royalty_invoices;
ALTER TABLE settlement.dues DROP CONSTRAINT dues_reference_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_reference_check CHECK (reference ~ '^LC[DPCR][0-9A-Z]{11}$');
ALTER TABLE settlement.dues DROP CONSTRAINT dues_kind_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_kind_check CHECK (kind IN ('DEPOSIT', 'PRICE', 'CLAIM', 'ROYALTY'));
ALTER TABLE settlement.dues ADD CONSTRAINT dues_of_one_thing CHECK (
  num_nonnulls(lot_id, invoice_id) = 1 AND (kind = 'ROYALTY') = (invoice_id IS NOT NULL));

-- migrate:down
ALTER TABLE settlement.dues DROP CONSTRAINT dues_of_one_thing;
ALTER TABLE settlement.dues DROP CONSTRAINT dues_kind_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_kind_check CHECK (kind IN ('DEPOSIT', 'PRICE', 'CLAIM'));
ALTER TABLE settlement.dues DROP CONSTRAINT dues_reference_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_reference_check CHECK (reference ~ '^LC[DPC][0-9A-Z]{11}$');
ALTER TABLE settlement.dues DROP COLUMN invoice_id;
ALTER TABLE settlement.dues ALTER COLUMN lot_id SET NOT NULL;
